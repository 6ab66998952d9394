/**
 * Consistent hashing on a ring (Karger 1997; Envoy `ring_hash_lb.cc`, gRFC A42): each endpoint has points on it, in
 * proportion to its weight, and a key belongs to the next point at or after its hash. Whoever leaves gives its keys to its
 * neighbours; nobody else's move.
 *
 * The points are XXH64 of `name_0`, `name_1`, …, so that the ring is the one that Envoy and gRPC build.
 */

import { xxhash64, type Hash64 } from '../../../kit/xxhash64.js';
import { isTried } from '../random-index.js';
import type { Locator, Predecessor } from './locator.js';
import type { Members } from './members.js';

export interface RingSize {
  readonly minRingSize: number;
  readonly maxRingSize: number;
}

/** A point that is not on the ring yet. */
interface Point {
  readonly hash: Hash64;
  /** Whose it is, by position among the members. */
  readonly position: number;
  /** Which of its owner's points. */
  readonly number: number;
}

/** 16 bytes for each point, so that a change hashes and sorts only the points that are new. */
export class HashRing implements Locator {
  /** How many points there are. */
  readonly size: number;
  readonly members: Members;
  /** How many points each has, by position. */
  private readonly counts: readonly number[];
  private readonly highs: Uint32Array;
  private readonly lows: Uint32Array;
  /** Indices into the endpoints. */
  private readonly owners: Int32Array;
  /** Which of its owner's points each is. */
  private readonly numbers: Int32Array;

  constructor(members: Members, { minRingSize, maxRingSize }: RingSize, predecessor?: Predecessor) {
    this.members = members;
    this.counts = pointCounts(members.shares, minRingSize, maxRingSize);
    const size = this.counts.reduce((sum, count) => sum + count, 0);
    this.size = size;
    this.highs = new Uint32Array(size);
    this.lows = new Uint32Array(size);
    this.owners = new Int32Array(size);
    this.numbers = new Int32Array(size);
    const before = predecessor?.locator instanceof HashRing ? predecessor.locator : undefined;
    const origins = before === undefined ? undefined : predecessor?.origins;
    const added = this.addedPoints(before, origins);
    if (before === undefined || origins === undefined) added.forEach((point, at) => this.put(at, point));
    else this.merge(before, origins, added);
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

  /** In order, those that the ring before has not got. */
  private addedPoints(before: HashRing | undefined, origins: Int32Array | undefined): Point[] {
    const added: Point[] = [];
    this.counts.forEach((count, position) => {
      const origin = origins?.[position] ?? -1;
      const known = origin < 0 ? 0 : (before?.counts[origin] ?? 0);
      for (let number = known; number < count; number++)
        added.push({ hash: xxhash64(`${this.members.names[position]}_${number}`), position, number });
    });
    return added.sort(({ hash: a }, { hash: b }) => a.high - b.high || a.low - b.low);
  }

  /** The points of the ring before whose owner still has so many, and between them the added ones. */
  private merge(before: HashRing, origins: Int32Array, added: readonly Point[]): void {
    const heirs = new Int32Array(before.members.endpoints.length).fill(-1);
    for (let position = 0; position < origins.length; position++) {
      const origin = origins[position] as number;
      if (origin >= 0) heirs[before.members.order[origin] as number] = position;
    }
    let at = 0;
    let next = 0;
    for (let point = 0; point < before.size; point++) {
      const position = heirs[before.owners[point] as number] as number;
      const number = before.numbers[point] as number;
      if (position < 0 || number >= (this.counts[position] as number)) continue;
      const hash = { high: before.highs[point] as number, low: before.lows[point] as number };
      for (; next < added.length && isBelow((added[next] as Point).hash, hash); next++)
        this.put(at++, added[next] as Point);
      this.put(at++, { hash, position, number });
    }
    for (; next < added.length; next++) this.put(at++, added[next] as Point);
  }

  private put(at: number, { hash, position, number }: Point): void {
    this.highs[at] = hash.high;
    this.lows[at] = hash.low;
    this.owners[at] = this.members.order[position] as number;
    this.numbers[at] = number;
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

function isBelow(a: Hash64, b: Hash64): boolean {
  return a.high === b.high ? a.low < b.low : a.high < b.high;
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
