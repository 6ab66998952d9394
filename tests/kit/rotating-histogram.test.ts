import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { RotatingHistogram } from '../../src/kit/rotating-histogram.js';

describe('a rotating histogram', () => {
  it('knows nothing without samples', () => {
    expect(new RotatingHistogram(60_000).quantile(0.99, 0)).toBeUndefined();
  });

  it.each([
    [0, 0.125],
    [0.125, 0.125],
    [1, 1],
    [1.01, 2 ** (1 / 6)],
    [1_000, 0.125 * 2 ** (78 / 6)],
    // Beyond the last bucket, and no number at all.
    [1e12, 0.125 * 2 ** (155 / 6)],
    [Number.NaN, 0.125],
    [-5, 0.125],
  ])('rounds %d ms up to %d', (sample, edge) => {
    const histogram = new RotatingHistogram(60_000);
    histogram.add(sample, 0);
    expect(histogram.quantile(1, 0)).toBeCloseTo(edge, 9);
  });

  it('takes the nearest rank', () => {
    const histogram = new RotatingHistogram(60_000);
    for (let ms = 1; ms <= 4; ms++) histogram.add(2 ** ms, 0);
    expect([0.25, 0.26, 0.5, 0.75, 0.76, 1].map((q) => Math.round(histogram.quantile(q, 0) as number))).toEqual([
      2, 4, 4, 8, 16, 16,
    ]);
  });

  it('never answers below the true quantile, and at most a sixth of an octave above it', () => {
    const samples = fc.array(fc.double({ min: 0.125, max: 3_600_000, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(samples, fc.double({ min: 0.01, max: 1, noNaN: true }), (durations, q) => {
        const histogram = new RotatingHistogram(60_000);
        for (const duration of durations) histogram.add(duration, 0);
        const sorted = durations.toSorted((a, b) => a - b);
        const truth = sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1] as number;
        const answer = histogram.quantile(q, 0) as number;
        expect(answer).toBeGreaterThanOrEqual(truth * (1 - 1e-12));
        expect(answer).toBeLessThanOrEqual(truth * 2 ** (1 / 6) * (1 + 1e-12));
      }),
    );
  });

  it('forgets by time alone: a window later half of it counts, two windows later nothing', () => {
    const histogram = new RotatingHistogram(60_000);
    histogram.add(100, 0);
    histogram.add(200, 59_999);
    expect(histogram.count(60_000)).toBe(2);
    histogram.add(1, 60_000);
    expect(histogram.count(119_999)).toBe(3);
    expect(histogram.count(120_000)).toBe(1);
    expect(histogram.quantile(1, 120_000)).toBe(1);
    expect(histogram.count(180_000)).toBe(0);
    histogram.add(1, 180_000);
    expect(histogram.count(1_000_000)).toBe(0);
  });
});
