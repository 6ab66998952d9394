/**
 * Calls that wait for a place while too much is in flight: first come, first served, so many at a time and for so long.
 * A queue absorbs a burst and nothing else: against a service that is too slow for its load it only adds to the wait,
 * which is why it is short, bounded and off by default.
 *
 * Nobody overtakes: a place that falls free is offered to the first in the queue before anybody else can ask for it.
 */

import type { Clock } from '../../core/clock.js';
import type { FairleadError } from '../../core/errors.js';
import { limitExceeded } from '../call-refusals.js';
import { createWaitingRoom, type Done } from '../waiting-room.js';
import type { LimitQueueSettings } from './limit-queue-settings.js';

export interface WaitQueue {
  /** Calls `done` once; without a refusal there is a place, to be taken at once. Disposing the result leaves without a word. */
  enter(timeoutMs: number, done: Done): Disposable;
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
  const room = createWaitingRoom(clock);
  return {
    enter(timeoutMs, done) {
      if (room.size >= settings.size) {
        done(limitExceeded(service, `, and ${room.size} wait already`));
        return NOTHING;
      }
      const waitMs = Math.max(0, Math.min(settings.timeoutMs, timeoutMs));
      const reason = (): FairleadError =>
        limitExceeded(service, `, and no place fell free within ${Math.round(waitMs)} ms`);
      return room.enter(waitMs, reason, done);
    },
    admit: () => room.admit(hasPlace),
    close: (refusal) => room.release(refusal),
    get size() {
      return room.size;
    },
  };
}
