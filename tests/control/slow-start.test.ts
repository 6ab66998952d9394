import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createSlowStart, slowStartFactor, STEPS, type SlowStart } from '../../src/control/slow-start.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';

const SETTINGS = { windowMs: 60_000, aggression: 1, minWeightRatio: 0.1 };

function start(): { clock: FakeClock; slowStart: SlowStart; steps: number[] } {
  const clock = createFakeClock();
  const steps: number[] = [];
  const slowStart = createSlowStart({ settings: SETTINGS, clock, onStep: () => steps.push(clock.now() - 1_000) });
  return { clock, slowStart, steps };
}

describe('slow start', () => {
  // Envoy `slow_start.rst` and `load_balancer_impl_test.cc`.
  it.each([
    [1, 0, 0.1],
    [1, 3, 0.1],
    [1, 6, 0.1],
    [1, 15, 0.25],
    [1, 30, 0.5],
    [1, 60, 1],
    [0.5, 6, 0.1],
    [0.5, 30, 0.25],
    [2, 15, 0.5],
  ])('at an aggression of %d gives after %d s of 60 a share of %d', (aggression, seconds, share) => {
    expect(slowStartFactor(seconds * 1_000, { ...SETTINGS, aggression })).toBeCloseTo(share, 12);
  });

  it('rises, from the least to all of the weight', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(60_000),
        fc.nat(60_000),
        (aggression, minWeightRatio, one, other) => {
          const settings = { windowMs: 60_000, aggression, minWeightRatio };
          const [early, late] = [Math.min(one, other), Math.max(one, other)];
          expect(slowStartFactor(early, settings)).toBeLessThanOrEqual(slowStartFactor(late, settings));
          expect(slowStartFactor(early, settings)).toBeGreaterThanOrEqual(minWeightRatio);
          expect(slowStartFactor(early, settings)).toBeGreaterThan(0);
          expect(slowStartFactor(60_000, settings)).toBe(1);
        },
      ),
    );
  });

  it('steps while somebody is warming, and then no more', () => {
    const { clock, slowStart, steps } = start();
    expect(slowStart.factors()).toBeUndefined();
    slowStart.entered('a');
    clock.advance(30_000);
    slowStart.entered('b');
    expect(slowStart.factors()).toEqual(
      new Map([
        ['a', 0.5],
        ['b', 0.1],
      ]),
    );
    clock.advance(30_000);
    expect(slowStart.factors()).toEqual(new Map([['b', 0.5]]));
    clock.advance(600_000);
    expect(slowStart.factors()).toBeUndefined();
    expect(steps).toEqual(Array.from({ length: (STEPS * 3) / 2 }, (_, n) => (n + 1) * 3_000));
    expect(clock.pendingTimers).toBe(0);
  });

  it('forgets who leaves, and begins anew with who comes back', () => {
    const { clock, slowStart } = start();
    slowStart.entered('a');
    clock.advance(30_000);
    slowStart.left('a');
    expect(slowStart.factors()).toBeUndefined();
    clock.advance(3_000);
    expect(clock.pendingTimers).toBe(0);
    slowStart.entered('a');
    expect(slowStart.factors()?.get('a')).toBe(0.1);
    slowStart.close();
    expect([slowStart.factors(), clock.pendingTimers]).toEqual([undefined, 0]);
  });
});
