import { holdProcess } from '../core/clock.js';
import type { Clock } from '../core/clock.js';
import { linkSignal } from './link-signal.js';

/**
 * Waits, and can be woken: rejects with `signal.reason` when the signal aborts, or has already. Leaves no timer and no
 * listener behind. The process stays alive meanwhile, since somebody waits for what comes after.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      rejectWith(reject, signal.reason);
      return;
    }
    const hold = holdProcess();
    const timer = clock.setTimer(() => {
      unlink();
      hold[Symbol.dispose]();
      resolve();
    }, ms);
    const unlink = linkSignal(signal, (reason) => {
      timer[Symbol.dispose]();
      hold[Symbol.dispose]();
      rejectWith(reject, reason);
    });
  });
}

/** The reason is the caller's own value and reaches the caller as it is, as with fetch. */
function rejectWith(reject: (reason: unknown) => void, reason: unknown): void {
  reject(reason);
}
