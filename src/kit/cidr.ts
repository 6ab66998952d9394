/**
 * Blocks of addresses, in the notation of RFC 4632 and RFC 4291: `10.0.0.0/8`, `fd00::/8`, or one address. Which block
 * holds which address is the platform's `BlockList` to say; here is what it does not do: read the notation, and tell
 * whether a block lies within another one.
 */

import { BlockList } from 'node:net';

import { parseIp } from './ip-address.js';
import type { IpAddress } from './ip-address.js';

export interface Cidr {
  readonly family: 'ipv4' | 'ipv6';
  /** Any address of the block. */
  readonly address: string;
  readonly length: number;
}

/** Undefined when the text is no block. Bits after the prefix are allowed and ignored; a v4-mapped block is the IPv4 block. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.a-f:]+)(?:\/(\d{1,3}))?$/i.exec(text);
  const ip = match?.[1] === undefined ? undefined : parseIp(match[1]);
  if (match?.[1] === undefined || ip === undefined) return undefined;
  const width = ip.family === 'ipv4' ? 32 : 128;
  // Lengths of a v4-mapped block count from the start of its 128 bits.
  const mappedBits = ip.family === 'ipv4' && match[1].includes(':') ? 96 : 0;
  const length = match[2] === undefined ? width : Number(match[2]) - mappedBits;
  return length < 0 || length > width ? undefined : { family: ip.family, address: ip.text, length };
}

/** Addresses of any of these blocks. Each family is apart: `::/0` holds no IPv4 address, though a BlockList says so. */
export interface AddressSet {
  has(address: IpAddress): boolean;
}

export function addressSet(cidrs: readonly Cidr[]): AddressSet {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const { family, address, length } of cidrs) lists[family].addSubnet(address, length, family);
  return { has: ({ family, text }) => lists[family].check(text, family) };
}

/** Whether every address of `inner` is in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return outer.length <= inner.length && addressSet([outer]).has({ family: inner.family, text: inner.address });
}
