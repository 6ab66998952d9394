import type { Clock } from '../core/clock.js';
import { linkSignal } from './link-signal.js';

/**
 * Waits in the background: for loops that nobody waits for, which therefore must not keep the process alive (`sleep`
 * does). Ends early, and never by an error, when one of the signals aborts or has already.
 */
export function pause(clock: Clock, ms: number, ...signals: readonly AbortSignal[]): Promise<void> {
  if (ms <= 0 || signals.some(({ aborted }) => aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer[Symbol.dispose]();
      for (const unlink of unlinks) unlink();
      resolve();
    };
    const timer = clock.setTimer(end, ms);
    const unlinks = signals.map((signal) => linkSignal(signal, end));
  });
}
