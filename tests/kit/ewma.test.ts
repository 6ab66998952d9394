import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { ewma, NO_AVERAGE } from '../../src/kit/ewma.js';

describe('the time-decayed average', () => {
  it('is set by the first sample', () => {
    expect(ewma(NO_AVERAGE, 42, 0, 1_000)).toBe(42);
    expect(ewma(NO_AVERAGE, 42, 1e9, 1_000)).toBe(42);
  });

  it('falls from 10 by e^(-t/tau) when zeros follow (tower: 10, 9.048, 8.187 every 100 ms at a tau of 1 s)', () => {
    const first = ewma(10, 0, 100, 1_000);
    expect(first).toBeCloseTo(9.048, 3);
    expect(ewma(first, 0, 100, 1_000)).toBeCloseTo(8.187, 3);
  });

  it('gives a sample that comes after one tau 1 - 1/e of the weight', () => {
    expect(ewma(0, 100, 5_000, 5_000)).toBeCloseTo(63.212, 3);
  });

  it('ignores the second of two samples at one instant, and a clock that went back', () => {
    expect(ewma(10, 500, 0, 1_000)).toBe(10);
    expect(ewma(10, 500, -50, 1_000)).toBe(10);
  });

  it('forgets what is very old', () => {
    expect(ewma(1e6, 3, 1e9, 1_000)).toBe(3);
  });

  it('lies between the old average and the sample', () => {
    const value = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, fc.double({ min: 0, max: 1e6, noNaN: true }), (average, sample, elapsed) => {
        const result = ewma(average, sample, elapsed, 10_000);
        expect(result).toBeGreaterThanOrEqual(Math.min(average, sample) * (1 - 1e-12));
        expect(result).toBeLessThanOrEqual(Math.max(average, sample) * (1 + 1e-12));
      }),
    );
  });

  it('depends on how long a value was seen, not on how often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), (times) => {
        let average = 100;
        for (let sample = 0; sample < times; sample++) average = ewma(average, 10, 1_000 / times, 1_000);
        expect(average).toBeCloseTo(ewma(100, 10, 1_000, 1_000), 9);
      }),
    );
  });
});
