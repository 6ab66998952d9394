/**
 * The static stride scheduler of gRFC A58: turns in proportion to weights without a queue. Rounds go over all endpoints in
 * order; each sits out as many of 65,535 rounds as its weight is below the heaviest, evenly spread by arithmetic. A pick looks
 * at (heaviest / mean weight) endpoints on average.
 */

/** The weight of the heaviest. */
const FULL = 65_535;
const HALF = Math.floor(FULL / 2);
const TWO_TO_THE_32 = 4_294_967_296;

/** Weights as shares of the largest; 0, for unknown, becomes the mean of the others. At least one is above 0. */
export function strideWeights(weights: Float64Array): Uint16Array {
  let [largest, sum, known] = [0, 0, 0];
  for (const weight of weights) {
    if (weight <= 0) continue;
    largest = Math.max(largest, weight);
    sum += weight;
    known++;
  }
  const mean = Math.round(((sum / known) * FULL) / largest);
  // The lightest of all must not become nobody.
  return Uint16Array.from(weights, (weight) =>
    weight > 0 ? Math.max(1, Math.round((weight * FULL) / largest)) : mean,
  );
}

export class StaticStride {
  private readonly weights: Uint16Array;
  private sequence: number;

  /** @param sequence where to begin, an integer from 0 to 2³² − 1: another one in each client */
  constructor(weights: Uint16Array, sequence: number) {
    this.weights = weights;
    this.sequence = sequence;
  }

  /** Where a scheduler that takes over goes on. */
  get position(): number {
    return this.sequence;
  }

  next(): number {
    const { weights } = this;
    const count = weights.length;
    for (;;) {
      const sequence = this.sequence;
      this.sequence = sequence + 1 === TWO_TO_THE_32 ? 0 : sequence + 1;
      const index = sequence % count;
      const weight = weights[index] as number;
      const round = Math.floor(sequence / count);
      // Below 2⁵³: 65,535 · 2³² + the index's share.
      if ((weight * round + index * HALF) % FULL >= FULL - weight) return index;
    }
  }
}
