import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { successRateOutliers, type SuccessRateSettings } from '../../../src/control/health/success-rate.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

/** As documented: those of gRFC A50 and Envoy. */
const DOCUMENTED: SuccessRateSettings = { stdevFactor: 1.9, minEndpoints: 5, minVolume: 100 };

/** Ids of the outliers among endpoints e0, e1, … with these success rates. */
function outliers(rates: readonly number[], volume = 200, settings: Partial<SuccessRateSettings> = {}): string[] {
  const tallies = rates.map((rate, index) => ({
    subject: `e${index}`,
    successes: Math.round(rate * volume),
    failures: volume - Math.round(rate * volume),
  }));
  return successRateOutliers(tallies, { ...DOCUMENTED, ...settings }).map(({ subject }) => subject);
}

describe('outliers by success rate', () => {
  it('four with 200 of 200, one with 200 of 400: rate 50, mean 90, threshold 52 (Envoy, outlier_detection_impl_test.cc)', () => {
    const good = ['a', 'b', 'c', 'd'].map((subject) => ({ subject, successes: 200, failures: 0 }));
    const bad = { subject: 'e', successes: 200, failures: 200 };
    expect(successRateOutliers([...good, bad], DOCUMENTED)).toEqual([
      {
        subject: 'e',
        detail: '50.0 % of its attempts succeeded; on average 90.0 % of 5 endpoints, and below 52.0 % is an outlier',
      },
    ]);
  });

  it.each([
    // The threshold for one that always fails among good ones, at a factor of 1.9: below 0 means it cannot be seen.
    [3, -0.229, []],
    [4, -0.073, []],
    [5, 0.04, ['e0']],
    [6, 0.125, ['e0']],
    [10, 0.33, ['e0']],
  ])('one that always fails among %i has a threshold of %d (A50)', (count, threshold, found) => {
    const mean = (count - 1) / count;
    expect(mean - (1.9 * Math.sqrt(count - 1)) / count).toBeCloseTo(threshold, 3);
    const rates = Array.from({ length: count }, (_, index) => (index === 0 ? 0 : 1));
    expect(outliers(rates, 200, { minEndpoints: 3 })).toEqual(found);
  });

  it('are seen while fewer than 1 / (1 + factor²) of the endpoints are bad: 21.7 % of a hundred', () => {
    const rates = (bad: number): number[] => Array.from({ length: 100 }, (_, index) => (index < bad ? 0 : 1));
    expect(outliers(rates(21))).toHaveLength(21);
    expect(outliers(rates(22))).toEqual([]);
    expect(outliers(rates(30), 200, { stdevFactor: 1.5 })).toHaveLength(30);
    expect(outliers(rates(31), 200, { stdevFactor: 1.5 })).toEqual([]);
  });

  it('count only endpoints with the volume, also towards the least number of endpoints', () => {
    const tallies = [1, 1, 1, 1, 0].map((rate, index) => ({
      subject: `e${index}`,
      successes: rate * 100,
      failures: (1 - rate) * 100,
    }));
    expect(successRateOutliers(tallies, DOCUMENTED)).toHaveLength(1);
    const oneQuiet = tallies.map((tally, index) => (index === 0 ? { ...tally, successes: 99 } : tally));
    expect(successRateOutliers(oneQuiet, DOCUMENTED)).toEqual([]);
    expect(outliers([1, 1, 1, 1, 0], 99)).toEqual([]);
  });

  it('are none among endpoints that are all alike, however bad', () => {
    for (const rate of [0, 0.1, 0.9, 1]) expect(outliers(Array.from({ length: 10 }, () => rate))).toEqual([]);
  });

  it('are always worse than average, never everybody, and the worst when there are any', () => {
    const tally = fc.record({ successes: fc.nat(300), failures: fc.nat(300) });
    fc.assert(
      fc.property(fc.array(tally, { maxLength: 30 }), fc.double({ min: 0.1, max: 3, noNaN: true }), (all, factor) => {
        const tallies = all.map((one, index) => ({ ...one, subject: index }));
        const found = successRateOutliers(tallies, { stdevFactor: factor, minEndpoints: 2, minVolume: 50 });
        const compared = tallies.filter(({ successes, failures }) => successes + failures >= 50);
        const rate = (index: number): number => {
          const { successes, failures } = tallies[index]!;
          return successes / (successes + failures);
        };
        expect(found.length).toBeLessThan(Math.max(1, compared.length));
        const guilty = new Set(found.map(({ subject }) => subject));
        const best = Math.max(...[...guilty].map(rate));
        for (const { subject } of compared)
          if (!guilty.has(subject)) expect(rate(subject)).toBeGreaterThanOrEqual(best);
      }),
    );
  });

  it('are rare among endpoints of equal quality, and rarer with a higher factor', () => {
    // 20 endpoints at 99 %, 100 attempts each, 2000 intervals. Rates are binomial; by a normal approximation one in 35
    // lies 1.9 deviations below the mean, and the tail on the low side is heavier (the rate cannot pass 1): between 1 %
    // and 8 % of the verdicts. At a factor of 4 a normal would give one in 32 000; the skewed tail stays below 0.5 %.
    const random = createSeededRandom(11);
    let at19 = 0;
    let at4 = 0;
    for (let interval = 0; interval < 2_000; interval++) {
      const tallies = Array.from({ length: 20 }, (_, subject) => {
        let failures = 0;
        for (let n = 0; n < 100; n++) if (random.next() < 0.01) failures++;
        return { subject, successes: 100 - failures, failures };
      });
      at19 += successRateOutliers(tallies, DOCUMENTED).length;
      at4 += successRateOutliers(tallies, { ...DOCUMENTED, stdevFactor: 4 }).length;
    }
    const verdicts = 2_000 * 20;
    expect(at19 / verdicts).toBeGreaterThan(0.01);
    expect(at19 / verdicts).toBeLessThan(0.08);
    expect(at4 / verdicts).toBeLessThan(0.005);
  });
});
