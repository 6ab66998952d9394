/**
 * Endpoints from DNS: A and AAAA records, or SRV records with their ports, priorities and weights.
 *
 * Endpoints are addresses, not names, so that each machine behind a name is balanced and watched on its own, and a
 * connection that is kept alive does not pin the name to where it once led. The caller's name stays in the Host header
 * and in the TLS handshake.
 */

import { Resolver as DnsClient } from 'node:dns/promises';
import type { EndpointInput } from '../../core/endpoint.js';
import type { Prober, ResolverAnswer } from '../../core/resolver.js';
import { canonicalHost } from '../../kit/host-syntax.js';
import { isIpLiteral } from '../../kit/ip-address.js';
import { linkSignal } from '../../kit/link-signal.js';
import { describeValue, invalidOption, mustBe } from '../../kit/option-error.js';
import { durationMs, number, oneOf, string } from '../../kit/option-schema.js';
import { arrayOf, object } from '../../kit/option-structures.js';
import { askAddresses, askServices, askSystem, type Address, type Family } from './dns-records.js';
import { isDecidedlyUnavailable, srvEndpoints } from './srv-endpoints.js';

export interface DnsResolverOptions {
  /** Port of every endpoint, 1–65535. Not for SRV, whose records name it. @default the port of the caller's URL, then its scheme's */
  readonly port?: number;
  /** Which records are asked for. @default 'auto': SRV for a name that starts with `_`, as in `_http._tcp.orders.internal`, otherwise addresses */
  readonly type?: 'auto' | 'address' | 'srv';
  /** Name servers, `'10.0.0.2'` or `'10.0.0.2:5353'`, asked in this order. @default the system's */
  readonly servers?: readonly string[];
  /** How long a name server has for its first answer, in milliseconds, 1–60_000; c-ares rounds it up and doubles it with each try. @default 1_000 */
  readonly timeoutMs?: number;
  /** How often each name server is tried, 1–10. @default 2 */
  readonly tries?: number;
  /** Only addresses of this family. @default both */
  readonly family?: 4 | 6;
}

const OPTIONS = object<DnsResolverOptions>({
  port: number({ min: 1, max: 65_535, integer: true }),
  type: oneOf(['auto', 'address', 'srv']),
  servers: arrayOf(string()),
  timeoutMs: durationMs(1, 60_000),
  tries: number({ min: 1, max: 10, integer: true }),
  family: oneOf([4, 6]),
});

/**
 * @param name fully qualified, or an IP address, which is not asked about. Names that DNS does not know are looked for
 *   as the system does (/etc/hosts, search domains), unless `servers` are given; `localhost` is from the start.
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function dnsResolver(name: string, options: DnsResolverOptions = {}): Prober {
  const host = typeof name === 'string' ? canonicalHost(name) : undefined;
  if (host === undefined) throw mustBe('dnsResolver', 'a host name or an IP address', name);
  const { port, type = 'auto', servers, timeoutMs = 1_000, tries = 2, family } = OPTIONS.parse(options, 'dnsResolver');
  const srv = type === 'srv' || (type === 'auto' && host.startsWith('_'));
  if (srv && port !== undefined) throw invalidOption('dnsResolver.port', 'not for SRV, whose records name the port');

  const createClient = (): DnsClient => {
    const client = new DnsClient({ timeout: timeoutMs, tries });
    if (servers !== undefined) client.setServers(servers);
    return client;
  };
  try {
    createClient();
  } catch {
    throw invalidOption(
      'dnsResolver.servers',
      `must be IP addresses, with a port or without, got ${servers?.map(describeValue).join(', ')}`,
    );
  }

  async function resolve({ signal }: { readonly signal: AbortSignal }): Promise<ResolverAnswer> {
    // One client for each question: cancelling takes everything that a client is asking.
    const client = createClient();
    const unlink = linkSignal(signal, () => client.cancel());
    try {
      return srv ? await services(client) : answer(await addresses(client));
    } finally {
      unlink();
    }
  }

  async function addresses(client: DnsClient): Promise<Address[]> {
    const mayAskSystem = servers === undefined;
    // RFC 6761 §6.3: not a question for name servers.
    if (mayAskSystem && /(?:^|\.)localhost$/.test(host as string)) return askSystem(name, family);
    const found = await askAddresses(client, host as string, family);
    return found.length === 0 && mayAskSystem ? askSystem(name, family) : found;
  }

  function answer(found: readonly Address[]): ResolverAnswer {
    const hosts = new Set(found.map(({ address }) => address));
    const endpoints = [...hosts].map((each): EndpointInput =>
      port === undefined ? { host: each } : { host: each, port },
    );
    return { endpoints, ...shortestLife(found) };
  }

  async function services(client: DnsClient): Promise<ResolverAnswer> {
    const records = await askServices(client, host as string);
    if (isDecidedlyUnavailable(records)) return { endpoints: [], authoritative: true };
    const targets = await addressesOfTargets(client, [...new Set(records.map((record) => record.name))], family);
    return { endpoints: srvEndpoints(records, targets), ...shortestLife([...targets.values()].flat()) };
  }

  if (isIpLiteral(host)) {
    const endpoint = port === undefined ? { host } : { host, port };
    return { kind: 'dns', resolve: async () => ({ endpoints: [endpoint], authoritative: true }) };
  }
  return { kind: 'dns', resolve };
}

/** Targets that fail are left out while others have addresses. @throws the first failure, when no target has any */
async function addressesOfTargets(
  client: DnsClient,
  targets: readonly string[],
  family: Family | undefined,
): Promise<Map<string, Address[]>> {
  const answers = await Promise.allSettled(
    targets.map(async (target): Promise<Address[]> =>
      isIpLiteral(target) ? [{ address: target, ttlMs: undefined }] : askAddresses(client, target, family),
    ),
  );
  const addresses = new Map<string, Address[]>();
  answers.forEach((answer, i) => {
    if (answer.status === 'fulfilled') addresses.set(targets[i] as string, answer.value);
  });
  const failed = answers.find((answer) => answer.status === 'rejected');
  if (failed !== undefined && [...addresses.values()].every(({ length }) => length === 0)) throw failed.reason;
  return addresses;
}

/** The set is as fresh as its first record to expire. For SRV these are the targets' addresses: Node does not give the time to live of the SRV records themselves. */
function shortestLife(found: readonly Address[]): { ttlMs?: number } {
  const lives = found.flatMap(({ ttlMs }) => ttlMs ?? []);
  return lives.length === 0 ? {} : { ttlMs: Math.min(...lives) };
}
