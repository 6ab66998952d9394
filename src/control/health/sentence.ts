/**
 * How long an ejection lasts: base × n for the nth, as in Envoy and gRFC A50, so that an endpoint that keeps failing is
 * tried ever more seldom. n is counted down by one for each base interval in use, so that a bad hour is forgotten.
 * Nothing ticks: the countdown is read off the time since the return.
 */

import type { Random } from '../../core/random.js';
import { jittered } from '../../kit/backoff.js';
import type { EjectionSettings } from './ejection-settings.js';

export interface Sentence {
  /** The count n as it stands: how often ejected, less what time has forgiven. Never negative. */
  times(nowMs: number): number;
  /** Begins the next, longer sentence; returns its length in milliseconds. */
  next(nowMs: number): number;
  /** Begins one as long as the last: the endpoint failed again, but in company. Its length in milliseconds. */
  repeat(): number;
  /** The endpoint is back in use: from now on time forgives. */
  served(nowMs: number): void;
}

export type SentenceSettings = Pick<EjectionSettings, 'baseEjectionMs' | 'maxEjectionMs' | 'jitterRatio'>;

/** Lengths are within min(base × n, max) × (1 ± jitterRatio), max being no less than base. */
export function createSentence(settings: SentenceSettings, random: Random): Sentence {
  const { baseEjectionMs, jitterRatio } = settings;
  const maxMs = Math.max(baseEjectionMs, settings.maxEjectionMs);
  // Counting past the cap would only mean that forgiveness takes longer to show (Envoy stops there too).
  const mostTimes = Math.ceil(maxMs / baseEjectionMs);
  let count = 0;
  let inUseSinceMs: number | undefined;

  function times(nowMs: number): number {
    if (inUseSinceMs === undefined) return count;
    return Math.max(0, count - Math.floor((nowMs - inUseSinceMs) / baseEjectionMs));
  }

  function lengthMs(): number {
    return jittered(Math.min(baseEjectionMs * count, maxMs), jitterRatio, random);
  }

  return {
    times,
    next(nowMs) {
      count = Math.min(mostTimes, times(nowMs) + 1);
      inUseSinceMs = undefined;
      return lengthMs();
    },
    repeat: lengthMs,
    served(nowMs) {
      inUseSinceMs = nowMs;
    },
  };
}
