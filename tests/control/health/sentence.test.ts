import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createSentence, type Sentence } from '../../../src/control/health/sentence.js';
import type { Random } from '../../../src/core/random.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

const middle: Random = { next: () => 0.5 };

function sentence(settings: Partial<Parameters<typeof createSentence>[0]> = {}, random: Random = middle): Sentence {
  return createSentence({ baseEjectionMs: 10_000, maxEjectionMs: 300_000, jitterRatio: 0, ...settings }, random);
}

describe('a sentence', () => {
  it('grows by the base: 10, 20, 30 s (Envoy, outlier_detection_impl_test.cc)', () => {
    const one = sentence();
    const lengths = [0, 10_000, 30_000].map((now) => {
      const lengthMs = one.next(now);
      one.served(now + lengthMs);
      return lengthMs;
    });
    expect(lengths).toEqual([10_000, 20_000, 30_000]);
  });

  it('shrinks by one for each base interval in use: after two, the fourth lasts 20 s again (same test)', () => {
    const one = sentence();
    for (let n = 0; n < 3; n++) one.next(0);
    one.served(100_000);
    expect(one.times(109_999)).toBe(3);
    expect(one.times(110_000)).toBe(2);
    expect(one.times(120_000)).toBe(1);
    expect(one.next(120_000)).toBe(20_000);
  });

  it('is as good as new after long health, and not better', () => {
    const one = sentence();
    for (let n = 0; n < 3; n++) one.next(0);
    one.served(0);
    expect(one.times(10_000_000)).toBe(0);
    expect(one.next(10_000_000)).toBe(10_000);
  });

  it('is not forgiven while it is served', () => {
    const one = sentence();
    one.next(0);
    one.next(10_000);
    expect(one.times(10_000_000)).toBe(2);
  });

  it('reaches 300 s at the thirtieth and stays there; forgiveness shows at once after that (Envoy)', () => {
    const one = sentence();
    const lengths = Array.from({ length: 50 }, () => one.next(0));
    expect(lengths[28]).toBe(290_000);
    expect(lengths.slice(29)).toEqual(Array.from({ length: 21 }, () => 300_000));
    one.served(0);
    expect(one.next(20_000)).toBe(290_000);
  });

  it('ends at the maximum when that is no multiple of the base', () => {
    const one = sentence({ maxEjectionMs: 25_000 });
    expect([one.next(0), one.next(0), one.next(0), one.next(0)]).toEqual([10_000, 20_000, 25_000, 25_000]);
  });

  it('is no shorter than the base, whatever the maximum says (gRFC A50: max(base, max))', () => {
    const one = sentence({ maxEjectionMs: 1_000 });
    expect([one.next(0), one.next(0)]).toEqual([10_000, 10_000]);
  });

  it('can be repeated without growing', () => {
    const one = sentence();
    one.next(0);
    one.next(0);
    expect([one.repeat(), one.times(0), one.next(0)]).toEqual([20_000, 2, 30_000]);
  });

  it('lies within its jitter, also at the cap, and counts without ever going below zero', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('next', 'repeat'), waitMs: fc.nat(40_000) }),
      fc.record({ kind: fc.constant('served'), waitMs: fc.nat(400_000) }),
    );
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 60 }), (seed, steps) => {
        const one = sentence({ maxEjectionMs: 45_000, jitterRatio: 0.1 }, createSeededRandom(seed));
        let now = 0;
        for (const { kind, waitMs } of steps) {
          now += waitMs;
          if (kind === 'served') one.served(now);
          const before = one.times(now);
          if (kind === 'next') {
            const lengthMs = one.next(now);
            const plainMs = Math.min(45_000, 10_000 * one.times(now));
            expect(one.times(now)).toBe(Math.min(5, before + 1));
            expect(lengthMs).toBeGreaterThanOrEqual(plainMs * 0.9);
            expect(lengthMs).toBeLessThanOrEqual(plainMs * 1.1);
          }
          expect(one.times(now)).toBeGreaterThanOrEqual(0);
          expect(one.times(now + 1e12)).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  it('is spread evenly over its jitter at the cap', () => {
    // 10 000 draws, uniform on 300 000 ± 30 000: standard deviation 60 000 / √12 = 17 321, of the mean 173. Five of
    // these are 866, exceeded by chance once in 1.7 million seeds.
    const one = sentence({ jitterRatio: 0.1 }, createSeededRandom(7));
    for (let n = 0; n < 30; n++) one.next(0);
    const lengths = Array.from({ length: 10_000 }, () => one.next(0));
    const mean = lengths.reduce((sum, lengthMs) => sum + lengthMs, 0) / lengths.length;
    expect(Math.abs(mean - 300_000)).toBeLessThan(866);
    // P[none of 10 000 in the outer hundredth of one side] = 0.99^10000 = 2e-44.
    expect(Math.min(...lengths)).toBeLessThan(270_600);
    expect(Math.max(...lengths)).toBeGreaterThan(329_400);
  });
});
