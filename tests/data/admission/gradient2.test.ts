import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createAdaptiveLimit } from '../../../src/data/admission/adaptive-limit.js';
import { Gradient2 } from '../../../src/data/admission/gradient2.js';
import {
  DEFAULT_ADAPTIVE_LIMIT_SETTINGS,
  type AdaptiveLimitSettings,
} from '../../../src/data/admission/gradient-settings.js';
import { IGNORED, SUCCESS, type Outcome } from '../../../src/core/outcome.js';

const gradient = (settings: Partial<AdaptiveLimitSettings> = {}): Gradient2 =>
  new Gradient2({ ...DEFAULT_ADAPTIVE_LIMIT_SETTINGS, ...settings });

describe("Netflix' Gradient2", () => {
  it('grows by a fifth of its queue while latency is flat', () => {
    const limit = gradient();
    const steps: number[] = [];
    for (let sample = 0; sample < 5; sample++) {
      limit.update(10, 100);
      steps.push(Number(limit.limit.toFixed(9)));
    }
    expect(steps).toEqual([20.8, 21.6, 22.4, 23.2, 24]);
  });

  it('falls from 108 to 98 by one sample of ten times the latency', () => {
    const limit = gradient();
    for (let sample = 0; sample < 110; sample++) limit.update(10, 100);
    expect(limit.limit).toBeCloseTo(108, 9);
    limit.update(100, 100);
    expect(limit.limit).toBeCloseTo(98, 9);
  });

  it('does not move while nobody comes near it', () => {
    const limit = gradient({ initial: 100 });
    for (let sample = 0; sample < 100; sample++) limit.update(10, 49);
    expect(limit.limit).toBe(100);
    limit.update(10, 50);
    expect(limit.limit).toBeCloseTo(100.8, 9);
  });

  it('unlearns worse times faster than by their average alone', () => {
    const limit = gradient();
    for (let sample = 0; sample < 20; sample++) limit.update(1_000, 100);
    for (let sample = 0; sample < 100; sample++) limit.update(10, 100);
    const grown = limit.limit;
    // Without the 5 % steps the long average would be about 700 ms, and 100 ms would look like nothing.
    for (let sample = 0; sample < 10; sample++) limit.update(100, 100);
    expect(limit.limit).toBeLessThan(grown);
  });

  it('stays within its bounds and finite, whatever it is fed', () => {
    const sample = fc.record({ latencyMs: fc.double({ min: 0, max: 1e7, noNaN: true }), inFlight: fc.nat(2_000) });
    fc.assert(
      fc.property(fc.array(fc.oneof(sample, fc.constant('back' as const))), (samples) => {
        const limit = gradient();
        for (const one of samples) {
          if (one === 'back') limit.back();
          else limit.update(one.latencyMs, one.inFlight);
          expect(limit.limit).toBeGreaterThanOrEqual(20);
          expect(limit.limit).toBeLessThanOrEqual(200);
        }
      }),
    );
  });
});

describe('an adaptive limit', () => {
  const feed = (
    limit: ReturnType<typeof createAdaptiveLimit>,
    count: number,
    outcome: Outcome,
    latencyMs: number,
    fromMs: number,
  ): void => {
    for (let n = 0; n < count; n++) limit.settled(outcome, latencyMs, 100, fromMs + n);
  };

  it('takes a step for a window of ten answers, and none for fewer', () => {
    const limit = createAdaptiveLimit({ ...DEFAULT_ADAPTIVE_LIMIT_SETTINGS, smoothing: 1 });
    feed(limit, 9, SUCCESS, 10, 0);
    limit.settled(IGNORED, 10, 100, 2_000);
    expect(limit.limit).toBe(20);
    limit.settled(SUCCESS, 10, 100, 2_001);
    expect(limit.limit).toBe(24);
    feed(limit, 100, SUCCESS, 10, 2_002);
    expect(limit.limit).toBe(24);
  });

  it('takes no fast error for a fast service, and steps back when it is told that it was too much', () => {
    const limit = createAdaptiveLimit({ ...DEFAULT_ADAPTIVE_LIMIT_SETTINGS, initial: 100 });
    feed(limit, 100, { kind: 'failure', reason: 'status', status: 500 }, 1, 0);
    limit.settled(SUCCESS, 10, 100, 1_500);
    expect(limit.limit).toBe(100);
    limit.settled({ kind: 'overload', status: 429 }, 1, 100, 1_600);
    expect(limit.limit).toBe(90);
    limit.settled({ kind: 'failure', reason: 'timeout' }, 1, 100, 2_600);
    expect(limit.limit).toBe(81);
  });
});
