/**
 * Addresses and services of a name, from as many questions as it takes. A question that fails does not matter while
 * another has an answer, except that what it would have said is then taken from memory (last-known.ts).
 */

import { canonicalHost } from '../../../kit/host-syntax.js';
import { isIpLiteral } from '../../../kit/ip-address.js';
import { askRecords } from './ask-records.js';
import type { AskServersContext } from './ask-servers.js';
import { DnsError, type DnsQuestion } from './dns-error.js';
import type { AddressRecord, DnsRecord, ServiceRecord } from './dns-message.js';
import type { FoundAddress } from './found-endpoint.js';
import type { LastKnown } from './last-known.js';
import { mapParallel } from './map-parallel.js';

export type Family = 4 | 6;

export interface AskContext extends AskServersContext {
  /** @default both */
  readonly family: Family | undefined;
  readonly lastKnown: LastKnown;
}

export interface FoundAddresses {
  readonly addresses: readonly FoundAddress[];
  /** A question failed, and memory stood in for it, or nothing did. */
  readonly isPartial: boolean;
}

export interface FoundServices {
  readonly records: readonly ServiceRecord[];
  readonly ttlMs: number;
  /** Addresses that came along (RFC 2782: a server "SHOULD" add them). */
  readonly additionals: readonly AddressRecord[];
  readonly server: string;
}

/** Of one SRV answer; a cluster has a few hundred. */
const MAX_TARGETS = 1_024;

/** Each question takes a socket. */
const MAX_PARALLEL_QUESTIONS = 32;

/** The addresses of a name in the families that are wanted; none when it has none. @throws DnsError when a family failed and the other has none */
export async function askAddresses(name: string, ctx: AskContext): Promise<FoundAddresses> {
  const types = typesOf(ctx.family);
  const answers = await Promise.allSettled(types.map((type) => askAddressRecords({ type, name }, ctx)));
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed === undefined) return { addresses: found, isPartial: false };
  // There could have been some.
  if (found.length === 0) throw failed.reason;
  const remembered = types.flatMap((type, i) => (answers[i]?.status === 'rejected' ? recall({ type, name }, ctx) : []));
  return { addresses: [...found, ...remembered], isPartial: true };
}

/** The services of a name; undefined when it has none. @throws DnsError */
export async function askServices(name: string, ctx: AskContext): Promise<FoundServices | undefined> {
  const question: DnsQuestion = { type: 'SRV', name };
  const { records, aliasTtlSeconds = Infinity, reply } = await askRecords(question, ctx);
  const services = records.filter((record) => record.type === 'SRV');
  if (services.length === 0) return undefined;
  const targets = new Set(services.map(({ target }) => target)).size;
  if (targets > MAX_TARGETS) {
    const reason = `${targets} targets, more than ${MAX_TARGETS}`;
    throw new DnsError(question, [{ server: reply.server.label, code: 'EBADRESP', reason }]);
  }
  return {
    records: services,
    ttlMs: Math.min(aliasTtlSeconds, ...services.map(({ ttlSeconds }) => ttlSeconds)) * 1_000,
    additionals: reply.message.additionals.filter(isAddress),
    server: reply.server.label,
  };
}

/**
 * The addresses of SRV targets, by target: what came along, and what has to be asked for. A target that fails is left
 * out, or known from before, while others have addresses.
 * @throws DnsError the first failure, when no target has any
 */
export async function askTargets(
  { records, additionals, server }: FoundServices,
  ctx: AskContext,
): Promise<{ readonly addresses: ReadonlyMap<string, readonly FoundAddress[]>; readonly isPartial: boolean }> {
  const targets = [...new Set(records.map(({ target }) => target))].filter((target) => target !== '.');
  const questions = targets.flatMap((name) => typesOf(ctx.family).map((type) => ({ type, name })));
  const answers = await mapParallel(questions, MAX_PARALLEL_QUESTIONS, async (question) => {
    const { type, name } = question;
    if (isIpLiteral(name)) return type === 'A' ? [{ address: name, record: name, server, ttlMs: undefined }] : [];
    if (canonicalHost(name) === undefined)
      throw new DnsError(question, [{ server, code: 'EBADRESP', reason: 'the target is no host name' }]);
    const along = additionals.filter((record) => record.type === type && record.name === name);
    if (along.length === 0) return await askAddressRecords(question, ctx);
    const addresses = along.map((record) => foundAddress(record, question, `${server} (additional)`));
    ctx.lastKnown.remember(keyOf(question), addresses);
    return addresses;
  });

  const addresses = new Map<string, FoundAddress[]>(targets.map((target) => [target, []]));
  let failure: { readonly reason: unknown } | undefined;
  let isAnswered = false;
  answers.forEach((answer, i) => {
    const question = questions[i] as (typeof questions)[number];
    const known = answer.status === 'fulfilled' ? answer.value : recall(question, ctx);
    if (answer.status === 'rejected') failure ??= answer;
    else isAnswered ||= known.length > 0;
    addresses.get(question.name)?.push(...known);
  });
  if (failure !== undefined && !isAnswered) throw failure.reason;
  return { addresses, isPartial: failure !== undefined };
}

function typesOf(family: Family | undefined): ('A' | 'AAAA')[] {
  if (family === undefined) return ['A', 'AAAA'];
  return [family === 4 ? 'A' : 'AAAA'];
}

async function askAddressRecords(question: DnsQuestion, ctx: AskContext): Promise<FoundAddress[]> {
  const { records, aliasTtlSeconds, reply } = await askRecords(question, ctx);
  const found = records
    .filter(isAddress)
    .map((record) => foundAddress(record, question, reply.server.label, aliasTtlSeconds));
  ctx.lastKnown.remember(keyOf(question), found);
  return found;
}

function recall(question: DnsQuestion, { lastKnown }: AskContext): FoundAddress[] {
  return lastKnown
    .recall(keyOf(question))
    .map((address) => ({ ...address, server: `${address.server} (remembered)`, ttlMs: undefined }));
}

function foundAddress(
  { address, ttlSeconds, name: owner }: AddressRecord,
  { type, name }: DnsQuestion,
  server: string,
  aliasTtlSeconds: number = Infinity,
): FoundAddress {
  return {
    // One spelling, so that an address is one endpoint.
    address: canonicalHost(address) ?? address,
    record: owner === name ? `${type} ${name}` : `CNAME ${name} → ${type} ${owner}`,
    server,
    ttlMs: Math.min(ttlSeconds, aliasTtlSeconds) * 1_000,
  };
}

function keyOf({ type, name }: DnsQuestion): string {
  return `${type} ${name}`;
}

function isAddress(record: DnsRecord): record is AddressRecord {
  return record.type === 'A' || record.type === 'AAAA';
}
