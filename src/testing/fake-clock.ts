/**
 * Virtual time. Timers fire in the order of their due time, then of their creation, and exactly when the test says so:
 * nothing here waits for the wall clock, so an hour of backoff takes microseconds and never flakes.
 *
 * A callback sees `now()` equal to its own due time, may set and dispose timers, and may advance the clock itself.
 */

import type { Clock } from '../core/clock.js';

export interface FakeClock extends Clock {
  /**
   * Moves time forward by `ms` (>= 0) and fires everything that falls due, synchronously. An error that a callback
   * throws ends the call at that callback's time.
   */
  advance(ms: number): void;
  /**
   * As {@link FakeClock.advance}, but lets promise chains run before, between and after the timers, so that a chain
   * that sets its next timer in a `then` gets it fired within the same call.
   */
  advanceAsync(ms: number, options?: AdvanceOptions): Promise<void>;
  /** How many timers are set and have neither fired nor been disposed. */
  readonly pendingTimers: number;
}

export interface AdvanceOptions {
  /**
   * Also gives the event loop a whole turn (`setImmediate`) at each step, for code that awaits real I/O such as a
   * stream or a loopback socket. Costs real time. @default false
   */
  readonly eventLoop?: boolean;
}

interface FakeTimer extends Disposable {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Await depth that is flushed at each step: the deepest chain in this library takes a dozen. */
const MICROTASK_TURNS = 64;

/** A timer that sets itself again with no delay would hold {@link FakeClock.advance} for ever; this many at one instant is a bug. */
const MAX_TIMERS_AT_ONE_INSTANT = 100_000;

/** @param startMs what `now()` says first. Not zero by default, so that code that takes zero for "never" is caught. */
export function createFakeClock(startMs: number = 1_000): FakeClock {
  let nowMs = startMs;
  // Sorted by due time; equal due times in order of creation.
  const timers: FakeTimer[] = [];
  let firedAtThisInstant = 0;

  function fireNext(untilMs: number): boolean {
    const timer = timers[0];
    if (timer === undefined || timer.dueMs > untilMs) return false;
    timers.shift();
    if (timer.dueMs > nowMs) {
      nowMs = timer.dueMs;
      firedAtThisInstant = 0;
    }
    if (++firedAtThisInstant > MAX_TIMERS_AT_ONE_INSTANT) {
      throw new Error(`FakeClock: more than ${MAX_TIMERS_AT_ONE_INSTANT} timers fell due at ${nowMs} ms`);
    }
    timer.callback();
    return true;
  }

  function target(ms: number): number {
    if (!(ms >= 0)) throw new RangeError(`FakeClock: cannot advance by ${ms} ms`);
    firedAtThisInstant = 0;
    return nowMs + ms;
  }

  // A callback may itself have advanced the clock past the target: time never goes back.
  function arrive(untilMs: number): void {
    nowMs = Math.max(nowMs, untilMs);
  }

  return {
    now: () => nowMs,
    setTimer(callback, delayMs) {
      // As the platform's timers do, a negative or missing delay means none.
      const dueMs = nowMs + (delayMs > 0 ? delayMs : 0);
      const timer: FakeTimer = {
        dueMs,
        callback,
        [Symbol.dispose]: () => {
          const index = timers.indexOf(timer);
          if (index >= 0) timers.splice(index, 1);
        },
      };
      timers.splice(insertionIndex(timers, dueMs), 0, timer);
      return timer;
    },
    advance(ms) {
      const untilMs = target(ms);
      while (fireNext(untilMs));
      arrive(untilMs);
    },
    async advanceAsync(ms, options) {
      const untilMs = target(ms);
      await settle(options);
      while (fireNext(untilMs)) await settle(options);
      arrive(untilMs);
      await settle(options);
    },
    get pendingTimers() {
      return timers.length;
    },
  };
}

/** After all timers that are due at `dueMs` or before. */
function insertionIndex(timers: readonly FakeTimer[], dueMs: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((timers[middle] as FakeTimer).dueMs <= dueMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function settle(options: AdvanceOptions | undefined): Promise<void> {
  if (options?.eventLoop === true) {
    // eslint-disable-next-line no-restricted-globals -- asked for by the test: the I/O that it waits for is real.
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let turn = 0; turn < MICROTASK_TURNS; turn++) await Promise.resolve();
}
