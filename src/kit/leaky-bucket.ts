/**
 * The purse behind a retry budget: calls pay in, retries draw, and what nobody draws leaks away within `ttlMs`. That
 * bounds retries to a share of recent traffic, and savings from a quiet hour cannot fund a storm. After Finagle's
 * `LeakyTokenBucket` (`finagle-core/…/service/RetryBudget.scala`, `util`): ten slots of ttl / 10 that expire whole.
 *
 * A withdrawal is booked now, not against the deposits that cover it, so it lowers the balance for one whole `ttlMs`,
 * also after those deposits have expired: the balance can be negative for a while, and the error is on the strict side.
 */

import type { Clock } from '../core/clock.js';
import { createExpiringSum } from './expiring-sum.js';

export interface LeakyBucket {
  /** @param nowMs clock time, where the caller has just read it */
  deposit(amount: number, nowMs?: number): void;
  /**
   * Takes `amount` if the balance and the reserve cover it.
   * @param reserve lent on top of the balance, per `ttlMs`; may differ from call to call. @default 0
   */
  tryWithdraw(amount: number, reserve?: number): boolean;
  /** Deposits minus withdrawals within the last `ttlMs`, without any reserve. */
  readonly balance: number;
}

/** Expiry in steps of a tenth: Finagle's and tower's choice. */
const SLOTS = 10;

/**
 * What one call pays in. Amounts are integers, so a price must be one, too, and at a scale of 1 (tower's) a ratio of
 * 0.75 would cost trunc(1 / 0.75) = 1: every call a retry. At 1000 it costs 1333, which is a ratio of 0.7502.
 */
export const DEPOSIT = 1_000;

/** What one retry draws, so that `ratio` retries a call balance. At a ratio of 0 nothing should be deposited at all. */
export function withdrawalFor(ratio: number): number {
  return ratio > 0 ? Math.trunc(DEPOSIT / ratio) : DEPOSIT;
}

export function createLeakyBucket(ttlMs: number, clock: Clock): LeakyBucket {
  const sum = createExpiringSum({ windowMs: ttlMs, slots: SLOTS, originMs: clock.now() });
  return {
    deposit(amount, nowMs = clock.now()) {
      sum.add(amount, nowMs);
    },
    tryWithdraw(amount, reserve = 0) {
      const nowMs = clock.now();
      if (sum.total(nowMs) + reserve < amount) return false;
      sum.add(-amount, nowMs);
      return true;
    },
    get balance() {
      return sum.total(clock.now());
    },
  };
}
