/**
 * Distinct random indices and items, drawn without allocation: a picker draws for every call. Distinct matters: two draws that can
 * be the same index send a frozen server 1/n² of the traffic, two distinct ones send it none.
 */

import type { Random } from '../core/random.js';

/**
 * Writes two distinct indices of `n` into `out[0]` and `out[1]`; every ordered pair is equally likely. Finagle's P2C draw:
 * the second one skips over the first.
 *
 * @param n at least 2
 */
export function twoDistinct(n: number, random: Random, out: Int32Array): void {
  const first = Math.floor(random.next() * n);
  const second = Math.floor(random.next() * (n - 1));
  out[0] = first;
  out[1] = second >= first ? second + 1 : second;
}

const TWO_TO_THE_32 = 4_294_967_296;

/**
 * Draws k distinct items of n by the first k steps of a Fisher–Yates shuffle. The permutation is kept from draw to
 * draw: any starting order is as good as the sorted one, and so a draw costs O(k), whatever n is. One number from the
 * random source seeds a draw; the steps within it come from mulberry32, inline, which costs a few multiplications.
 */
export class DistinctSampler {
  readonly size: number;
  private readonly permutation: Int32Array;

  /** @param items what is drawn from; copied */
  constructor(items: Int32Array) {
    this.size = items.length;
    this.permutation = items.slice();
  }

  /**
   * Draws min(k, n) items, each ordered sample equally likely.
   * @returns an array whose first min(k, n) entries are the sample; the sampler's own, valid until the next draw. Do not write to it
   */
  draw(k: number, random: Random): Int32Array {
    const { permutation, size } = this;
    const steps = Math.min(k, size);
    let state = (random.next() * TWO_TO_THE_32) | 0;
    for (let step = 0; step < steps; step++) {
      state = (state + 0x6d2b79f5) | 0;
      let bits = Math.imul(state ^ (state >>> 15), state | 1);
      bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
      const uniform = ((bits ^ (bits >>> 14)) >>> 0) / TWO_TO_THE_32;
      const chosen = step + ((uniform * (size - step)) | 0);
      const index = permutation[chosen] as number;
      permutation[chosen] = permutation[step] as number;
      permutation[step] = index;
    }
    return permutation;
  }
}
