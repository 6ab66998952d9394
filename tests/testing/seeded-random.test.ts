import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createSeededRandom } from '../../src/testing/seeded-random.js';

/** sfc32 written down once more, with unbounded integers, so that a slip in the 32-bit arithmetic shows. */
function* reference(seed: bigint): Generator<number> {
  const mask = 0xffff_ffffn;
  let [a, b, c, counter] = [0n, seed & mask, (seed >> 32n) & mask, 1n];
  for (;;) {
    const output = (a + b + counter) & mask;
    counter = (counter + 1n) & mask;
    a = b ^ (b >> 9n);
    b = (c + (c << 3n)) & mask;
    c = (((c << 21n) | (c >> 11n)) + output) & mask;
    yield Number(output) / 2 ** 32;
  }
}

describe('seeded randomness', () => {
  it('is sfc32 after fourteen discarded rounds', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (seed) => {
        const random = createSeededRandom(seed);
        const expected = reference(BigInt(seed));
        for (let round = 0; round < 14; round++) expected.next();
        for (let draw = 0; draw < 50; draw++) expect(random.next()).toBe(expected.next().value);
      }),
    );
  });

  it('replays a seed and tells neighbouring seeds apart', () => {
    const draws = (seed: number): number[] => {
      const random = createSeededRandom(seed);
      return Array.from({ length: 20 }, () => random.next());
    };
    expect(draws(7)).toEqual(draws(7));
    expect(new Set([...draws(0), ...draws(1), ...draws(2), ...draws(2 ** 32)]).size).toBe(80);
  });

  it('fills [0, 1) evenly', () => {
    const bins = 16;
    const draws = 160_000;
    const random = createSeededRandom(42);
    const counts = new Array<number>(bins).fill(0);
    // A value outside [0, 1) would land outside the array and be missing from the sum.
    for (let draw = 0; draw < draws; draw++) counts[Math.floor(random.next() * bins)]! += 1;
    expect(counts.length).toBe(bins);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(draws);
    // Each bin is binomial(160 000, 1/16): mean 10 000, standard deviation sqrt(160 000 · 1/16 · 15/16) = 96.8. Five of them: 484.
    for (const count of counts) expect(Math.abs(count - draws / bins)).toBeLessThan(484);
  });

  it('draws successive values that do not follow from each other', () => {
    const random = createSeededRandom(9);
    const draws = 100_000;
    let previous = random.next();
    let sum = 0;
    for (let draw = 0; draw < draws; draw++) {
      const value = random.next();
      sum += (previous - 0.5) * (value - 0.5);
      previous = value;
    }
    // The product of two independent centred uniforms has variance 1/144; the mean of 100 000 has deviation 1/12/sqrt(100 000) = 2.6e-4. Five of them.
    expect(Math.abs(sum / draws)).toBeLessThan(1.32e-3);
  });

  it('refuses a seed that is not an integer', () => {
    expect(() => createSeededRandom(0.5)).toThrow(RangeError);
    expect(() => createSeededRandom(Number.NaN)).toThrow(RangeError);
  });
});
