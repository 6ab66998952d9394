/** From names that may be meant to endpoints: search domains, SRV and its targets, and the system's own lookup. */

import { isIPv4 } from 'node:net';
import { askAddresses, askServices, askTargets, type AskContext } from './dns-records.js';
import { DnsError } from './dns-error.js';
import type { FoundAddress, FoundEndpoint } from './found-endpoint.js';
import { isDecidedlyUnavailable, srvEndpoints } from './srv-endpoints.js';
import type { HostsFile } from './hosts-file.js';
import type { SystemLookup } from './system-lookup.js';

export interface Wanted {
  /** Canonical, without a trailing dot. */
  readonly name: string;
  /** Written with a trailing dot. */
  readonly isComplete: boolean;
  readonly isSrv: boolean;
  readonly port: number | undefined;
  /** What `name` may mean, the first that exists counts. */
  readonly candidates: readonly string[];
  /** What the machine knows beside its name servers; undefined when it is not to be asked. */
  readonly system: System | undefined;
}

export interface System {
  /** The last resort, for names that name servers do not know. */
  readonly lookup: SystemLookup;
  /** For when no name server answers and none ever has; undefined after that: what was known then is better. */
  readonly hosts: HostsFile | undefined;
}

export interface FoundEndpoints {
  readonly endpoints: readonly FoundEndpoint[];
  /** A part could not be asked: it is missing, or known from before. */
  readonly isPartial: boolean;
  /** The name servers say in so many words that there is no such service. */
  readonly isAuthoritative: boolean;
}

const NOBODY: FoundEndpoints = { endpoints: [], isPartial: false, isAuthoritative: false };

/** RFC 6761 §6.3: not a question for name servers. */
const LOCALHOST = /(?:^|\.)localhost$/;

/**
 * A name that could not be asked about ends the search, as in musl: the next one that exists may be another service
 * altogether, and calls would go there because a name server had a hiccup.
 * @throws DnsError, or the error of the system's lookup
 */
export async function findEndpoints(wanted: Wanted, ctx: AskContext): Promise<FoundEndpoints> {
  const { name, isSrv, system } = wanted;
  const isForSystem = system !== undefined && !isSrv && (LOCALHOST.test(name) || ctx.servers.length === 0);
  if (!isForSystem) {
    if (ctx.servers.length === 0) throw noServers(name);
    const found = await askNames(wanted, ctx);
    if (found !== undefined) return found;
  }
  return system === undefined || isSrv ? NOBODY : await askSystem(system.lookup, wanted, ctx);
}

async function askNames(wanted: Wanted, ctx: AskContext): Promise<FoundEndpoints | undefined> {
  const { isSrv, port, candidates } = wanted;
  try {
    for (const candidate of candidates) {
      const found = isSrv ? await findServices(candidate, ctx) : await findAddresses(candidate, port, ctx);
      if (found !== undefined) return found;
    }
    return undefined;
  } catch (error) {
    const found = isSrv ? undefined : await findInHosts(wanted, ctx);
    if (found === undefined) throw error;
    return found;
  }
}

async function findAddresses(
  name: string,
  port: number | undefined,
  ctx: AskContext,
): Promise<FoundEndpoints | undefined> {
  const { addresses, isPartial } = await askAddresses(name, ctx);
  if (addresses.length === 0) return undefined;
  return { endpoints: addressEndpoints(addresses, port), isPartial, isAuthoritative: false };
}

async function findServices(name: string, ctx: AskContext): Promise<FoundEndpoints | undefined> {
  const services = await askServices(name, ctx);
  if (services === undefined) return undefined;
  if (isDecidedlyUnavailable(services.records)) return { ...NOBODY, isAuthoritative: true };
  const { addresses, isPartial } = await askTargets(services, ctx);
  return { endpoints: srvEndpoints(services.records, addresses), isPartial, isAuthoritative: false };
}

async function askSystem(
  lookup: SystemLookup,
  { name, isComplete, port }: Wanted,
  { clock, family, note }: AskContext,
): Promise<FoundEndpoints> {
  const askedAtMs = clock.now();
  // A complete name stays one: the system has search domains, too. /etc/hosts knows localhost without the dot.
  const asked = isComplete && !LOCALHOST.test(name) ? `${name}.` : name;
  const server = 'the system';
  const addresses = (await lookup(asked, family)).map((address) => ({
    address,
    record: `lookup of ${asked}`,
    server,
    ttlMs: undefined,
  }));
  const outcome = addresses.length > 0 ? 'found' : 'nxdomain';
  note({ type: 'lookup', name: asked, server, outcome, tookMs: clock.now() - askedAtMs });
  return { ...NOBODY, endpoints: addressEndpoints(addresses, port) };
}

async function findInHosts(
  { name, port, system }: Wanted,
  { family, signal, clock, note }: AskContext,
): Promise<FoundEndpoints | undefined> {
  if (system?.hosts === undefined || signal.aborted) return undefined;
  const askedAtMs = clock.now();
  const hosts = await system.hosts(name);
  const wanted = hosts.filter((address) => family === undefined || isIPv4(address) === (family === 4));
  if (wanted.length === 0) return undefined;
  const server = 'the hosts file';
  note({ type: 'lookup', name, server, outcome: 'found', tookMs: clock.now() - askedAtMs });
  const addresses = wanted.map((address) => ({ address, record: `entry of ${name}`, server, ttlMs: undefined }));
  return { endpoints: addressEndpoints(addresses, port), isPartial: true, isAuthoritative: false };
}

function addressEndpoints(addresses: readonly FoundAddress[], port: number | undefined): FoundEndpoint[] {
  const distinct = new Map(addresses.map((found) => [found.address, found]));
  return [...distinct.values()].map(({ address, ...provenance }) => ({
    endpoint: port === undefined ? { host: address } : { host: address, port },
    ...provenance,
  }));
}

function noServers(name: string): DnsError {
  const reason = 'it names no name server';
  return new DnsError({ type: 'SRV', name }, [{ server: 'the system', code: 'ECONNREFUSED', reason }]);
}
