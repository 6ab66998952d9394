import { describe, expect, it } from '@jest/globals';

import { createHedgePolicy } from '../../../src/data/hedging/hedge-policy.js';
import { DEFAULT_HEDGE_SETTINGS, type HedgeSettings } from '../../../src/data/hedging/hedge-settings.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';

function start(settings: Partial<HedgeSettings> = {}) {
  const clock = createFakeClock();
  const policy = createHedgePolicy({ ...DEFAULT_HEDGE_SETTINGS, ...settings }, clock);
  return {
    clock,
    policy,
    answers(count: number, latencyMs: number, endpoint = 'b') {
      for (let answer = 0; answer < count; answer++) policy.answered(endpoint, latencyMs);
    },
  };
}

describe('patience', () => {
  it('is a second before anything is known', () => {
    expect(start().policy.patienceMs()).toBe(1_000);
  });

  it('is eight times the p99, in whole milliseconds, and never less than rescueMinMs', () => {
    const quick = start();
    quick.answers(100, 50);
    expect(quick.policy.patienceMs()).toBe(1_000);
    const slow = start();
    slow.answers(98, 10);
    slow.answers(2, 200);
    // The bucket that holds 200 ms ends at 0.125 · 2^(64/6) ms = 203.19 ms.
    expect(slow.policy.patienceMs()).toBe(Math.ceil(8 * 0.125 * 2 ** (64 / 6)));
  });

  it('follows rescueMinMs and rescueFactor', () => {
    const { policy, answers } = start({ rescueMinMs: 100, rescueFactor: 2 });
    answers(10, 200);
    expect(policy.patienceMs()).toBe(Math.ceil(2 * 0.125 * 2 ** (64 / 6)));
  });

  it('is computed twice a second at most', () => {
    const { policy, answers, clock } = start();
    policy.patienceMs();
    answers(10, 1_000);
    clock.advance(499);
    expect(policy.patienceMs()).toBe(1_000);
    clock.advance(1);
    expect(policy.patienceMs()).toBeGreaterThan(8_000);
  });

  it('is without end when everything is off, and for ninety-nine answers under a quantile', () => {
    const { policy, answers, clock } = start({ rescue: false, quantile: 0.9 });
    answers(99, 100);
    expect(policy.patienceMs()).toBe(Infinity);
    answers(1, 100);
    clock.advance(500);
    expect(policy.patienceMs()).toBe(Math.ceil(0.125 * 2 ** (58 / 6)));
  });
});

describe('company', () => {
  it('is a rescue when another endpoint has answered since the attempt began', () => {
    const { policy, clock } = start();
    policy.waiting = 2;
    const startedAtMs = clock.now();
    clock.advance(1_000);
    expect(policy.allows('a', startedAtMs, 1_000)).toBeUndefined();
    policy.answered('a', 1);
    expect(policy.allows('a', startedAtMs, 1_000)).toBeUndefined();
    policy.answered('b', 1);
    expect(policy.allows('a', startedAtMs, 1_000)).toBe('rescue');
    // Its own later answers do not hide the other's.
    policy.answered('a', 1);
    expect(policy.allows('a', startedAtMs, 1_000)).toBe('rescue');
  });

  it('needs no witness when nobody else waits', () => {
    const { policy, clock } = start();
    policy.waiting = 1;
    clock.advance(1_000);
    expect(policy.allows('a', 0, 1_000)).toBe('rescue');
    policy.waiting = 2;
    expect(policy.allows('a', clock.now() - 1_000, 1_000)).toBeUndefined();
  });

  it('is refused while the wait is shorter than what the tail has become', () => {
    const { policy, answers } = start();
    answers(100, 500);
    policy.waiting = 1;
    expect(policy.allows('a', 0, 1_000)).toBeUndefined();
  });

  it('is a hedge below that, as far as its own share goes', () => {
    const { policy, answers } = start({ quantile: 0.95, maxRatio: 0.1 });
    answers(200, 5);
    for (let call = 0; call < 100; call++) policy.deposit();
    let hedges = 0;
    for (let attempt = 0; attempt < 100; attempt++) if (policy.allows('a', 0, 20) === 'hedge') hedges++;
    // A tenth of the calls, and the floor of one a second over ten seconds.
    expect(hedges).toBeGreaterThanOrEqual(10);
    expect(hedges).toBeLessThanOrEqual(20);
  });
});
