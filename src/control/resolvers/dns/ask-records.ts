/**
 * The records of one type and name, at the end of whatever chain of aliases leads to them (RFC 1034 §3.6.2), and how
 * long they may be believed: as long as the shortest-lived record on the way.
 */

import { canonicalHost } from '../../../kit/host-syntax.js';
import { askServers, type AskServersContext, type Reply } from './ask-servers.js';
import { DnsError, type DnsQuestion } from './dns-error.js';
import type { DnsRecord } from './dns-message.js';

export interface FoundRecords {
  /** Empty when there is none. */
  readonly records: readonly DnsRecord[];
  /** Of the aliases on the way; undefined when there were none. */
  readonly aliasTtlSeconds: number | undefined;
  readonly reply: Reply;
}

/** Aliases within one answer, and answers that are nothing but an alias; real chains have two or three. */
const MAX_ALIASES = 16;
const MAX_QUESTIONS = 8;

/** @throws DnsError when no server could answer, or the aliases lead nowhere */
export async function askRecords(question: DnsQuestion, ctx: AskServersContext): Promise<FoundRecords> {
  const { type } = question;
  const startedAtMs = ctx.clock.now();
  let { name } = question;
  let aliasTtlSeconds = Infinity;
  for (let asked = 1; ; asked++) {
    const reply = await askServers({ type, name }, ctx);
    const { answers, hasSoa } = reply.message;
    const followed = followAliases(answers, name);
    aliasTtlSeconds = Math.min(aliasTtlSeconds, followed.ttlSeconds);
    const records = answers.filter((record) => record.type === type && record.name === followed.name);
    // An authoritative server tells only its own part of a chain: the rest is asked for.
    const isWhole = records.length > 0 || reply.isNxdomain || hasSoa || followed.name === name;
    if (isWhole && !followed.isEndless) {
      const ttl = Math.min(aliasTtlSeconds, ...records.map(({ ttlSeconds }) => ttlSeconds));
      ctx.note({
        ...question,
        server: reply.server.label,
        outcome: records.length > 0 ? 'found' : reply.isNxdomain ? 'nxdomain' : 'nodata',
        ttlMs: records.length > 0 ? ttl * 1_000 : undefined,
        protocol: reply.protocol,
        tookMs: ctx.clock.now() - startedAtMs,
      });
      return { records, aliasTtlSeconds: aliasTtlSeconds === Infinity ? undefined : aliasTtlSeconds, reply };
    }
    const isEndless = followed.isEndless || asked === MAX_QUESTIONS;
    if (isEndless || canonicalHost(followed.name) === undefined) {
      const reason = `its aliases (CNAME) ${isEndless ? 'have no end' : 'lead to what is no host name'}`;
      throw new DnsError(question, [{ server: reply.server.label, code: 'EBADRESP', reason }]);
    }
    name = followed.name;
  }
}

function followAliases(
  answers: readonly DnsRecord[],
  start: string,
): { readonly name: string; readonly ttlSeconds: number; readonly isEndless: boolean } {
  const aliases = new Map(answers.flatMap((record) => (record.type === 'CNAME' ? [[record.name, record]] : [])));
  let name = start;
  let ttlSeconds = Infinity;
  for (let followed = 0; followed <= MAX_ALIASES; followed++) {
    const alias = aliases.get(name);
    if (alias === undefined) return { name, ttlSeconds, isEndless: false };
    name = alias.target;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  }
  return { name, ttlSeconds, isEndless: true };
}
