/**
 * Consistent hashing with bounded loads (Mirrokni et al., arXiv 1608.01350; Envoy `thread_aware_lb_impl.cc`): nobody gets
 * more than a factor above its share of what is in flight now. A key whose endpoint is full goes to another, drawn in an
 * order that depends on the key alone: so it stays together there as well, and a full endpoint's keys do not all fall on one
 * neighbour.
 */

import { Mt19937 } from '../../../kit/mt19937.js';
import type { Hash64 } from '../../../kit/xxhash64.js';
import type { Loads } from '../../picker.js';
import { isTried } from '../random-index.js';
import type { Members } from './members.js';

/**
 * How many attempts an endpoint may have in flight and still take one more.
 *
 * @param totalInFlight of the service, before this attempt
 * @param share the endpoint's weight of all weights
 * @param factor 1 for no more than its share
 */
export function slotsFor(totalInFlight: number, share: number, factor: number): number {
  // In hundredths, as Envoy has it: the last digit decides at small numbers.
  const all = Math.floor(((totalInFlight + 1) * Math.round(factor * 100) + 99) / 100);
  return Math.max(Math.ceil(all * share), 1);
}

/** 16 bytes for each endpoint. */
export class LoadBound {
  private readonly members: Members;
  private readonly loads: Loads;
  private readonly factor: number;
  /** By index. */
  private readonly shares: Float64Array;
  /** Positions in the members' order, from 0 to n − 1 between two calls. */
  private readonly positions: Int32Array;
  private readonly swaps: Int32Array;

  constructor(members: Members, loads: Loads, factor: number) {
    this.members = members;
    this.loads = loads;
    this.factor = factor;
    this.shares = new Float64Array(members.order.length);
    members.order.forEach((index, position) => (this.shares[index] = members.shares[position] as number));
    this.positions = Int32Array.from(members.order, (_, position) => position);
    this.swaps = new Int32Array(members.order.length);
  }

  /** Whether this one may take the attempt. */
  fits(index: number): boolean {
    return this.overload(index) <= 1;
  }

  /** The first in the key's order that may take it; when nobody may, the one that is the least over. `full` is not drawn again. */
  elsewhere(hash: Hash64, full: number, tried: ReadonlySet<string> | undefined): number {
    const { positions, swaps } = this;
    const { order, endpoints } = this.members;
    const random = new Mt19937(hash.low);
    const count = order.length;
    let best = full;
    let leastOver = this.overload(full);
    let drawn = 0;
    while (drawn < count) {
      const swap = drawn + uniform(random, count - drawn);
      swaps[drawn] = swap;
      exchange(positions, drawn, swap);
      const index = order[positions[drawn++] as number] as number;
      if (index === full || (tried !== undefined && isTried(endpoints, index, tried))) continue;
      const over = this.overload(index);
      if (over >= leastOver) continue;
      best = index;
      leastOver = over;
      if (over <= 1) break;
    }
    // Undone in reverse: the next key's order starts from the same place.
    while (drawn-- > 0) exchange(positions, drawn, swaps[drawn] as number);
    return best;
  }

  private overload(index: number): number {
    const { loads } = this;
    return loads.inFlight(index) / slotsFor(loads.totalInFlight, this.shares[index] as number, this.factor);
  }
}

/** From 0 to below `count`, as Envoy draws it. */
export function uniform(random: Mt19937, count: number): number {
  const width = Math.floor(4_294_967_296 / count);
  for (;;) {
    const drawn = Math.floor(random.next() / width);
    if (drawn < count) return drawn;
  }
}

function exchange(list: Int32Array, a: number, b: number): void {
  const kept = list[a] as number;
  list[a] = list[b] as number;
  list[b] = kept;
}
