/**
 * Calls that wait for a place while too much is in flight: first come, first served, so many at a time and for so long.
 * A queue absorbs a burst and nothing else: against a service that is too slow for its load it only adds to the wait,
 * which is why it is short, bounded and off by default.
 *
 * Nobody overtakes: a place that falls free is offered to the first in the queue before anybody else can ask for it.
 */

import { holdProcess, type Clock } from '../../core/clock.js';
import type { FairleadError } from '../../core/errors.js';
import { limitExceeded } from '../call-refusals.js';
import type { LimitQueueSettings } from './limit-queue-settings.js';

/** Without a refusal: there is a place, to be taken at once. */
export type PlaceDone = (refusal: FairleadError | undefined) => void;

export interface WaitQueue {
  /** Calls `done` once; disposing the result leaves without a word. */
  enter(timeoutMs: number, done: PlaceDone): Disposable;
  /** Lets in as many as there are places for. */
  admit(): void;
  /** Sends everybody away. */
  close(refusal: FairleadError): void;
  readonly size: number;
}

export interface WaitQueueInput {
  readonly service: string;
  readonly settings: LimitQueueSettings;
  readonly clock: Clock;
  readonly hasPlace: () => boolean;
}

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };

export function createWaitQueue({ service, settings, clock, hasPlace }: WaitQueueInput): WaitQueue {
  /** In the order of their arrival. */
  const waiting = new Set<PlaceDone>();
  let admitting = false;

  return {
    enter(timeoutMs, done) {
      if (waiting.size >= settings.size) {
        done(limitExceeded(service, `, and ${waiting.size} wait already`));
        return NOTHING;
      }
      const waitMs = Math.max(0, Math.min(settings.timeoutMs, timeoutMs));
      // What is in flight may be leases, and a caller must not see the process exit while waiting for one.
      const hold = holdProcess();
      const leave = (): void => {
        waiting.delete(finish);
        timer[Symbol.dispose]();
        hold[Symbol.dispose]();
      };
      const finish: PlaceDone = (refusal) => {
        leave();
        done(refusal);
      };
      const timer = clock.setTimer(
        () => finish(limitExceeded(service, `, and no place fell free within ${Math.round(waitMs)} ms`)),
        waitMs,
      );
      waiting.add(finish);
      return { [Symbol.dispose]: leave };
    },
    admit() {
      // Whoever takes a place may fail at once, and give it back from in there.
      if (admitting) return;
      admitting = true;
      try {
        for (const first of waiting) {
          if (!hasPlace()) break;
          first(undefined);
        }
      } finally {
        admitting = false;
      }
    },
    close(refusal) {
      for (const finish of [...waiting]) finish(refusal);
    },
    get size() {
      return waiting.size;
    },
  };
}
