/**
 * Draws from a weighted distribution in constant time, however many and however skewed the weights: the alias method
 * (Walker 1977), built in linear time after Vose (1991). Each index owns one column of equal width; the part of it
 * that its weight does not fill is lent to one index that has too much.
 */

import type { Random } from '../../core/random.js';
import { randomIndex } from './random-index.js';

export interface AliasTable {
  /** An index, with probability weight / sum of weights. */
  draw(random: Random): number;
}

/** @param weights finite, >= 0, at least one of them > 0 */
export function createAliasTable(weights: readonly number[]): AliasTable {
  const count = weights.length;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  /** How much of its column an index keeps for itself. */
  const kept = Float64Array.from(weights, (weight) => (weight / total) * count);
  const alias = Int32Array.from({ length: count }, (_, index) => index);

  const small: number[] = [];
  const large: number[] = [];
  kept.forEach((share, index) => (share < 1 ? small : large).push(index));
  while (small.length > 0 && large.length > 0) {
    const poor = small.pop() as number;
    const rich = large.pop() as number;
    alias[poor] = rich;
    const left = (kept[rich] as number) - (1 - (kept[poor] as number));
    kept[rich] = left;
    (left < 1 ? small : large).push(rich);
  }
  // Whoever is left over would have exactly 1 but for rounding.
  for (const index of [...small, ...large]) kept[index] = 1;

  return {
    draw(random) {
      const index = randomIndex(random, count);
      return random.next() < (kept[index] as number) ? index : (alias[index] as number);
    },
  };
}
