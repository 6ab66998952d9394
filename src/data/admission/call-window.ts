/**
 * Calls of the recent past, and how many of them failed or were slow: either all of `windowMs`, or the last so many of
 * it. Both forget by the clock. A window that moves only with traffic would hold last night's failures against the
 * first call of the morning, as cockatiel's did.
 */

import { createExpiringSum, type ExpiringSum } from '../../kit/expiring-sum.js';

export interface CallWindow {
  record(failed: boolean, slow: boolean, nowMs: number): void;
  /** Forgets what is too old by now; the counts are those of the last time that this or `record` was called. */
  expire(nowMs: number): void;
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
}

/** @param windowCalls undefined for all calls of `windowMs` */
export function createCallWindow(windowMs: number, windowCalls: number | undefined): CallWindow {
  return windowCalls === undefined ? new TimeWindow(windowMs) : new CountWindow(windowMs, windowCalls);
}

/** Steps in which the window moves: it covers more than nine tenths of `windowMs`, and never more than all of it. */
const SLOTS = 10;

class TimeWindow implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  private readonly allSum: ExpiringSum;
  private readonly failureSum: ExpiringSum;
  private readonly slowSum: ExpiringSum;

  constructor(windowMs: number) {
    this.allSum = createExpiringSum({ windowMs, slots: SLOTS });
    this.failureSum = createExpiringSum({ windowMs, slots: SLOTS });
    this.slowSum = createExpiringSum({ windowMs, slots: SLOTS });
  }

  record(failed: boolean, slow: boolean, nowMs: number): void {
    this.allSum.add(1, nowMs);
    if (failed) this.failureSum.add(1, nowMs);
    if (slow) this.slowSum.add(1, nowMs);
    this.expire(nowMs);
  }

  expire(nowMs: number): void {
    this.calls = this.allSum.total(nowMs);
    this.failures = this.failureSum.total(nowMs);
    this.slow = this.slowSum.total(nowMs);
  }
}

const FAILED = 1;
const SLOW = 2;

class CountWindow implements CallWindow {
  calls = 0;
  failures = 0;
  slow = 0;
  private readonly windowMs: number;
  private readonly atMs: Float64Array;
  private readonly marks: Uint8Array;
  /** Where the oldest call stands. */
  private oldest = 0;

  constructor(windowMs: number, windowCalls: number) {
    this.windowMs = windowMs;
    this.atMs = new Float64Array(windowCalls);
    this.marks = new Uint8Array(windowCalls);
  }

  record(failed: boolean, slow: boolean, nowMs: number): void {
    this.expire(nowMs);
    const { length } = this.atMs;
    if (this.calls === length) this.drop();
    const place = (this.oldest + this.calls) % length;
    this.atMs[place] = nowMs;
    this.marks[place] = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    this.calls++;
    if (failed) this.failures++;
    if (slow) this.slow++;
  }

  expire(nowMs: number): void {
    while (this.calls > 0 && nowMs - (this.atMs[this.oldest] as number) >= this.windowMs) this.drop();
  }

  private drop(): void {
    const mark = this.marks[this.oldest] as number;
    if ((mark & FAILED) !== 0) this.failures--;
    if ((mark & SLOW) !== 0) this.slow--;
    this.oldest = (this.oldest + 1) % this.atMs.length;
    this.calls--;
  }
}
