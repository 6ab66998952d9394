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
 * Host names pass here, but not their ports. They are checked again when they are dialled, by the address.
 */

import { isIPv4 } from 'node:net';

import { contains, covers, parseCidr } from './cidr.js';
import type { Cidr } from './cidr.js';
import { parseIp, translatedIpv4 } from './ip-address.js';
import type { IpAddress } from './ip-address.js';
import { describeValue, invalidOption, memberPath } from './option-error.js';

export interface AddressPolicyOptions {
  /** Blocks such as `10.0.0.0/8` or `fd00::/8`: only addresses in one of them are allowed; none at all when empty. @default anywhere */
  readonly cidrs?: readonly string[];
  /** 1–65535: only these ports are allowed; none at all when empty. @default any */
  readonly ports?: readonly number[];
  /** Whether 127.0.0.0/8 and ::1 are allowed; `false` holds also when `cidrs` lists them. @default true */
  readonly loopback?: boolean;
}

export interface AddressPolicy {
  /** Why a connection must not be made, in words; undefined when it may, and for the address part of host names. */
  refuse(address: string, port: number | undefined): string | undefined;
}

interface RefusedRange {
  readonly name: string;
  readonly block: Cidr;
}

function refused(name: string, ...blocks: string[]): RefusedRange[] {
  return blocks.map((block) => ({ name, block: parseCidr(block) as Cidr }));
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

/**
 * First octets of the IPv4 addresses that any of these ranges holds. All others are of no interest, and ten thousand of
 * them, as one answer may bring, are then passed without arithmetic on each.
 */
const SUSPECT_OCTETS: ReadonlySet<number> = new Set(
  [...REFUSED_UNLESS_LISTED, ...LOOPBACK].flatMap(({ block: { family, prefix, length } }) => {
    if (family === 6) return [];
    const first = Number((prefix << BigInt(32 - length)) >> 24n);
    return Array.from({ length: 2 ** Math.max(0, 8 - length) }, (_, index) => first + index);
  }),
);

/**
 * @param path where the options stand, for errors
 * @throws FairleadError `ERR_INVALID_OPTION` for a block or a port that is none
 */
export function createAddressPolicy(options: AddressPolicyOptions = {}, path: string = 'allow'): AddressPolicy {
  const cidrs = options.cidrs?.map((text, index) => checkedCidr(text, memberPath(memberPath(path, 'cidrs'), index)));
  const ports = options.ports?.map((port, index) => checkedPort(port, memberPath(memberPath(path, 'ports'), index)));
  const { loopback = true } = options;

  function rangeThatRefuses(address: IpAddress): RefusedRange | undefined {
    const own = loopback ? undefined : LOOPBACK.find(({ block }) => contains(block, address));
    if (own !== undefined) return own;
    return REFUSED_UNLESS_LISTED.find(({ block }) => {
      if (!contains(block, address)) return false;
      return cidrs?.some((cidr) => covers(block, cidr) && contains(cidr, address)) !== true;
    });
  }

  return {
    refuse(address, port) {
      if (port !== undefined && ports?.includes(port) === false) return `port ${port} is not in ${path}.ports`;
      if (cidrs === undefined && isIPv4(address) && !SUSPECT_OCTETS.has(Number.parseInt(address, 10))) return undefined;
      const ip = parseIp(address);
      if (ip === undefined) return undefined;
      const translated = translatedIpv4(ip);
      const range = rangeThatRefuses(ip) ?? (translated === undefined ? undefined : rangeThatRefuses(translated));
      if (range !== undefined) return `${address} is ${range.name}`;
      if (cidrs?.some((cidr) => contains(cidr, ip)) === false) return `${address} is not in ${path}.cidrs`;
      return undefined;
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
