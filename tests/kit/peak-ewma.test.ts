import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { fadePeak, observePeak } from '../../src/kit/peak-ewma.js';

describe('the peak-sensitive average', () => {
  it('fades from 10 ms by a time constant of 1 s as tower does: 10, 9.048, 8.187', () => {
    expect(fadePeak(10, 0, 1_000)).toBe(10);
    expect(fadePeak(10, 100, 1_000)).toBeCloseTo(9.048, 3);
    expect(fadePeak(10, 200, 1_000)).toBeCloseTo(8.187, 3);
  });

  it('takes a higher sample as it is, and a lower one by the time that has passed', () => {
    expect(observePeak(20, 200, 0, 1_000)).toBe(200);
    expect(observePeak(20, 200, 50_000, 1_000)).toBe(200);
    expect(observePeak(200, 20, 0, 1_000)).toBe(200);
    expect(observePeak(200, 20, 1_000, 1_000)).toBeCloseTo(20 + 180 / Math.E, 10);
    expect(observePeak(200, 20, -5, 1_000)).toBe(200);
  });

  it('stays between what it was and the sample, and a fading in two steps is a fading in one', () => {
    const ms = fc.double({ min: 0, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(ms, ms, ms, ms, (estimate, sample, first, second) => {
        const next = observePeak(estimate, sample, first, 10_000);
        expect(next).toBeGreaterThanOrEqual(sample - 1e-6);
        expect(next).toBeLessThanOrEqual(Math.max(estimate, sample) + 1e-6);
        const twice = fadePeak(fadePeak(estimate, first, 10_000), second, 10_000);
        expect(twice).toBeCloseTo(fadePeak(estimate, first + second, 10_000), 6);
      }),
    );
  });
});
