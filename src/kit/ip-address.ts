/**
 * IP addresses as numbers, and the IPv4 address inside an IPv6 one. A rule about 169.254.169.254 that does not know
 * `::ffff:a9fe:a9fe` or `64:ff9b::169.254.169.254` is no rule: both reach the same machine.
 */

import { isIP } from 'node:net';

/** Whether the text is an IPv4 or IPv6 address, the latter with or without brackets. `0x7f.1` and `127.1` are none. */
export function isIpLiteral(host: string): boolean {
  return isIP(withoutBrackets(host)) !== 0;
}

export interface IpAddress {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** Undefined when the text is no address. A zone (`fe80::1%eth0`) is dropped; a v4-mapped address is the IPv4 address that it stands for. */
export function parseIp(host: string): IpAddress | undefined {
  const text = withoutBrackets(host);
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return { family: 4, bits: v4Bits(text) };
  const bits = v6Bits(text.replace(/%.*$/s, ''));
  return bits >> 32n === MAPPED ? { family: 4, bits: bits & LOW_32 } : { family: 6, bits };
}

const LOW_32 = 0xffff_ffffn;
/** ::ffff:0:0/96 (RFC 4291 §2.5.5.2): sockets dial the IPv4 address. */
const MAPPED = 0xffffn;

/** Prefixes of 96 bits that an IPv4 address follows. */
const TRANSLATION_PREFIXES: ReadonlySet<bigint> = new Set([
  // IPv4-compatible, deprecated (RFC 4291 §2.5.5.1).
  0n,
  // IPv4-translated, ::ffff:0:0:0/96 (RFC 2765 §2.1).
  0xffff_0000n,
  // NAT64, 64:ff9b::/96 (RFC 6052 §2.1).
  0x64_ff9b_0000_0000_0000_0000n,
]);

/** 6to4 (RFC 3056 §2): 2002:a.b.c.d::/48. */
const SIX_TO_FOUR = 0x2002n;

/** The IPv4 address that a translator on the way would make of this IPv6 address; undefined when there is none. */
export function translatedIpv4({ family, bits }: IpAddress): IpAddress | undefined {
  if (family === 4) return undefined;
  // ::/127 are the unspecified and the loopback address, not 0.0.0.0 and 0.0.0.1.
  if (bits > 1n && TRANSLATION_PREFIXES.has(bits >> 32n)) return { family: 4, bits: bits & LOW_32 };
  if (bits >> 112n === SIX_TO_FOUR) return { family: 4, bits: (bits >> 80n) & LOW_32 };
  return undefined;
}

function withoutBrackets(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
}

function v4Bits(text: string): bigint {
  return text.split('.').reduce((bits, octet) => (bits << 8n) | BigInt(octet), 0n);
}

/** @param text an address that `isIP` accepts, without a zone */
function v6Bits(text: string): bigint {
  const [head = '', tail] = text.split('::');
  const high = v6Groups(head);
  const low = tail === undefined ? [] : v6Groups(tail);
  const gap = new Array<bigint>(8 - high.length - low.length).fill(0n);
  return [...high, ...gap, ...low].reduce((bits, group) => (bits << 16n) | group, 0n);
}

function v6Groups(text: string): bigint[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [BigInt(`0x${group}`)];
    const bits = v4Bits(group);
    return [bits >> 16n, bits & 0xffffn];
  });
}
