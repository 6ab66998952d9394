/** A time limit that moves: for streams, which may last for ever as long as they are not silent. */

import type { Clock } from '../core/clock.js';
import { linkSignal } from './link-signal.js';

export interface MovableDeadline extends Disposable {
  /** Aborts when the limit is reached, or when the parent does. */
  readonly signal: AbortSignal;
  /** Rejects then, with the signal's reason; stays as it is after disposal. Somebody must wait for it. */
  readonly expired: Promise<never>;
  /** From now on, in place of what was set before. @param why what the error says */
  set(delayMs: number, why: string): void;
}

export function createMovableDeadline(clock: Clock, parent: AbortSignal): MovableDeadline {
  const controller = new AbortController();
  const { signal } = controller;
  const unlink = linkSignal(parent, (reason) => controller.abort(reason));
  let timer: Disposable | undefined;
  /** Moved with every piece of a stream, and a timer for each would be a waste: it is set again when it fires early. */
  let dueMs = 0;
  let words = '';

  function check(): void {
    const leftMs = dueMs - clock.now();
    if (leftMs > 0) timer = clock.setTimer(check, leftMs);
    else controller.abort(timeoutError(words));
  }

  return {
    signal,
    expired: new Promise((_, reject) => {
      // The reason is the parent's own value and goes on as it is.
      const fail: (reason: unknown) => void = reject;
      linkSignal(signal, fail);
    }),
    set(delayMs, why) {
      if (signal.aborted) return;
      const sooner = clock.now() + delayMs < dueMs;
      dueMs = clock.now() + delayMs;
      words = why;
      if (timer !== undefined && !sooner) return;
      timer?.[Symbol.dispose]();
      timer = clock.setTimer(check, delayMs);
    },
    [Symbol.dispose]() {
      unlink();
      timer?.[Symbol.dispose]();
    },
  };
}

function timeoutError(message: string): Error {
  const error = new Error(message);
  error.name = 'TimeoutError';
  return error;
}
