import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { latencyOutliers, type LatencyOutlierSettings } from '../../../src/control/health/latency-outlier.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

/** As documented. */
const DOCUMENTED: LatencyOutlierSettings = { factor: 3, minDifferenceMs: 20, minEndpoints: 3, minVolume: 20 };

function outliers(medians: readonly number[], settings: Partial<LatencyOutlierSettings> = {}, answers = 20): number[] {
  const samples = medians.map((medianMs, subject) => ({ subject, answers, medianMs }));
  return latencyOutliers(samples, { ...DOCUMENTED, ...settings }).map(({ subject }) => subject);
}

describe('outliers by latency', () => {
  it('are above so many times the median of the others', () => {
    expect(outliers([10, 10, 31])).toEqual([2]);
    expect(outliers([10, 10, 30])).toEqual([]);
    expect(outliers([10, 12, 100, 11, 9])).toEqual([2]);
    expect(outliers([10, 10, 200], { factor: 20 })).toEqual([]);
  });

  it('and by so many milliseconds', () => {
    expect(outliers([1, 1, 20])).toEqual([]);
    expect(outliers([1, 1, 21])).toEqual([2]);
    expect(outliers([1, 1, 20], { minDifferenceMs: 0 })).toEqual([2]);
  });

  it('are never more than half: two of four may be, two of three are not', () => {
    expect(outliers([10, 100, 100])).toEqual([]);
    expect(outliers([10, 10, 100, 100]).sort()).toEqual([2, 3]);
    expect(outliers([10, 10, 10, 100, 100]).sort()).toEqual([3, 4]);
  });

  it('take three endpoints with the volume to compare', () => {
    expect(outliers([10, 1_000])).toEqual([]);
    expect(outliers([10, 10, 1_000], {}, 19)).toEqual([]);
    expect(outliers([10, 10, 1_000], { minEndpoints: 4 })).toEqual([]);
  });

  it('are told with both medians', () => {
    const samples = [1.5, 1.5, 400.4].map((medianMs, subject) => ({ subject, answers: 20, medianMs }));
    expect(latencyOutliers(samples, DOCUMENTED)).toEqual([
      { subject: 2, detail: 'its median latency is 400 ms, that of the 2 others 1.5 ms' },
    ]);
  });

  it('agree with a plain comparison of each with the rest', () => {
    const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)]!;
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 500, noNaN: true }), { maxLength: 20 }), (medians) => {
        const expected = medians.flatMap((own, index) => {
          if (medians.length < 3) return [];
          const others = medians.filter((_, other) => other !== index).sort((a, b) => a - b);
          return own > 3 * median(others) && own - median(others) >= 20 ? [index] : [];
        });
        expect(outliers(medians).sort((a, b) => a - b)).toEqual(expected);
        expect(expected.length).toBeLessThanOrEqual(medians.length / 2);
      }),
    );
  });

  it('are next to none among equal endpoints with heavy-tailed latencies', () => {
    // Lognormal with sigma 1: the median of 20 has a standard error of 1.2533 / √20 = 0.28 in the logarithm. To be
    // three times the others' median is ln 3 = 1.10, 3.9 standard errors: 1 in 20 000 per endpoint and interval. Of
    // 10 endpoints in 1000 intervals 0.5 are expected; more than 6 happen once in a million.
    const random = createSeededRandom(3);
    const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    let found = 0;
    for (let interval = 0; interval < 1_000; interval++) {
      const medians = Array.from({ length: 10 }, () => {
        const sorted = Array.from({ length: 20 }, () => 50 * Math.exp(normal())).sort((a, b) => a - b);
        return sorted[10]!;
      });
      found += outliers(medians).length;
    }
    expect(found).toBeLessThanOrEqual(6);
  });
});
