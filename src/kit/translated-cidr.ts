/**
 * IPv6 addresses that carry an IPv4 address for a translator on the way: `64:ff9b::169.254.169.254` reaches the metadata
 * service wherever NAT64 does. Where an IPv4 block is refused, these blocks are refused with it.
 */

import type { Cidr } from './cidr.js';

/** The blocks that stand for this IPv4 block. v4-mapped addresses are not among them: they *are* IPv4 addresses here. */
export function translatedCidrs({ address, length }: Cidr): Cidr[] {
  const [a, b, c, d] = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0'));
  const after96 = (prefix: string): Cidr => ({ family: 'ipv6', address: `${prefix}${address}`, length: 96 + length });
  return [
    // IPv4-compatible, deprecated (RFC 4291 §2.5.5.1).
    after96('::'),
    // IPv4-translated (RFC 2765 §2.1).
    after96('::ffff:0:'),
    // NAT64, the well-known prefix (RFC 6052 §2.1), and the first one for local use (RFC 8215).
    after96('64:ff9b::'),
    after96('64:ff9b:1::'),
    // The whole of what is for local use: bits 64 to 71 of such an address are left out (RFC 6052 §2.2).
    { family: 'ipv6', address: `64:ff9b:1:${a}${b}:${c}:${d}00::`, length: length <= 16 ? 48 + length : 56 + length },
    // 6to4 (RFC 3056 §2).
    { family: 'ipv6', address: `2002:${a}${b}:${c}${d}::`, length: 16 + length },
  ];
}
