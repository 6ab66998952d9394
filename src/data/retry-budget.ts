/**
 * What retries and hedges of one service may cost together: a share of its recent calls, after Finagle's `RetryBudget`,
 * with a floor that lets a quiet client retry at all.
 *
 * The floor is not fixed. A fixed 3 retries a second is nothing to a client of 1,000 calls a second and more than the
 * traffic of one with two; fifty such clients retry a failing service into the ground. So the floor is 2·√n for n calls in the
 * window, and never more than `minPerSecond`: two standard deviations of a Poisson count, which is how many more
 * calls than usual chance alone may let fail together. Of n calls at most 0.2 n + 2·√n are retried, whatever happens.
 *
 * Nor is it lent in vain. It is there because another try may find what the first one did not; two in a row that found
 * nothing say that there is nothing to be found, and it is closed until one helps, or until they are forgotten. A young
 * client of a service that is down thus makes two tries more than calls, and not two more for each; so does every layer
 * of a chain above it.
 *
 * A share of the calls is too much for a service that cannot even do the calls. The throttle sees that, and then nothing
 * is given out.
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
  /** How a retry has ended. */
  retried(helped: boolean): void;
  level(): RetryBudgetLevel;
}

/** For snapshots. */
export interface RetryBudgetLevel {
  /** Retries per call, as configured. */
  readonly ratio: number;
  /** Retries that could be made now. */
  readonly available: number;
  /** Of the quiet client's floor, how many retries may be lent now; 0 while they were in vain. */
  readonly floor: number;
  /** Retries, rescues and hedges of the last `ttlMs`, and retries of others that went through here. */
  readonly spent: number;
  /** Those that the budget had nothing left for in the last `ttlMs`. */
  readonly refused: number;
  /** Calls that count: those of the last `ttlMs`. */
  readonly calls: number;
}

/** Slots that calls expire in: as many as the bucket's, so that calls and what they paid in expire together. */
const SLOTS = 10;

/** Retries in vain, in a row, that close the floor: a call's own two, of the three attempts that it has. */
const ENOUGH_IN_VAIN = 2;

/**
 * @param settings default: ratio 0.2, minPerSecond 3, ttlMs 10 000
 * @param isFutile the service is overloaded: nothing is given out, whatever was saved
 */
export function createRetryBudget(
  settings: RetryBudgetSettings,
  clock: Clock,
  isFutile: () => boolean = () => false,
): RetryBudget {
  const { ratio, minPerSecond, ttlMs } = settings;
  const deposit = ratio > 0 ? DEPOSIT : 0;
  const price = withdrawalFor(ratio);
  const floorLimit = (minPerSecond * ttlMs) / 1_000;
  const bucket = createLeakyBucket(ttlMs, clock);
  const window = { windowMs: ttlMs, slots: SLOTS, originMs: clock.now() };
  const [calls, spent, refused] = [createExpiringSum(window), createExpiringSum(window), createExpiringSum(window)];
  let inVain = 0;
  let lastInVainAtMs = Number.NEGATIVE_INFINITY;

  const floor = (): number => {
    const now = clock.now();
    if (inVain >= ENOUGH_IN_VAIN && now - lastInVainAtMs < ttlMs) return 0;
    // At least the one that asks, though it may have begun before the window: an attempt can take as long to time out.
    return Math.min(floorLimit, 2 * Math.sqrt(Math.max(1, calls.total(now))));
  };

  return {
    deposit(nowMs = clock.now()) {
      calls.add(1, nowMs);
      bucket.deposit(deposit, nowMs);
    },
    charge() {
      bucket.tryWithdraw(price, Infinity);
      spent.add(1, clock.now());
    },
    tryWithdraw() {
      const granted = !isFutile() && bucket.tryWithdraw(price, floor() * price);
      (granted ? spent : refused).add(1, clock.now());
      return granted;
    },
    retried(helped) {
      const now = clock.now();
      inVain = helped ? 0 : now - lastInVainAtMs < ttlMs ? inVain + 1 : 1;
      if (!helped) lastInVainAtMs = now;
    },
    level() {
      const now = clock.now();
      return {
        ratio,
        available: isFutile() ? 0 : Math.max(0, Math.floor(bucket.balance / price + floor())),
        floor: Math.floor(floor()),
        calls: calls.total(now),
        spent: spent.total(now),
        refused: refused.total(now),
      };
    },
  };
}
