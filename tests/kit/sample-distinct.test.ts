import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { DistinctSampler, twoDistinct } from '../../src/kit/sample-distinct.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

/** The sum of (observed − expected)² / expected over equally likely cells. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Chi-square with f degrees of freedom has mean f and deviation sqrt(2f); five deviations above the mean is far out for f >= 10. */
function tolerance(cells: number): number {
  const freedom = cells - 1;
  return freedom + 5 * Math.sqrt(2 * freedom);
}

describe('two distinct indices', () => {
  it('are distinct and in range', () => {
    const out = new Int32Array(2);
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 1_000 }), fc.integer(), (n, seed) => {
        twoDistinct(n, createSeededRandom(seed), out);
        const [first, second] = out;
        expect(first).not.toBe(second);
        for (const index of out) expect(index >= 0 && index < n).toBe(true);
      }),
    );
  });

  it('make every ordered pair equally likely', () => {
    const n = 5;
    const counts = new Array<number>(n * n).fill(0);
    const random = createSeededRandom(3);
    const out = new Int32Array(2);
    for (let draw = 0; draw < 40_000; draw++) {
      twoDistinct(n, random, out);
      counts[out[0]! * n + out[1]!]! += 1;
    }
    const pairs = counts.filter((_, cell) => cell % (n + 1) !== 0);
    expect(pairs).toHaveLength(20);
    expect(chiSquare(pairs)).toBeLessThan(tolerance(20));
  });
});

const indices = (n: number): Int32Array => Int32Array.from({ length: n }, (_, index) => index);

describe('the distinct sampler', () => {
  it('draws of the items that it was given, and leaves their array alone', () => {
    const items = Int32Array.of(7, -3, 12);
    const sample = new DistinctSampler(items).draw(5, createSeededRandom(1)).subarray(0, 3);
    expect([...sample].sort((a, b) => a - b)).toEqual([-3, 7, 12]);
    expect([...items]).toEqual([7, -3, 12]);
  });

  it('draws distinct indices in range, all of them when there are no more, draw after draw', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.array(fc.nat(50), { maxLength: 20 }), fc.integer(), (n, draws, seed) => {
        const sampler = new DistinctSampler(indices(n));
        const random = createSeededRandom(seed);
        for (const k of draws) {
          const sample = sampler.draw(k, random).subarray(0, Math.min(k, n));
          expect(new Set(sample).size).toBe(Math.min(k, n));
          for (const index of sample) expect(index >= 0 && index < n).toBe(true);
        }
      }),
    );
  });

  it('takes one number from the random source for each draw', () => {
    let taken = 0;
    const sampler = new DistinctSampler(indices(100));
    const random = { next: () => (taken++, 0.3) };
    for (let draw = 0; draw < 10; draw++) sampler.draw(16, random);
    expect(taken).toBe(10);
  });

  it('allocates nothing: every draw returns the same array', () => {
    const sampler = new DistinctSampler(indices(10));
    const random = createSeededRandom(1);
    expect(sampler.draw(3, random)).toBe(sampler.draw(5, random));
  });

  it('draws every index equally often in every position', () => {
    const n = 20;
    const k = 4;
    const draws = 20_000;
    const sampler = new DistinctSampler(indices(n));
    const random = createSeededRandom(4);
    const counts = Array.from({ length: k }, () => new Array<number>(n).fill(0));
    for (let draw = 0; draw < draws; draw++) {
      const sample = sampler.draw(k, random);
      for (let position = 0; position < k; position++) counts[position]![sample[position]!]! += 1;
    }
    for (const position of counts) expect(chiSquare(position)).toBeLessThan(tolerance(n));
  });

  it('makes every ordered sample equally likely', () => {
    const counts = new Map<string, number>();
    const sampler = new DistinctSampler(indices(5));
    const random = createSeededRandom(5);
    for (let draw = 0; draw < 60_000; draw++) {
      const key = sampler.draw(3, random).subarray(0, 3).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    // 5 · 4 · 3 ordered samples.
    expect(counts.size).toBe(60);
    expect(chiSquare([...counts.values()])).toBeLessThan(tolerance(60));
  });

  it('does not let one draw tell the next', () => {
    const n = 8;
    const sampler = new DistinctSampler(indices(n));
    const random = createSeededRandom(6);
    const counts = new Array<number>(n * n).fill(0);
    let previous = sampler.draw(2, random)[0]!;
    for (let draw = 0; draw < 64_000; draw++) {
      const first = sampler.draw(2, random)[0]!;
      counts[previous * n + first]! += 1;
      previous = first;
    }
    // Pairs of successive draws: 64 cells, whose margins also vary, which only adds to the freedom that is counted.
    expect(chiSquare(counts)).toBeLessThan(tolerance(n * n));
  });
});
