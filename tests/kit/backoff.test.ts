import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { fullJitter, jittered } from '../../src/kit/backoff.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

const always = (value: number) => ({ next: () => value });
const ALMOST_ONE = 1 - 2 ** -53;

describe('full jitter', () => {
  it.each([
    [0, 25],
    [1, 50],
    [2, 100],
    [3, 200],
    [4, 250],
    [5, 250],
    [1_023, 250],
    [1_024, 250],
    [1e9, 250],
    [Infinity, 250],
  ])('has its ceiling for wait %d at %d (Envoy: base 25, cap 250)', (n, ceiling) => {
    expect(fullJitter(25, 250, n, always(0.5))).toBe(ceiling / 2);
    expect(fullJitter(25, 250, n, always(0))).toBe(0);
    expect(fullJitter(25, 250, n, always(ALMOST_ONE))).toBeCloseTo(ceiling, 9);
  });

  it('is no wait at all for a base of 0, however many waits came before', () => {
    for (const n of [0, 10, 1_024, 1e6]) expect(fullJitter(0, 1_000, n, always(0.5))).toBe(0);
  });

  it('stays within [0, min(cap, base · 2^n)] for all inputs', () => {
    const positive = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.nat(5_000),
        fc.double({ min: 0, max: ALMOST_ONE, noNaN: true }),
        (base, cap, n, u) => {
          const wait = fullJitter(base, cap, n, always(u));
          expect(wait).toBeGreaterThanOrEqual(0);
          expect(wait).toBeLessThanOrEqual(cap);
          if (n < 100) expect(wait).toBeLessThanOrEqual(base * 2 ** n);
        },
      ),
    );
  });

  it('is as random at the cap as before it', () => {
    const random = createSeededRandom(1);
    const draws = Array.from({ length: 10_000 }, () => fullJitter(50, 1_000, 30, random));
    // Uniform on [0, 1000): mean 500, deviation 1000/sqrt(12) = 288.7, so the mean of 10 000 has 2.89. Five of them: 14.4.
    const mean = draws.reduce((sum, wait) => sum + wait, 0) / draws.length;
    expect(Math.abs(mean - 500)).toBeLessThan(14.4);
    // Each tenth is binomial(10 000, 0.1): deviation 30. Five of them: 150.
    for (let tenth = 0; tenth < 10; tenth++) {
      const count = draws.filter((wait) => Math.floor(wait / 100) === tenth).length;
      expect(Math.abs(count - 1_000)).toBeLessThan(150);
    }
  });
});

describe('a jittered value', () => {
  it.each([
    [1_000, 0.1, 0, 900],
    [1_000, 0.1, 0.5, 1_000],
    [1_000, 0.1, 0.75, 1_050],
    [1_000, 0, 0.9, 1_000],
    [1_000, 1, 0, 0],
    [0, 0.5, 0.9, 0],
  ])('of %d by %d at %d is %d', (value, ratio, u, result) => {
    expect(jittered(value, ratio, always(u))).toBeCloseTo(result, 9);
  });

  it('is spread evenly on both sides', () => {
    const random = createSeededRandom(2);
    const draws = Array.from({ length: 10_000 }, () => jittered(100, 0.1, random));
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(90);
    expect(Math.max(...draws)).toBeLessThanOrEqual(110);
    // Binomial(10 000, 1/2): deviation 50. Five of them.
    expect(Math.abs(draws.filter((value) => value < 100).length - 5_000)).toBeLessThan(250);
  });
});
