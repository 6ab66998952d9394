/**
 * The one gate that every address from discovery passes before a socket opens. Discovery is input: whoever can write to
 * a registry, or answer a DNS query, could otherwise point a service's calls and their credentials at the cloud's
 * metadata address, or at a neighbour on the link.
 *
 * Refused by default: link-local, cloud metadata, multicast, unspecified and broadcast addresses, in every spelling,
 * and IPv6 addresses that carry one of them through a translator (NAT64, 6to4). `cidrs` narrows to what it lists. It
 * opens one of the refused ranges only where an entry lies within that range, such as `169.254.0.0/16`: an entry like
 * `0.0.0.0/0` says "anywhere", not "the metadata service as well".
 *
 * Refused are, too, the ports that fetch refuses: a call for `http://orders/` does not name the port that discovery
 * chooses, so fetch cannot say no. `ports` narrows to what it lists, and opens these where it lists them.
 *
 * Host names pass here, but not their ports. They are checked again when they are dialled, by the address.
 */

import { BAD_PORTS } from './bad-ports.js';
import { addressSet, covers, parseCidr } from './cidr.js';
import type { AddressSet, Cidr } from './cidr.js';
import { isIpv4, parseIp } from './ip-address.js';
import { unixPath } from './unix-path.js';
import type { IpAddress } from './ip-address.js';
import { describeValue, invalidOption, memberPath } from './option-error.js';
import { translatedCidrs } from './translated-cidr.js';

export interface AddressPolicyOptions {
  /** Blocks such as `10.0.0.0/8` or `fd00::/8`: only addresses in one of them are allowed; none at all when empty. @default anywhere */
  readonly cidrs?: readonly string[];
  /** 1–65535: only these ports are allowed; none at all when empty. @default any but those that fetch blocks, such as 25 */
  readonly ports?: readonly number[];
  /** Whether 127.0.0.0/8 and ::1 are allowed; `false` holds also when `cidrs` lists them. @default true */
  readonly loopback?: boolean;
  /**
   * Paths of Unix sockets that endpoints may name as `unix:/path`; one that ends with `/` stands for all that lie below
   * it. Sockets of a machine often belong to somebody powerful (Docker's, say), so a registry must not choose among them.
   * @default none
   */
  readonly unixSockets?: readonly string[];
}

export interface AddressPolicy {
  /** Why a connection must not be made, in words; undefined when it may, and for the address part of host names. */
  refuse(address: string, port: number | undefined): string | undefined;
}

/** One block, so that an address within several has the first one's name. */
interface RefusedRange {
  readonly name: string;
  readonly block: Cidr;
  readonly addresses: AddressSet;
}

function refused(name: string, ...blocks: string[]): RefusedRange[] {
  return blocks
    .map((text) => parseCidr(text) as Cidr)
    .flatMap((block) => (block.family === 'ipv4' ? [block, ...translatedCidrs(block)] : [block]))
    .map((block) => ({ name, block, addresses: addressSet([block]) }));
}

/** Metadata stands before link-local: it is within it, and listing all of link-local must not open it. */
const REFUSED_UNLESS_LISTED: readonly RefusedRange[] = [
  // AWS, Azure, GCP and most others; AWS containers; Alibaba; Azure's wire server; Oracle; AWS and GCP over IPv6.
  ...refused('a cloud metadata address', '169.254.169.254', '169.254.170.2', '100.100.100.200', '168.63.129.16'),
  ...refused('a cloud metadata address', '192.0.0.192', 'fd00:ec2::254', 'fd00:ec2::23', 'fd20:ce::254'),
  ...refused('a link-local address', '169.254.0.0/16', 'fe80::/10'),
  ...refused('a multicast address', '224.0.0.0/4', 'ff00::/8'),
  ...refused('an unspecified address', '0.0.0.0/8', '::'),
  ...refused('a broadcast address', '255.255.255.255'),
];

const LOOPBACK: readonly RefusedRange[] = refused('a loopback address', '127.0.0.0/8', '::1');

/** Within the IPv4-compatible form of 0.0.0.0/8, but no such address. */
const IPV6_LOOPBACK = '::1';

