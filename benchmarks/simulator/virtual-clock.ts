/**
 * The clock of a simulated world. Nothing waits: time jumps from event to event.
 *
 * The library's calls are promises, and what a promise sets off has to happen before time moves on, however long the
 * chain. Node runs what `process.nextTick` was given when no microtask is left, so a microtask that asks for the next
 * tick comes back when all chains have run to their end. That costs a fraction of a microsecond per event and asks the
 * operating system for nothing, where a turn of the event loop (`setImmediate`) costs several.
 */

import type { Clock } from '../../src/core/clock.js';
import { EventQueue, type QueuedEvent } from './event-queue.js';

export interface VirtualClock extends Clock {
  /** Calls `run` after `delayMs`. */
  after(delayMs: number, run: () => void): QueuedEvent;
  /** Lets everything happen that is due until then, and what follows from it; ends early when `isOver` says so. */
  run(untilMs: number, isOver?: () => boolean): Promise<void>;
  /** How many events have happened. */
  readonly events: number;
}

class Timer implements Disposable {
  private readonly queue: EventQueue;
  private readonly event: QueuedEvent;

  constructor(queue: EventQueue, event: QueuedEvent) {
    this.queue = queue;
    this.event = event;
  }

  [Symbol.dispose](): void {
    this.queue.remove(this.event);
  }
}

/** Not 0, so that whoever takes 0 for "never" is caught. */
const START_MS = 1_000;

export function createVirtualClock(): VirtualClock {
  const queue = new EventQueue();
  let nowMs = START_MS;
  let events = 0;

  const after = (delayMs: number, run: () => void): QueuedEvent => queue.add(nowMs + Math.max(0, delayMs), run);

  return {
    now: () => nowMs,
    setTimer: (callback, delayMs) => new Timer(queue, after(delayMs, callback)),
    after,
    run: (untilMs, isOver = () => false) =>
      new Promise((resolve, reject) => {
        const step = (): void => {
          if (queue.nextDueMs > untilMs || isOver()) {
            if (!isOver()) nowMs = Math.max(nowMs, untilMs);
            resolve();
            return;
          }
          const event = queue.take() as QueuedEvent;
          nowMs = event.dueMs;
          events++;
          try {
            event.run();
          } catch (error) {
            reject(error instanceof Error ? error : new Error(String(error)));
            return;
          }
          queueMicrotask(whenQuiet);
        };
        const whenQuiet = (): void => process.nextTick(step);
        whenQuiet();
      }),
    get events() {
      return events;
    },
  };
}
