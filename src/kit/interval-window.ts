/**
 * Successes and failures of the last `windowMs`, true to time: what is older than the window is gone also when nothing
 * has happened since. (A window that moves only with traffic judges the next call by last night's.)
 */

import { createExpiringSum } from './expiring-sum.js';

export interface WindowTotals {
  readonly successes: number;
  readonly failures: number;
}

export interface IntervalWindow {
  record(ok: boolean, nowMs: number): void;
  totals(nowMs: number): WindowTotals;
  /** Forgets everything. */
  clear(): void;
}

/** @param buckets steps in which the window moves: it covers between (buckets − 1) / buckets of `windowMs` and all of it. @default 10 */
export function createIntervalWindow(windowMs: number, buckets: number = 10): IntervalWindow {
  const successes = createExpiringSum({ windowMs, slots: buckets });
  const failures = createExpiringSum({ windowMs, slots: buckets });
  return {
    record(ok, nowMs) {
      (ok ? successes : failures).add(1, nowMs);
    },
    totals: (nowMs) => ({ successes: successes.total(nowMs), failures: failures.total(nowMs) }),
    clear() {
      successes.clear();
      failures.clear();
    },
  };
}
