/** Blocks of addresses, in the notation of RFC 4632 and RFC 4291: `10.0.0.0/8`, `fd00::/8`, or one address. */

import { parseIp } from './ip-address.js';
import type { IpAddress } from './ip-address.js';

export interface Cidr {
  readonly family: 4 | 6;
  /** The prefix itself, without the bits after it. */
  readonly prefix: bigint;
  readonly length: number;
}

/** Undefined when the text is no block. Bits after the prefix are allowed and ignored; a v4-mapped block is the IPv4 block. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([\d.a-f:]+)(?:\/(\d{1,3}))?$/i.exec(text);
  const address = match?.[1] === undefined ? undefined : parseIp(match[1]);
  if (match?.[1] === undefined || address === undefined) return undefined;
  const width = address.family === 4 ? 32 : 128;
  // Lengths of a v4-mapped block count from the start of its 128 bits.
  const mappedBits = address.family === 4 && match[1].includes(':') ? 96 : 0;
  const length = match[2] === undefined ? width : Number(match[2]) - mappedBits;
  if (length < 0 || length > width) return undefined;
  return { family: address.family, prefix: address.bits >> BigInt(width - length), length };
}

export function contains({ family, prefix, length }: Cidr, address: IpAddress): boolean {
  const width = family === 4 ? 32 : 128;
  return family === address.family && address.bits >> BigInt(width - length) === prefix;
}

/** Whether every address of `inner` is in `outer`. */
export function covers(outer: Cidr, inner: Cidr): boolean {
  return (
    outer.family === inner.family &&
    outer.length <= inner.length &&
    inner.prefix >> BigInt(inner.length - outer.length) === outer.prefix
  );
}
