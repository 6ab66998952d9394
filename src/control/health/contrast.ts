/**
 * Contrast: the endpoint that fails while its peers do not.
 *
 * Five failures in a row is the field's usual evidence, and it assumes that failures come as often as attempts do. Here
 * they do not: the picker avoids an endpoint from its first failure on, for seconds at a time, so a dead one may need
 * minutes to collect five. But how much a failure says depends on how rare failures are. Where one attempt in a thousand
 * fails, two in a row on the same endpoint are no accident; where one in ten does, two in a row happen all the time.
 *
 * So an endpoint is an outlier when failures in a row would come by chance less than once in a million times, at the
 * rate at which its peers have failed within the window. With clean peers that is two failures against a thousand good
 * answers, three against a hundred; with peers that fail themselves it is more than the usual five, which come first.
 */

import { createIntervalWindow } from '../../kit/interval-window.js';
import { PEER_ANSWERS } from './silence.js';

/** At 1000 attempts a second and one failure in a thousand, chance alone takes an endpoint out every quarter of an hour. */
export const CHANCE = 1e-6;

/** One failure is what any endpoint does now and then. */
export const FEWEST_IN_A_ROW = 2;

export interface Contrast {
  /** An attempt at any endpoint of the service ended. */
  note(ok: boolean, nowMs: number): void;
  /** Whether `inARow` failures of one endpoint stand out from what its peers show. */
  standsOut(inARow: number, nowMs: number): boolean;
  /** How the peers do, behind a verdict. */
  inWords(inARow: number, nowMs: number): string;
}

export function createContrast(windowMs: number): Contrast {
  const window = createIntervalWindow(windowMs);

  function peers(inARow: number, nowMs: number): { good: number; bad: number } {
    const { successes, failures } = window.totals(nowMs);
    return { good: successes, bad: Math.max(0, failures - inARow) };
  }

  return {
    note: (ok, nowMs) => window.record(ok, nowMs),
    standsOut(inARow, nowMs) {
      const { good, bad } = peers(inARow, nowMs);
      if (inARow < FEWEST_IN_A_ROW || good < PEER_ANSWERS) return false;
      // Laplace's rule of succession: nothing seen yet is no proof that failures are rare.
      return ((bad + 1) / (good + bad + 2)) ** inARow <= CHANCE;
    },
    inWords(inARow, nowMs) {
      const { good, bad } = peers(inARow, nowMs);
      return `${inARow} failures in a row and no success, while ${good} of ${good + bad} attempts at the others succeeded within ${windowMs} ms`;
    },
  };
}
