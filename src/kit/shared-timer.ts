/**
 * Many waits over one timer of the clock. Every attempt waits for its timeout and hardly any reaches it, so that a timer
 * of the platform for each would be made, and cancelled, in vain: half a microsecond a call. Here a wait is a place in a
 * list, in order of time; the clock's timer is set for the first one, and stays when that one leaves, as long as there are
 * others.
 *
 * Waits of one service are about equally long: a new one comes last, or a few places before. One that is much shorter
 * than all others is put in its place by a walk along the list.
 */

import type { Clock } from '../core/clock.js';

/** Whoever waits. Its fields are the timer's. */
export interface SharedWait {
  /** Clock time at which it is called. */
  dueMs: number;
  before: SharedWait | undefined;
  after: SharedWait | undefined;
  waiting: boolean;
  /** Not before `dueMs`. */
  due(nowMs: number): void;
}

export class SharedTimer {
  private readonly clock: Clock;
  private first: SharedWait | undefined;
  private last: SharedWait | undefined;
  private timer: Disposable | undefined;
  private setForMs = Infinity;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** @param wait none that waits already */
  add(wait: SharedWait, dueMs: number, nowMs: number): void {
    let before = this.last;
    while (before !== undefined && before.dueMs > dueMs) before = before.before;
    const after = before === undefined ? this.first : before.after;
    wait.dueMs = dueMs;
    wait.waiting = true;
    wait.before = before;
    wait.after = after;
    if (before === undefined) this.first = wait;
    else before.after = wait;
    if (after === undefined) this.last = wait;
    else after.before = wait;
    if (dueMs < this.setForMs) this.set(dueMs, nowMs);
  }

  /** Does nothing to one that does not wait. */
  remove(wait: SharedWait): void {
    if (!wait.waiting) return;
    const { before, after } = wait;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    wait.waiting = false;
    wait.before = wait.after = undefined;
    if (this.first !== undefined) return;
    this.timer?.[Symbol.dispose]();
    this.timer = undefined;
    this.setForMs = Infinity;
  }

  private set(dueMs: number, nowMs: number): void {
    this.timer?.[Symbol.dispose]();
    this.setForMs = dueMs;
    this.timer = this.clock.setTimer(() => this.ring(), Math.max(0, dueMs - nowMs));
  }

  private ring(): void {
    this.timer = undefined;
    this.setForMs = Infinity;
    const nowMs = this.clock.now();
    try {
      for (let wait; (wait = this.first) !== undefined && wait.dueMs <= nowMs;) {
        this.remove(wait);
        wait.due(nowMs);
      }
    } finally {
      if (this.first !== undefined && this.first.dueMs < this.setForMs) this.set(this.first.dueMs, nowMs);
    }
  }
}
