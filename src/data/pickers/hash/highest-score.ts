/**
 * Rendezvous hashing, or "highest random weight" (Thaler and Ravishankar 1998): every endpoint has a score for the key,
 * and the highest wins. The keys of whoever leaves go to whoever was second; no other key moves, ever. There is no table, and
 * so each look-up computes a score for everybody.
 *
 * Weighted after Resch (Schindelhauer and Schomaker 2005): score = −w / ln u, where u in (0, 1) comes from the hash of endpoint and key. An
 * endpoint's chance of the highest is exactly in proportion to its weight.
 */

import { xxhash64, type Hash64 } from '../../../kit/xxhash64.js';
import { isTried } from '../random-index.js';
import type { Locator, Predecessor } from './locator.js';
import type { Members } from './members.js';

/** 16 bytes for each endpoint. */
export class HighestScore implements Locator {
  readonly members: Members;
  /** Upper and lower half of each name's hash, by turns. */
  private readonly seeds: Int32Array;

  /** A change hashes only the names that are new. */
  constructor(members: Members, predecessor?: Predecessor) {
    this.members = members;
    this.seeds = new Int32Array(members.names.length * 2);
    const before = predecessor?.locator instanceof HighestScore ? predecessor.locator.seeds : undefined;
    for (let position = 0; position < members.names.length; position++) {
      const origin = predecessor?.origins[position] ?? -1;
      if (before !== undefined && origin >= 0) this.carry(position, before, origin);
      else this.plant(position, xxhash64(members.names[position] as string));
    }
  }

  private carry(position: number, seeds: Int32Array, from: number): void {
    this.seeds[position * 2] = seeds[from * 2] as number;
    this.seeds[position * 2 + 1] = seeds[from * 2 + 1] as number;
  }

  private plant(position: number, { high, low }: Hash64): void {
    this.seeds[position * 2] = high;
    this.seeds[position * 2 + 1] = low;
  }

  locate(hash: Hash64, tried: ReadonlySet<string> | undefined): number {
    const { seeds } = this;
    const { endpoints, order, shares, equal } = this.members;
    let best = -1;
    let highest = -1;
    for (let position = 0; position < order.length; position++) {
      const index = order[position] as number;
      if (tried !== undefined && isTried(endpoints, index, tried)) continue;
      const uniform = mixed(
        (seeds[position * 2] as number) ^ hash.high,
        (seeds[position * 2 + 1] as number) ^ hash.low,
      );
      const score = equal ? uniform : -(shares[position] as number) / Math.log(uniform);
      if (score <= highest) continue;
      best = index;
      highest = score;
    }
    return best;
  }
}

/** 53 bits of the number, mixed by three Feistel rounds with murmur3's finalizer, as a fraction between 0 and 1, both excluded. */
function mixed(high: number, low: number): number {
  const first = high ^ scrambled(low);
  const second = low ^ scrambled(first);
  const third = first ^ scrambled(second);
  return ((third >>> 0) * 2_097_152 + (second >>> 11) + 0.5) / 9_007_199_254_740_992;
}

function scrambled(bits: number): number {
  let mix = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return mix ^ (mix >>> 16);
}
