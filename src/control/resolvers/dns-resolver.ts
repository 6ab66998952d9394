/**
 * Endpoints from DNS: A and AAAA records, or SRV records with their ports, priorities and weights.
 *
 * Endpoints are addresses, not names, so that each machine behind a name is balanced and watched on its own, and a
 * connection that is kept alive does not pin the name to where it once led. The caller's name stays in the Host header
 * and in the TLS handshake.
 *
 * Asks on the wire, by itself: `node:dns` gives no time to live for SRV, no additional records and no search domains
 * (docs/adr/0007). The system's own lookup is asked about what only it knows.
 */

import type { Prober } from '../../core/resolver.js';
import { canonicalHost } from '../../kit/host-syntax.js';
import { isIpLiteral } from '../../kit/ip-address.js';
import { describeValue, invalidOption, mustBe } from '../../kit/option-error.js';
import { boolean, durationMs, number, oneOf, string } from '../../kit/option-schema.js';
import { arrayOf, object, offOr } from '../../kit/option-structures.js';
import type { DnsUnionOptions } from './dns/address-union.js';
import { createDnsProber, DNS_DEPENDENCIES, type DnsDependencies } from './dns/dns-prober.js';
import { parseNameServer, type NameServer } from './dns/name-server.js';

export interface DnsResolverOptions {
  /** Port of every endpoint, 1–65535. Not for SRV, whose records name it. @default the port of the caller's URL, then its scheme's */
  readonly port?: number;
  /** Which records are asked for. @default 'auto': SRV for a name that starts with `_`, as in `_http._tcp.orders.internal`, otherwise addresses */
  readonly type?: 'auto' | 'address' | 'srv';
  /**
   * Name servers, `'10.0.0.2'`, `'10.0.0.2:5353'` or `'[fd00::2]:5353'`, asked in this order. With servers of its own a
   * resolver takes nothing else from the system: no search domains, no /etc/hosts. @default those of /etc/resolv.conf
   */
  readonly servers?: readonly string[];
  /** Domains that a short name is tried in. A name that ends with a dot is not short. @default those of /etc/resolv.conf; none when `servers` are given */
  readonly search?: readonly string[];
  /** A name with fewer dots is tried in the search domains first, with as many or more last; 0–15. @default that of /etc/resolv.conf; 1 when it has none, or `servers` are given */
  readonly ndots?: number;
  /** How long a name server has for each answer, in milliseconds, 1–60_000. @default `timeout` in /etc/resolv.conf; 1_000 when it has none, or `servers` are given */
  readonly timeoutMs?: number;
  /** How often a name server that says nothing is tried, 1–10; one that says SERVFAIL or REFUSED is not tried again. @default `attempts` in /etc/resolv.conf; 2 when it has none, or `servers` are given */
  readonly tries?: number;
  /** Begins with another server each time, instead of with the first. @default `rotate` in /etc/resolv.conf; false when `servers` are given */
  readonly rotate?: boolean;
  /** Only addresses of this family. @default both */
  readonly family?: 4 | 6;
  /** Keeps endpoints that the newest answer lacks, for servers that give each asker a random part of the list. @default false */
  readonly union?: false | DnsUnionOptions;
}

const OPTIONS = object<DnsResolverOptions>({
  port: number({ min: 1, max: 65_535, integer: true }),
  type: oneOf(['auto', 'address', 'srv']),
  servers: arrayOf(string()),
  search: arrayOf(string({ expected: 'a domain name', accepts: isDomain })),
  ndots: number({ min: 0, max: 15, integer: true }),
  timeoutMs: durationMs(1, 60_000),
  tries: number({ min: 1, max: 10, integer: true }),
  rotate: boolean(),
  family: oneOf([4, 6]),
  union: offOr(
    object<DnsUnionOptions>({
      ttls: number({ min: 1, max: 100 }),
      minMs: durationMs(0, 3_600_000),
      maxMs: durationMs(0, 86_400_000),
    }),
  ),
});

/**
 * @param name a host name, complete or short, or an IP address, which is not asked about. Names that DNS does not know
 *   are looked for as the system does (/etc/hosts, mDNS), unless `servers` are given; `localhost` is from the start.
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function dnsResolver(name: string, options: DnsResolverOptions = {}): Prober {
  return dnsResolverWith(DNS_DEPENDENCIES, name, options);
}

/** As {@link dnsResolver}, over what stands in for the network and the system. */
export function dnsResolverWith(dependencies: DnsDependencies, name: string, options: DnsResolverOptions = {}): Prober {
  const host = typeof name === 'string' ? canonicalHost(name) : undefined;
  if (host === undefined) throw mustBe('dnsResolver', 'a host name or an IP address', name);
  const { port, type = 'auto', union = false, ...given } = OPTIONS.parse(options, 'dnsResolver');
  const isSrv = type === 'srv' || (type === 'auto' && host.startsWith('_'));
  if (isSrv && port !== undefined) throw invalidOption('dnsResolver.port', 'not for SRV, whose records name the port');
  const servers = given.servers === undefined ? undefined : nameServers(given.servers);

  if (isIpLiteral(host)) {
    const endpoint = port === undefined ? { host } : { host, port };
    return { kind: 'dns', resolve: async () => ({ endpoints: [endpoint], authoritative: true }) };
  }
  return createDnsProber(dependencies, {
    ...given,
    name: host,
    isComplete: name.endsWith('.'),
    isSrv,
    port,
    servers,
    search: given.search?.map((domain) => canonicalHost(domain) ?? domain),
    union: union === false ? undefined : { ttls: 3, minMs: 30_000, maxMs: 600_000, ...union },
  });
}

function isDomain(text: string): boolean {
  return !isIpLiteral(text) && canonicalHost(text) !== undefined;
}

function nameServers(texts: readonly string[]): NameServer[] {
  const servers = texts.flatMap((text) => parseNameServer(text) ?? []);
  if (servers.length === texts.length && servers.length > 0) return servers;
  const got = texts.length === 0 ? 'none' : texts.map(describeValue).join(', ');
  throw invalidOption('dnsResolver.servers', `must be IP addresses, with a port or without, got ${got}`);
}
