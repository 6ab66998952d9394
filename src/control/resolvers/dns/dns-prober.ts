/** The prober behind `dnsResolver`: from a checked name and checked options to an answer for the feed. */

import { randomInt } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { systemClock, type Clock } from '../../../core/clock.js';
import type { Prober, ResolverAnswer } from '../../../core/resolver.js';
import { linkSignal } from '../../../kit/link-signal.js';
import { createEndpointUnion, type EndpointUnion, type UnionSettings } from './address-union.js';
import type { AskContext, Family } from './dns-records.js';
import { setDnsReport, type QuestionReport } from './dns-report.js';
import type { DnsTransport } from './dns-transport.js';
import { findEndpoints, type FoundEndpoints, type Wanted } from './find-endpoints.js';
import { createLastKnown, type LastKnown } from './last-known.js';
import { hostsFile, type HostsFile } from './hosts-file.js';
import type { NameServer } from './name-server.js';
import { readSystemDns, type SystemDns } from './resolv-conf.js';
import { searchNames } from './search-names.js';
import { createServerOrder } from './server-order.js';
import { socketTransport } from './socket-transport.js';
import { systemLookup, type SystemLookup } from './system-lookup.js';

/** The outside world. */
export interface DnsDependencies {
  readonly transport: DnsTransport;
  /** Unpredictable, 0–65535: with the port, all that keeps a forger out (RFC 5452). Never from a seed. */
  readonly newId: () => number;
  readonly systemDns: () => Promise<SystemDns>;
  readonly lookup: SystemLookup;
  readonly hosts: HostsFile;
}

export const DNS_DEPENDENCIES: DnsDependencies = {
  transport: socketTransport,
  newId: () => randomInt(0x1_0000),
  systemDns: readSystemDns,
  lookup: systemLookup,
  hosts: hostsFile,
};

export interface DnsSettings extends Pick<Wanted, 'name' | 'isComplete' | 'isSrv' | 'port'> {
  /** Undefined for the system's. */
  readonly servers: readonly NameServer[] | undefined;
  /** These say what they are when it is not to be as with the servers. */
  readonly search?: readonly string[] | undefined;
  readonly ndots?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly tries?: number | undefined;
  readonly rotate?: boolean | undefined;
  readonly family?: Family | undefined;
  readonly union: UnionSettings | undefined;
}

/** Where nobody says: a server on the way to a data centre answers within milliseconds, and two tries survive a lost packet. */
const TIMEOUT_MS = 1_000;
const TRIES = 2;

/** The life of an answer of which a part is missing or from before (RFC 8767 §5: 30 s for stale data). */
const PARTIAL_TTL_MS = 30_000;

interface Memory {
  readonly lastKnown: LastKnown;
  readonly union: EndpointUnion | undefined;
}

export function createDnsProber(dependencies: DnsDependencies, settings: DnsSettings): Prober {
  const { name, isComplete, isSrv, port, family, servers: own } = settings;
  const { transport, newId, systemDns, lookup, hosts } = dependencies;
  const order = createServerOrder();
  let memory: Memory | undefined;
  /** A name server knew the name once. */
  let isKnown = false;

  return {
    kind: 'dns',
    source: `${isSrv ? 'SRV ' : ''}${name}${port === undefined ? '' : `:${port}`}`,
    // Feeds pass their clock on; others need not.
    async resolve({ signal, clock = systemClock }: { signal: AbortSignal; clock?: Clock }): Promise<ResolverAnswer> {
      memory ??= createMemory(settings.union, clock);
      const questions: QuestionReport[] = [];
      const cancel = new AbortController();
      // Each packet under way listens; on the caller's own signal so many would look like a leak.
      setMaxListeners(0, cancel.signal);
      const unlink = linkSignal(signal, () => cancel.abort());
      try {
        const system = own === undefined ? await systemDns() : { ...NO_SYSTEM, servers: own };
        const ctx: AskContext = {
          transport,
          newId,
          clock,
          signal: cancel.signal,
          servers: system.servers,
          order,
          timeoutMs: settings.timeoutMs ?? system.timeoutMs ?? TIMEOUT_MS,
          tries: settings.tries ?? system.tries ?? TRIES,
          rotate: settings.rotate ?? system.rotate,
          family,
          lastKnown: memory.lastKnown,
          note: (question) => void questions.push(question),
        };
        const { search = system.search, ndots = system.ndots } = settings;
        const candidates = searchNames(name, isComplete, { search, ndots });
        const machine = own === undefined ? { lookup, hosts: isKnown ? undefined : hosts } : undefined;
        const asked = { name, isComplete, isSrv, port, candidates, system: machine };
        const found = await findEndpoints(asked, ctx);
        isKnown ||= found.endpoints.some(({ ttlMs }) => ttlMs !== undefined);
        const endpoints = found.endpoints.length === 0 ? [] : (memory.union?.add(found.endpoints) ?? found.endpoints);
        const answer = answerOf(found, { endpoints: endpoints.map(({ endpoint }) => endpoint) });
        setDnsReport(answer, { questions, endpoints });
        return answer;
      } catch (error) {
        setDnsReport(error as Error, { questions, endpoints: [] });
        throw error;
      } finally {
        unlink();
      }
    },
  };
}

/** With servers of its own, a resolver takes nothing from the system. */
const NO_SYSTEM: SystemDns = {
  servers: [],
  search: [],
  ndots: 1,
  timeoutMs: undefined,
  tries: undefined,
  rotate: false,
};

function createMemory(union: UnionSettings | undefined, clock: Clock): Memory {
  return {
    lastKnown: createLastKnown(clock),
    union: union === undefined ? undefined : createEndpointUnion(union, clock),
  };
}

/** The set is as fresh as its first record to expire, the SRV records included. */
function answerOf(
  { endpoints: found, isPartial, isAuthoritative }: FoundEndpoints,
  { endpoints }: Pick<ResolverAnswer, 'endpoints'>,
): ResolverAnswer {
  const lives = found.flatMap(({ ttlMs }) => ttlMs ?? []);
  if (isPartial) lives.push(PARTIAL_TTL_MS);
  return {
    endpoints,
    ...(lives.length > 0 && endpoints.length > 0 && { ttlMs: Math.min(...lives) }),
    ...(isAuthoritative && { authoritative: true }),
  };
}
