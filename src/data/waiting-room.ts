/** Those who wait for something that others decide: a service that has nobody to pick, or no place. First come, first served. */

import { holdProcess, type Clock } from '../core/clock.js';
import type { FairleadError } from '../core/errors.js';

/** Without a refusal: what was waited for is there. */
export type Done = (refusal: FairleadError | undefined) => void;

export interface WaitingRoom {
  /** Calls `done` once: when it is let go, or with `reason()` when the time is over. Disposing the result leaves without a word. */
  enter(timeoutMs: number, reason: () => FairleadError, done: Done): Disposable;
  /** Lets everybody go: on, or with the reason why that is pointless. */
  release(refusal: FairleadError | undefined): void;
  /** Lets them go on one by one, as long as there is a place for the next. */
  admit(hasPlace: () => boolean): void;
  readonly size: number;
}

export function createWaitingRoom(clock: Clock): WaitingRoom {
  /** In the order of their arrival. */
  const waiting = new Set<Done>();
  let admitting = false;
  return {
    enter(timeoutMs, reason, done) {
      // Nothing else may keep the process alive between two questions to discovery, or while others hold leases.
      const hold = holdProcess();
      const leave = (): void => {
        waiting.delete(finish);
        timer[Symbol.dispose]();
        hold[Symbol.dispose]();
      };
      const finish: Done = (refusal) => {
        leave();
        done(refusal);
      };
      const timer = clock.setTimer(() => finish(reason()), timeoutMs);
      waiting.add(finish);
      return { [Symbol.dispose]: leave };
    },
    release(refusal) {
      for (const finish of [...waiting]) finish(refusal);
    },
    admit(hasPlace) {
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
    get size() {
      return waiting.size;
    },
  };
}
