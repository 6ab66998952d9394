/** Name servers that answer by a script, in place of the network and the system. */

import dnsPacket, { type Answer, type DecodedPacket } from 'dns-packet';

import type { ResolverAnswer } from '../../../../src/core/resolver.js';
import type { DnsDependencies } from '../../../../src/control/resolvers/dns/dns-prober.js';
import type { PacketListener, SendPacket } from '../../../../src/control/resolvers/dns/dns-transport.js';
import { parseNameServer } from '../../../../src/control/resolvers/dns/name-server.js';
import { parseResolvConf, type SystemDns } from '../../../../src/control/resolvers/dns/resolv-conf.js';
import { dnsResolverWith, type DnsResolverOptions } from '../../../../src/control/resolvers/dns-resolver.js';
import { createFakeClock, type FakeClock } from '../../../../src/testing/fake-clock.js';

/** What was asked, and how. */
export interface Asked {
  readonly type: string;
  readonly name: string;
  readonly server: string;
  readonly protocol: 'udp' | 'tcp';
  readonly edns: boolean;
  readonly id: number;
}

export interface Reply {
  /** @default 0 */
  readonly rcode?: number;
  readonly truncated?: boolean;
  readonly authoritative?: boolean;
  readonly answers?: Answer[];
  readonly authorities?: Answer[];
  readonly additionals?: Answer[];
  /** Instead of the id and the question of the packet. */
  readonly forged?: { readonly id?: number; readonly name?: string; readonly type?: 'A' | 'TXT' };
}

/** `silence`; bytes as they are; several packets, one after the other; an error of the network; or an answer. */
export type Response = 'silence' | Buffer | Response[] | { readonly code: string } | Reply;

export type Script = (asked: Asked) => Response;

export const NXDOMAIN: Reply = { rcode: 3 };
export const SERVFAIL: Reply = { rcode: 2 };
export const REFUSED: Reply = { rcode: 5 };

export const a = (name: string, data: string, ttl = 60): Answer => ({ type: 'A', name, data, ttl });
export const aaaa = (name: string, data: string, ttl = 60): Answer => ({ type: 'AAAA', name, data, ttl });
export const cname = (name: string, data: string, ttl = 60): Answer => ({ type: 'CNAME', name, data, ttl });
export const ns = (name: string, data: string): Answer => ({ type: 'NS', name, data, ttl: 60 });
export const soa = (name: string): Answer => ({
  type: 'SOA',
  name,
  ttl: 60,
  data: { mname: 'ns.test', rname: 'h.test' },
});
export const srv = (
  name: string,
  priority: number,
  weight: number,
  port: number,
  target: string,
  ttl = 60,
): Answer => ({
  type: 'SRV',
  name,
  ttl,
  data: { priority, weight, port, target },
});

/** Answers from a table of records: what matches the question, NXDOMAIN for a name that has none, NODATA otherwise. */
export function zone(...records: Answer[]): (asked: Asked) => Reply {
  return ({ type, name }) => {
    const own = records.filter((record) => record.name === name);
    if (own.length === 0) return { ...NXDOMAIN, authorities: [soa('test')] };
    const answers = own.filter((record) => record.type === type);
    return answers.length > 0 ? { answers } : { authorities: [soa('test')] };
  };
}

export function encodeReply(asked: Pick<Asked, 'type' | 'name' | 'id'>, reply: Reply): Buffer {
  const { rcode = 0, truncated = false, authoritative = false, forged = {} } = reply;
  const { id = asked.id, name = asked.name, type = asked.type as 'A' } = forged;
  const flags =
    rcode |
    dnsPacket.RECURSION_AVAILABLE |
    dnsPacket.RECURSION_DESIRED |
    (truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) |
    (authoritative ? dnsPacket.AUTHORITATIVE_ANSWER : 0);
  return dnsPacket.encode({
    type: 'response',
    id,
    flags,
    questions: [{ type, name }],
    answers: reply.answers ?? [],
    authorities: reply.authorities ?? [],
    additionals: reply.additionals ?? [],
  });
}

export interface ScriptedDns {
  readonly clock: FakeClock;
  readonly dependencies: DnsDependencies;
  readonly asked: Asked[];
  /** `A orders.test@10.0.0.2` for each question, in order. */
  readonly questions: () => string[];
  /** Listeners that were not disposed. */
  readonly open: () => number;
  /** Asks once; time passes by itself, so that silence costs nothing. */
  ask(name: string, options?: DnsResolverOptions): Promise<ResolverAnswer>;
  /** A resolver that is asked several times. */
  resolver(name: string, options?: DnsResolverOptions): () => Promise<ResolverAnswer>;
}

export interface ScriptedDnsOptions {
  /** /etc/resolv.conf. */
  readonly conf?: string;
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
}

export function scriptedDns(
  script: Script,
  { conf = 'nameserver 10.0.0.2', hosts = {} }: ScriptedDnsOptions = {},
): ScriptedDns {
  const clock = createFakeClock();
  const asked: Asked[] = [];
  let open = 0;
  let ids = 0;

  const send =
    (protocol: 'udp' | 'tcp'): SendPacket =>
    (server, packet, listener) => {
      const decoded: DecodedPacket = dnsPacket.decode(packet);
      const [question] = decoded.questions ?? [];
      const question_ = { type: question?.type ?? '', name: question?.name ?? '', id: decoded.id ?? -1 };
      const edns = (decoded.additionals ?? []).some(({ type }) => type === 'OPT');
      const one = { ...question_, server: server.label, protocol, edns };
      asked.push(one);
      open++;
      let live = true;
      queueMicrotask(() => deliver(script(one), one, listener, () => live));
      return {
        [Symbol.dispose]() {
          if (live) open--;
          live = false;
        },
      };
    };

  const dependencies: DnsDependencies = {
    transport: { udp: send('udp'), tcp: send('tcp') },
    newId: () => ids++ % 0x1_0000,
    systemDns: async (): Promise<SystemDns> => parseResolvConf(conf),
    lookup: async (name) => hosts[name] ?? [],
    hosts: async (name) => hosts[name] ?? [],
  };

  async function inTime<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const done = work.finally(() => (settled = true));
    done.catch(() => {});
    for (let turns = 0; !settled && turns < 1_000; turns++) await clock.advanceAsync(100);
    return await done;
  }

  const resolver = (name: string, options: DnsResolverOptions = {}): (() => Promise<ResolverAnswer>) => {
    const prober = dnsResolverWith(dependencies, name, options);
    const ctx = { signal: new AbortController().signal, clock };
    return () => inTime(prober.resolve(ctx));
  };
  return {
    clock,
    dependencies,
    asked,
    questions: () => asked.map(({ type, name, server }) => `${type} ${name}@${server}`),
    open: () => open,
    ask: (name, options) => resolver(name, options)(),
    resolver,
  };
}

function deliver(response: Response, asked: Asked, listener: PacketListener, live: () => boolean): void {
  if (!live() || response === 'silence') return;
  if (Array.isArray(response)) {
    for (const each of response) deliver(each, asked, listener, live);
  } else if (Buffer.isBuffer(response)) listener.message(response);
  else if ('code' in response) listener.failed({ code: response.code, message: `connect ${response.code}` });
  else listener.message(encodeReply(asked, response));
}

/** For tests below the resolver. */
export function nameServer(text: string): NonNullable<ReturnType<typeof parseNameServer>> {
  const server = parseNameServer(text);
  if (server === undefined) throw new Error(`${text} is no name server`);
  return server;
}

export const hostsOf = ({ endpoints }: ResolverAnswer): string[] =>
  endpoints.map((endpoint) => (endpoint as { host: string }).host);
