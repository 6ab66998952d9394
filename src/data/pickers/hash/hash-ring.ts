/**
 * Consistent hashing on a ring (Karger 1997; Envoy `ring_hash_lb.cc`, gRFC A42): each endpoint has points on it, in
 * proportion to its weight, and a key belongs to the next point at or after its hash. Whoever leaves gives its keys to its
 * neighbours; nobody else's move.
 *
 * The points are XXH64 of `name_0`, `name_1`, …, so that the ring is the one that Envoy and gRPC build.
 */

import { xxhash64, type Hash64 } from '../../../kit/xxhash64.js';
import { isTried } from '../random-index.js';
import type { Locator } from './locator.js';
import type { Members } from './members.js';

export interface RingSize {
  readonly minRingSize: number;
  readonly maxRingSize: number;
}

/** 12 bytes for each point. */
export class HashRing implements Locator {
  /** How many points there are. */
  readonly size: number;
  private readonly members: Members;
  private readonly highs: Uint32Array;
  private readonly lows: Uint32Array;
  /** Indices into the endpoints. */
  private readonly owners: Int32Array;

  constructor(members: Members, { minRingSize, maxRingSize }: RingSize) {
    this.members = members;
    const counts = pointCounts(members.shares, minRingSize, maxRingSize);
    this.size = counts.reduce((sum, count) => sum + count, 0);
    const points: { hash: Hash64; owner: number }[] = [];
    counts.forEach((count, position) => {
      const owner = members.order[position] as number;
      for (let point = 0; point < count; point++)
        points.push({ hash: xxhash64(`${members.names[position]}_${point}`), owner });
    });
    points.sort((a, b) => a.hash.high - b.hash.high || a.hash.low - b.hash.low);
    this.highs = Uint32Array.from(points, ({ hash }) => hash.high);
    this.lows = Uint32Array.from(points, ({ hash }) => hash.low);
    this.owners = Int32Array.from(points, ({ owner }) => owner);
  }

  locate(hash: Hash64, tried: ReadonlySet<string> | undefined): number {
    const { owners, size } = this;
    const { endpoints } = this.members;
    let at = this.firstFrom(hash);
    for (let step = 0; step < size; step++) {
      const owner = owners[at] as number;
      if (tried === undefined || !isTried(endpoints, owner, tried)) return owner;
      at = at + 1 === size ? 0 : at + 1;
    }
    return -1;
  }

  /** The points in order. For tests. */
  points(): { readonly hash: Hash64; readonly owner: number }[] {
    return Array.from(this.owners, (owner, at) => ({
      hash: { high: this.highs[at] as number, low: this.lows[at] as number },
      owner,
    }));
  }

  /** The first point at or after the hash; behind the last comes the first again. */
  private firstFrom({ high, low }: Hash64): number {
    const { highs, lows, size } = this;
    let [from, to] = [0, size];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const pointHigh = highs[middle] as number;
      if (pointHigh < high || (pointHigh === high && (lows[middle] as number) < low)) from = middle + 1;
      else to = middle;
    }
    return from === size ? 0 : from;
  }
}

/**
 * The lightest endpoint gets a whole number of points, and so many that there are `min` in all; but not more than `max`
 * in all. Envoy's arithmetic, to the rounding. One point each there is in any case.
 */
function pointCounts(shares: Float64Array, min: number, max: number): number[] {
  const lightest = shares.reduce((least, share) => Math.min(least, share), 1);
  const scale = Math.min(Math.ceil(lightest * min) / lightest, max);
  let current = 0;
  let target = 0;
  const counts: number[] = [];
  for (const share of shares) {
    target += scale * share;
    let count = 0;
    for (; current < target; current++) count++;
    counts.push(Math.max(1, count));
  }
  return counts;
}
