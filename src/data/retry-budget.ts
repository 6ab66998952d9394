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
 * Calls that fail together would all borrow before the first of their retries has come back. So where nothing at all went
 * well within the window, the floor lends two at a time, and whoever comes later waits for what these find.
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
  /** Takes the price of one rescue or hedge, if it is there. */
  tryWithdraw(): boolean;
  /**
   * Takes the price of one retry, if it is there; {@link retried} must follow. `later`: it would be lent if it were known
   * that there is anything to be found, and retries that are under way will tell.
   */
  askRetry(): 'yes' | 'no' | 'later';
  /** Wakes this one whenever there is news for those who were told `later`, until disposed. */
  awaitNews(waiter: Wakeable): Disposable;
  /** Somebody else's retry goes through here: its price is taken whether it is there or not, and own retries wait until it is earned again. */
  charge(): void;
  /** How a retry has ended; undefined when its caller gave up. */
  retried(helped: boolean | undefined): void;
  /** A call got an answer that need not be retried. */
  answered(nowMs: number): void;
  level(): RetryBudgetLevel;
}

export interface Wakeable {
  wake(): void;
}

/** For snapshots. */
export interface RetryBudgetLevel {
  /** Retries per call, as configured. */
  readonly ratio: number;
  /** Retries that could be made now. */
  readonly available: number;
  /** Of the quiet client's floor, how many retries may be lent now: 0 while they were in vain, at most 2 while nothing went well. */
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
  /** When something last went well. */
  let provenAtMs = Number.NEGATIVE_INFINITY;
  let underWay = 0;
  const waiters = new Set<Wakeable>();

  const floor = (now: number): number => {
    if (inVain >= ENOUGH_IN_VAIN && now - lastInVainAtMs < ttlMs) return 0;
    // At least the one that asks, though it may have begun before the window: an attempt can take as long to time out.
    return Math.min(floorLimit, 2 * Math.sqrt(Math.max(1, calls.total(now))));
  };
  /** How many retries may be lent before those under way have told. */
  const trials = (now: number): number => {
    if (now - provenAtMs < ttlMs) return Infinity;
    return Math.max(0, ENOUGH_IN_VAIN - underWay - (now - lastInVainAtMs < ttlMs ? inVain : 0));
  };
  const count = (granted: boolean, now: number): boolean => {
    (granted ? spent : refused).add(1, now);
    return granted;
  };
  const wakeAll = (): void => {
    for (const waiter of waiters) waiter.wake();
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
      const now = clock.now();
      return count(!isFutile() && bucket.tryWithdraw(price, floor(now) * price), now);
    },
    askRetry() {
      const now = clock.now();
      const reserve = floor(now) * price;
      const { balance } = bucket;
      if (!isFutile() && balance < price && balance + reserve >= price && trials(now) === 0) return 'later';
      if (!count(!isFutile() && bucket.tryWithdraw(price, reserve), now)) return 'no';
      underWay++;
      return 'yes';
    },
    awaitNews(waiter) {
      waiters.add(waiter);
      return { [Symbol.dispose]: () => void waiters.delete(waiter) };
    },
    retried(helped) {
      underWay--;
      const now = clock.now();
      if (helped === true) {
        inVain = 0;
        provenAtMs = now;
      } else if (helped === false) {
        inVain = now - lastInVainAtMs < ttlMs ? inVain + 1 : 1;
        lastInVainAtMs = now;
      }
      wakeAll();
    },
    answered(nowMs) {
      const wasProven = nowMs - provenAtMs < ttlMs;
      provenAtMs = nowMs;
      if (!wasProven) wakeAll();
    },
    level() {
      const now = clock.now();
      const lent = trials(now);
      const saved = bucket.balance / price;
      return {
        ratio,
        available: isFutile() ? 0 : Math.max(0, Math.floor(Math.min(saved + floor(now), Math.max(0, saved) + lent))),
        floor: Math.floor(Math.min(floor(now), lent)),
        calls: calls.total(now),
        spent: spent.total(now),
        refused: refused.total(now),
      };
    },
  };
}
