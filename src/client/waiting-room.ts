/** Those who wait until a service has somebody to pick. */

import { holdProcess, type Clock } from '../core/clock.js';
import type { FairleadError } from '../core/errors.js';

export type Done = (refusal: FairleadError | undefined) => void;

export interface WaitingRoom {
  /** Calls `done` once: by `release`, or with `reason()` when the time is over. Disposing the result leaves without a word. */
  enter(timeoutMs: number, reason: () => FairleadError, done: Done): Disposable;
  /** Lets everybody go: on to the pick, or with the reason why that is pointless. */
  release(refusal: FairleadError | undefined): void;
  readonly size: number;
}

export function createWaitingRoom(clock: Clock): WaitingRoom {
  const waiting = new Set<(refusal: FairleadError | undefined) => void>();
  return {
    enter(timeoutMs, reason, done) {
      // Between two questions to discovery nothing else may keep the process alive.
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
    get size() {
      return waiting.size;
    },
  };
}
