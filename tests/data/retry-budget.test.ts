import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createRetryBudget, type RetryBudget } from '../../src/data/retry-budget.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

const DEFAULTS = { ratio: 0.2, minPerSecond: 3, ttlMs: 10_000 };

function drain(budget: RetryBudget): number {
  let retries = 0;
  while (budget.tryWithdraw()) retries++;
  return retries;
}

function afterCalls(calls: number, settings: Partial<typeof DEFAULTS> = {}): RetryBudget {
  const budget = createRetryBudget({ ...DEFAULTS, ...settings }, createFakeClock());
  for (let call = 0; call < calls; call++) budget.deposit();
  return budget;
}

describe('the retry budget', () => {
  it.each([
    // calls, 0.2 · calls + min(30, 2 · √calls), rounded down
    // Nobody else within the window: the call that asks, which began before it.
    [0, 2],
    [1, 2],
    [4, 4],
    [10, 8],
    [25, 15],
    [100, 40],
    [225, 75],
    [1_000, 230],
    [10_000, 2_030],
  ])('lets %i calls within the window make %i retries', (calls, retries) => {
    const budget = afterCalls(calls);
    const floor = Math.floor(Math.min(30, 2 * Math.sqrt(Math.max(1, calls))));
    expect(budget.level()).toEqual({ ratio: 0.2, available: retries, floor, calls, spent: 0, refused: 0 });
    expect(drain(budget)).toBe(retries);
    expect(budget.level()).toEqual({ ratio: 0.2, available: 0, floor, calls, spent: retries, refused: 1 });
  });

  it('gives nothing out while retries are futile, and keeps what was saved', () => {
    let futile = true;
    const budget = createRetryBudget(DEFAULTS, createFakeClock(), () => futile);
    for (let call = 0; call < 100; call++) budget.deposit();
    expect([budget.tryWithdraw(), budget.level().available]).toEqual([false, 0]);
    futile = false;
    expect(budget.level().available).toBe(40);
    expect(drain(budget)).toBe(40);
  });

  it('refuses nothing when every call may be retried, and everything when none may', () => {
    expect(drain(afterCalls(100, { ratio: 1, minPerSecond: 0 }))).toBe(100);
    expect(drain(afterCalls(100, { ratio: 0, minPerSecond: 0 }))).toBe(0);
    expect(drain(afterCalls(100, { ratio: 0 }))).toBe(20);
  });

  it('forgets calls and retries after ttlMs, without any traffic', () => {
    const clock = createFakeClock();
    const budget = createRetryBudget(DEFAULTS, clock);
    for (let call = 0; call < 100; call++) budget.deposit();
    clock.advance(10_000);
    expect(budget.level()).toMatchObject({ available: 2, calls: 0 });
    expect(drain(budget)).toBe(2);
    clock.advance(10_000);
    budget.deposit();
    expect(drain(budget)).toBe(2);
  });

  it('lends nothing after two retries in a row in vain, until one helps or ttlMs has gone by', () => {
    const clock = createFakeClock();
    const budget = createRetryBudget(DEFAULTS, clock);
    for (let call = 0; call < 25; call++) budget.deposit();
    const available = (): number => budget.level().available;
    budget.retried(false);
    expect(available()).toBe(15);
    budget.retried(true);
    budget.retried(false);
    expect(available()).toBe(15);
    budget.retried(false);
    // What calls have paid for is theirs.
    expect([available(), budget.level().floor]).toEqual([5, 0]);
    budget.retried(true);
    expect(available()).toBe(15);
    budget.retried(false);
    budget.retried(false);
    clock.advance(9_999);
    budget.deposit();
    expect(budget.level().floor).toBe(0);
    clock.advance(1);
    expect(available()).toBe(2);
    // The two before are forgotten.
    budget.retried(false);
    expect(available()).toBe(2);
    budget.retried(false);
    expect(available()).toBe(0);
  });

  it('makes at most two retries more than its share while none helps', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2), { maxLength: 300 }), (wanted) => {
        const budget = createRetryBudget(DEFAULTS, createFakeClock());
        let retries = 0;
        wanted.forEach((want, index) => {
          budget.deposit();
          for (let retry = 0; retry < want && budget.tryWithdraw(); retry++, retries++) budget.retried(false);
          expect(retries).toBeLessThanOrEqual(Math.max(2, 0.2 * (index + 1)) + 1e-9);
        });
      }),
    );
  });

  it('never gives more than the share and the floor within a window, whatever the order of calls and retries', () => {
    const settings = fc.record({
      ratio: fc.constantFrom(0, 0.1, 0.2, 0.25, 0.5, 0.75, 1),
      minPerSecond: fc.constantFrom(0, 0.5, 3, 10),
      ttlMs: fc.constant(10_000),
    });
    fc.assert(
      fc.property(settings, fc.array(fc.boolean(), { maxLength: 500 }), (chosen, steps) => {
        const budget = createRetryBudget(chosen, createFakeClock());
        let calls = 0;
        let retries = 0;
        for (const isCall of steps) {
          if (isCall) {
            calls++;
            budget.deposit();
          } else if (budget.tryWithdraw()) {
            retries++;
          }
          const floor = Math.min(chosen.minPerSecond * 10, 2 * Math.sqrt(Math.max(1, calls)));
          // Prices are whole thousandths of a call, so that 0.75 is 0.7502: one in a thousand.
          expect(retries).toBeLessThanOrEqual(chosen.ratio * calls * 1.001 + floor + 1e-9);
        }
      }),
    );
  });

  it('holds many small clients of a failing service to a floor that shrinks with them', () => {
    // Fifty clients, each with two calls a second for a minute, every attempt failing, up to two retries a call.
    let calls = 0;
    let retries = 0;
    for (let client = 0; client < 50; client++) {
      const clock = createFakeClock();
      const budget = createRetryBudget(DEFAULTS, clock);
      for (let call = 0; call < 120; call++) {
        calls++;
        budget.deposit();
        if (budget.tryWithdraw()) retries++;
        if (budget.tryWithdraw()) retries++;
        clock.advance(500);
      }
    }
    // In a window of 20 calls: 0.2 · 20 + 2 · √20 = 13 retries, 65 %. A fixed floor of 3 a second would allow all 40 of 40.
    expect(retries / calls).toBeLessThan(0.7);
    expect(retries / calls).toBeGreaterThan(0.5);
  });
});
