import { describe, expect, it } from '@jest/globals';

import { constant, exponential, logNormal, type Shape } from '../../benchmarks/simulator/distributions.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

const DRAWS = 40_000;

function moments(shape: Shape): { mean: number; deviation: number } {
  const random = createSeededRandom(1);
  const draws = Array.from({ length: DRAWS }, () => shape(random));
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / DRAWS;
  const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / DRAWS;
  return { mean, deviation: Math.sqrt(variance) };
}

describe('random times of mean 1', () => {
  // The mean of n draws deviates by their standard deviation / √n: 0.005 here, times 1.31 for the log-normal; five of them.
  it.each([
    ['exponential', exponential, 1, 0.025],
    ['log-normal', logNormal(1), Math.sqrt(Math.E - 1), 0.033],
  ])('are of mean 1: %s', (_, shape, deviation, tolerance) => {
    const found = moments(shape);
    expect(Math.abs(found.mean - 1)).toBeLessThan(tolerance);
    // Heavy tails make the deviation's own error much larger; this only tells the two apart.
    expect(Math.abs(found.deviation / deviation - 1)).toBeLessThan(0.15);
  });

  it('are constant where they should be', () => {
    expect(moments(constant)).toEqual({ mean: 1, deviation: 0 });
  });
});
