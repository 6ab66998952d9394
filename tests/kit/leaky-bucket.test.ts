import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createLeakyBucket, DEPOSIT, withdrawalFor } from '../../src/kit/leaky-bucket.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

/** A retry budget the way Finagle builds one from the bucket. */
function createBudget(ttlMs: number, minPerSecond: number, ratio: number) {
  const clock = createFakeClock(1_099);
  const bucket = createLeakyBucket(ttlMs, clock);
  const price = withdrawalFor(ratio);
  const reserve = ((minPerSecond * ttlMs) / 1_000) * price;
  return {
    clock,
    deposit: () => bucket.deposit(DEPOSIT),
    withdraw: () => bucket.tryWithdraw(price, reserve),
    drain: () => {
      let drawn = 0;
      while (bucket.tryWithdraw(price, reserve)) drawn++;
      return drawn;
    },
  };
}

describe('the leaky bucket', () => {
  it('keeps the balance of the last ttl', () => {
    const clock = createFakeClock();
    const bucket = createLeakyBucket(10_000, clock);
    bucket.deposit(5);
    clock.advance(5_000);
    bucket.deposit(3);
    expect(bucket.tryWithdraw(9)).toBe(false);
    expect(bucket.tryWithdraw(8)).toBe(true);
    expect(bucket.balance).toBe(0);
    // The first deposit has expired, the withdrawal that it paid for has not: strict for a while.
    clock.advance(5_000);
    expect(bucket.balance).toBe(-5);
    clock.advance(5_000);
    expect(bucket.balance).toBe(0);
  });

  it('lends from a reserve that may change from call to call', () => {
    const bucket = createLeakyBucket(10_000, createFakeClock());
    expect(bucket.tryWithdraw(1)).toBe(false);
    expect(bucket.tryWithdraw(1, 1)).toBe(true);
    expect(bucket.tryWithdraw(1, 1)).toBe(false);
    expect(bucket.tryWithdraw(1, 2)).toBe(true);
  });

  it.each([
    [0.2, 5_000],
    [0.3, 3_333],
    [0.75, 1_333],
    [1, 1_000],
    [2, 500],
    [0, 1_000],
  ])('sells a retry at a ratio of %d for %d', (ratio, price) => {
    expect(withdrawalFor(ratio)).toBe(price);
  });
});

describe("tower's budget vectors", () => {
  it('keeps both deposits alive until 901 ms of a second', () => {
    const budget = createBudget(1_000, 0, 0.5);
    budget.deposit();
    budget.deposit();
    budget.clock.advance(901);
    expect(budget.withdraw()).toBe(true);
    expect(budget.withdraw()).toBe(false);
  });

  it('drops the first of three deposits at 0, 301 and 1102 ms, and has two left', () => {
    const budget = createBudget(1_000, 0, 0.5);
    budget.deposit();
    budget.clock.advance(301);
    budget.deposit();
    budget.clock.advance(801);
    budget.deposit();
    expect(budget.drain()).toBe(1);
  });

  it('lends five from a reserve of 5 a second', () => {
    expect(createBudget(1_000, 5, 1).drain()).toBe(5);
  });

  it('has nothing left of a deposit after three seconds', () => {
    const budget = createBudget(1_000, 0, 1);
    budget.deposit();
    budget.clock.advance(3_000);
    expect(budget.withdraw()).toBe(false);
  });
});

describe("Finagle's invariant", () => {
  it.each([0.1, 0.25, 0.5, 0.75, 0.99])('n deposits allow n · %d + ttl · min retries, give or take one', (ratio) => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(20), (n, minPerSecond) => {
        const budget = createBudget(10_000, minPerSecond, ratio);
        for (let call = 0; call < n; call++) budget.deposit();
        expect(Math.abs(budget.drain() - (n * ratio + 10 * minPerSecond))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 30 },
    );
  });

  it('never lets more through in any ttl than its deposits of two ttls and its reserve cover', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ waitMs: fc.nat(500), retry: fc.boolean() }), { maxLength: 300 }), (steps) => {
        const budget = createBudget(1_000, 2, 0.5);
        const events: { at: number; retry: boolean }[] = [];
        for (const { waitMs, retry } of steps) {
          budget.clock.advance(waitMs);
          if (!retry) budget.deposit();
          if (!retry || budget.withdraw()) events.push({ at: budget.clock.now(), retry });
        }
        for (const { at } of events) {
          // A withdrawal stays booked for at least 0.9 ttl, and what it drew on is at most one ttl older.
          const retries = events.filter((event) => event.retry && event.at > at - 900 && event.at <= at).length;
          const calls = events.filter((event) => !event.retry && event.at > at - 1_900 && event.at <= at).length;
          expect(retries).toBeLessThanOrEqual(calls * 0.5 + 2);
        }
      }),
    );
  });
});
