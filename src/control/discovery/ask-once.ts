/** One question that always ends: in an answer, an error, or a timeout, whatever the resolver does with its signal. */

import type { Clock } from '../../core/clock.js';
import { linkSignal } from '../../kit/link-signal.js';

export interface AskOptions {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** Ends the question early. */
  readonly signal: AbortSignal;
}

/**
 * Asks, and stops waiting after `timeoutMs` or when `signal` aborts. The question's own signal is aborted then, as a
 * request to clean up; a resolver that ignores it is simply no longer listened to.
 */
export function askOnce<T>(question: (signal: AbortSignal) => Promise<T>, options: AskOptions): Promise<T> {
  const { clock, timeoutMs, signal } = options;
  return new Promise<T>((resolve, reject) => {
    // The reason is the resolver's own value and goes on as it is.
    const fail: (reason: unknown) => void = reject;
    const controller = new AbortController();
    const abandon = (reason: unknown): void => {
      end();
      controller.abort(reason);
      fail(reason);
    };
    const timer = clock.setTimer(() => abandon(timeoutError(timeoutMs)), timeoutMs);
    let unlink = (): void => {};
    const end = (): void => {
      timer[Symbol.dispose]();
      unlink();
    };
    unlink = linkSignal(signal, abandon);
    if (signal.aborted) return;

    // Through a promise, so that a resolver that throws at once, or answers without one, is treated alike.
    new Promise<T>((answer) => answer(question(controller.signal))).then(
      (answer) => {
        end();
        resolve(answer);
      },
      (error: unknown) => {
        end();
        fail(error);
      },
    );
  });
}

function timeoutError(timeoutMs: number): Error {
  const error = new Error(`no answer within ${timeoutMs} ms`);
  error.name = 'TimeoutError';
  return error;
}
