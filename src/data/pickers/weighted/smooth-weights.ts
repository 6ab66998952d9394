/**
 * Smooth weighted round robin, as in nginx: every pick credits each endpoint with its weight, takes the one with the most
 * credit and charges it with the sum. Weights 5, 1, 1 give a a b a c a a, where plain turns would give a five times in a row.
 *
 * Credits begin at random: clients that start together must not all call the heaviest first. Whoever stays in the set keeps its
 * credit. A pick costs time in proportion to the endpoints.
 */

import type { Endpoint } from '../../../core/endpoint.js';
import type { Random } from '../../../core/random.js';
import { isTried } from '../random-index.js';

export class SmoothWeights {
  private readonly endpoints: readonly Endpoint[];
  private readonly weights: Float64Array;
  private readonly credits: Float64Array;

  constructor(endpoints: readonly Endpoint[], random: Random, previous: SmoothWeights | undefined) {
    this.endpoints = endpoints;
    this.weights = Float64Array.from(endpoints, ({ weight }) => weight);
    if (this.weights.every((weight) => weight === 0)) this.weights.fill(1);
    const total = this.weights.reduce((sum, weight) => sum + weight, 0);
    const kept = previous?.creditsById(total);
    this.credits = Float64Array.from(endpoints, ({ id }) => kept?.get(id) ?? total * (random.next() - 0.5));
  }

  /** @returns -1 when `tried` leaves nobody. Those left out neither gain nor lose. */
  next(tried: ReadonlySet<string> | undefined): number {
    const { endpoints, weights, credits } = this;
    let best = -1;
    let sum = 0;
    for (let index = 0; index < weights.length; index++) {
      if (tried !== undefined && isTried(endpoints, index, tried)) continue;
      const weight = weights[index] as number;
      const credit = (credits[index] as number) + weight;
      credits[index] = credit;
      sum += weight;
      if (best < 0 || credit > (credits[best] as number)) best = index;
    }
    if (best >= 0) credits[best] = (credits[best] as number) - sum;
    return best;
  }

  /** As they would be had the weights been of this sum, around 0. */
  private creditsById(total: number): Map<string, number> {
    const before = this.weights.reduce((sum, weight) => sum + weight, 0);
    const mean = this.credits.reduce((sum, credit) => sum + credit, 0) / this.credits.length;
    const scaled = (index: number): number => (((this.credits[index] as number) - mean) * total) / before;
    return new Map(this.endpoints.map(({ id }, index) => [id, scaled(index)]));
  }
}