/** All at once: nearly every IPv6 address is in none of them. */
const SUSPECTS: AddressSet = addressSet([...REFUSED_UNLESS_LISTED, ...LOOPBACK].map(({ block }) => block));

/**
 * First octets of the IPv4 addresses that any of these ranges holds. All others are of no interest, and ten thousand of
 * them, as one answer may bring, are then passed without a look at each.
 */
const SUSPECT_OCTETS: ReadonlySet<number> = new Set(
  [...REFUSED_UNLESS_LISTED, ...LOOPBACK].flatMap(({ block: { family, address, length } }) => {
    const first = Number.parseInt(address, 10);
    return family === 'ipv6' ? [] : Array.from({ length: 2 ** Math.max(0, 8 - length) }, (_, index) => first + index);
  }),
);

function isSuspectIpv4(address: string): boolean {
  return SUSPECT_OCTETS.has(Number.parseInt(address, 10));
}

/**
 * @param path where the options stand, for errors
 * @throws FairleadError `ERR_INVALID_OPTION` for a block or a port that is none
 */
export function createAddressPolicy(options: AddressPolicyOptions = {}, path: string = 'allow'): AddressPolicy {
  const cidrs = options.cidrs?.map((text, index) => checkedCidr(text, memberPath(memberPath(path, 'cidrs'), index)));
  const ports = options.ports?.map((port, index) => checkedPort(port, memberPath(memberPath(path, 'ports'), index)));
  const listed = cidrs && addressSet(cidrs);
  const allowedPorts = ports && new Set(ports);
  const { loopback = true } = options;

  /** Entries within a refused range open what they hold of it. */
  const openedOf = new Map<RefusedRange, AddressSet>();
  for (const range of REFUSED_UNLESS_LISTED) {
    const within = cidrs?.filter((cidr) => covers(range.block, cidr)) ?? [];
    if (within.length > 0) openedOf.set(range, addressSet(within));
  }

  function refusedRangeOf(ip: IpAddress): RefusedRange | undefined {
    if (ip.family === 'ipv4' ? !isSuspectIpv4(ip.text) : !SUSPECTS.has(ip)) return undefined;
    const own = loopback ? undefined : LOOPBACK.find(({ addresses }) => addresses.has(ip));
    if (own !== undefined || ip.text === IPV6_LOOPBACK) return own;
    return REFUSED_UNLESS_LISTED.find((range) => range.addresses.has(ip) && openedOf.get(range)?.has(ip) !== true);
  }

  function refusalOfPort(port: number): string | undefined {
    if (allowedPorts !== undefined) return allowedPorts.has(port) ? undefined : `port ${port} is not in ${path}.ports`;
    return BAD_PORTS.has(port) ? `port ${port} is one that fetch blocks` : undefined;
  }

  return {
    refuse(address, port) {
      const socket = unixPath(address);
      if (socket !== undefined) {
        const isListed = options.unixSockets?.some((path) =>
          path.endsWith('/') ? socket.startsWith(path) : socket === path,
        );
        return isListed === true ? undefined : `${address} is not in ${path}.unixSockets`;
      }
      const refusedPort = port === undefined ? undefined : refusalOfPort(port);
      if (refusedPort !== undefined) return refusedPort;
      if (listed === undefined && !isSuspectIpv4(address) && isIpv4(address)) return undefined;
      const ip = parseIp(address);
      if (ip === undefined) return undefined;
      const range = refusedRangeOf(ip);
      if (range !== undefined) return `${address} is ${range.name}`;
      return listed?.has(ip) === false ? `${address} is not in ${path}.cidrs` : undefined;
    },
  };
}

function checkedCidr(text: string, path: string): Cidr {
  const cidr = typeof text === 'string' ? parseCidr(text) : undefined;
  if (cidr === undefined) {
    throw invalidOption(path, `must be a block of addresses such as '10.0.0.0/8', got ${describeValue(text)}`);
  }
  return cidr;
}

function checkedPort(port: number, path: string): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw invalidOption(path, `must be an integer from 1 to 65535, got ${describeValue(port)}`);
  }
  return port;
}
