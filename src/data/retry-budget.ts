/**
 * What retries and hedges of one service may cost together: a share of its recent calls, after Finagle's `RetryBudget`,
 * with a floor that lets a quiet client retry at all.
 *
 * The floor is not fixed. A fixed 3 retries a second is nothing to a client of 1,000 calls a second and more than the
 * traffic of one with two; fifty such clients retry a failing service into the ground. So the floor is 2·√n for n calls in the
 * window, and never more than `minPerSecond`: two standard deviations of a Poisson count, which is how many more
 * calls than usual chance alone may let fail together. Of n calls at most 0.2 n + 2·√n are retried, whatever happens.
 */

import type { Clock } from '../core/clock.js';
import { createExpiringSum } from '../kit/expiring-sum.js';
import { createLeakyBucket, DEPOSIT, withdrawalFor } from '../kit/leaky-bucket.js';
import type { RetryBudgetSettings } from './retry-settings.js';

export interface RetryBudget {
  /** A call begins. Once per call, not per attempt. @param nowMs clock time, where the caller has just read it */
  deposit(nowMs?: number): void;
  /** Takes the price of one retry, if it is there. */
  tryWithdraw(): boolean;
  /** Somebody else's retry goes through here: its price is taken whether it is there or not, and own retries wait until it is earned again. */
  charge(): void;
  level(): RetryBudgetLevel;
}

/** For snapshots. */
export interface RetryBudgetLevel {
  /** Retries per call, as configured. */
  readonly ratio: number;
  /** Retries that could be made now. */
  readonly available: number;
  /** Calls that count: those of the last `ttlMs`. */
  readonly calls: number;
}

/** Slots that calls expire in: as many as the bucket's, so that calls and what they paid in expire together. */
const SLOTS = 10;

/** @param settings default: ratio 0.2, minPerSecond 3, ttlMs 10 000 */
export function createRetryBudget(settings: RetryBudgetSettings, clock: Clock): RetryBudget {
  const { ratio, minPerSecond, ttlMs } = settings;
  const deposit = ratio > 0 ? DEPOSIT : 0;
  const price = withdrawalFor(ratio);
  const floorLimit = (minPerSecond * ttlMs) / 1_000;
  const bucket = createLeakyBucket(ttlMs, clock);
  const calls = createExpiringSum({ windowMs: ttlMs, slots: SLOTS, originMs: clock.now() });

  // At least the one that asks, though it may have begun before the window: an attempt can take as long to time out.
  const floor = (): number => Math.min(floorLimit, 2 * Math.sqrt(Math.max(1, calls.total(clock.now())))) * price;

  return {
    deposit(nowMs = clock.now()) {
      calls.add(1, nowMs);
      bucket.deposit(deposit, nowMs);
    },
    charge: () => void bucket.tryWithdraw(price, Infinity),
    tryWithdraw: () => bucket.tryWithdraw(price, floor()),
    level: () => ({
      ratio,
      available: Math.max(0, Math.floor((bucket.balance + floor()) / price)),
      calls: calls.total(clock.now()),
    }),
  };
}
