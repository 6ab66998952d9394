/**
 * How long an attempt waits for its response headers. One timer serves two limits: on its way to the timeout it stops
 * where the attempt is overdue and may get company. An upload that makes progress moves both.
 */

import type { SharedTimer, SharedWait } from '../kit/shared-timer.js';
import type { HedgePolicy } from './hedging/hedge-policy.js';

/** What was refused company may have it later: others may answer by then. Milliseconds. */
const OVERDUE_AGAIN_MS = 1_000;

/** A timer that fires later than this says more about our own event loop than about any endpoint. Milliseconds. */
const STALL_MS = 100;

/** Who waits. */
export interface TimedWait {
  /** It has waited too long for its owner, but not for its timeout. */
  overdue(): void;
  /** `lateMs`: how much later than due the timer fired. */
  timedOut(lateMs: number): void;
}

export class AttemptTimer implements SharedWait {
  /** Clock time of the timeout. */
  timeoutAtMs = 0;
  dueMs = 0;
  before: SharedWait | undefined;
  after: SharedWait | undefined;
  waiting = false;
  private readonly wait: TimedWait;
  private readonly timers: SharedTimer;
  /** When it will have waited too long for its owner. */
  private overdueAtMs = Infinity;
  /** Where the wait is counted while it lasts. */
  private countedBy: HedgePolicy | undefined;

  constructor(wait: TimedWait, timers: SharedTimer) {
    this.wait = wait;
    this.timers = timers;
  }

  /** @param hedging counts the wait until {@link stop} */
  start(nowMs: number, timeoutAtMs: number, patienceMs: number, hedging: HedgePolicy | undefined): void {
    this.timeoutAtMs = timeoutAtMs;
    this.overdueAtMs = nowMs + patienceMs;
    this.countedBy = hedging;
    if (hedging !== undefined) hedging.waiting++;
    this.arm(nowMs);
  }

  /** Both limits count from now on. */
  move(nowMs: number, timeoutAtMs: number, patienceMs: number): void {
    this.timeoutAtMs = timeoutAtMs;
    if (this.overdueAtMs !== Infinity) this.overdueAtMs = nowMs + patienceMs;
  }

  stop(): void {
    this.timers.remove(this);
    if (this.countedBy === undefined) return;
    this.countedBy.waiting--;
    this.countedBy = undefined;
  }

  private arm(nowMs: number): void {
    this.timers.add(this, Math.min(this.timeoutAtMs, this.overdueAtMs), nowMs);
  }

  due(now: number): void {
    if (now >= this.timeoutAtMs) return this.wait.timedOut(now - this.timeoutAtMs);
    // Late by more than this, the event loop was at fault: what came meanwhile has still to be read.
    if (now - this.overdueAtMs > STALL_MS) this.overdueAtMs = now + STALL_MS;
    const overdue = now >= this.overdueAtMs;
    if (overdue) this.overdueAtMs = now + OVERDUE_AGAIN_MS;
    // Else the upload moved on since the timer was set.
    this.arm(now);
    if (overdue) this.wait.overdue();
  }
}
