/**
 * Feeds a limit with what attempts tell: the average of a window of time, after Netflix' `WindowedLimit`, because one
 * latency of a service with a tail is no evidence of a queue. Whatever did not end well counts only as a word that it was
 * too much (overload, or a timeout), or not at all: a fast error must not look like a fast service.
 */

import type { Outcome } from '../../core/outcome.js';
import { Gradient2 } from './gradient2.js';
import type { AdaptiveLimitSettings } from './gradient-settings.js';

export interface AdaptiveLimit {
  /** Attempts that may be in flight now; a whole number. */
  readonly limit: number;
  /** @param inFlight this attempt included */
  settled(outcome: Outcome, latencyMs: number, inFlight: number, nowMs: number): void;
}

/** Answers that a step is taken by. */
const MIN_SAMPLES = 10;

export function createAdaptiveLimit(settings: AdaptiveLimitSettings): AdaptiveLimit {
  const gradient = new Gradient2(settings);
  let endsAtMs: number | undefined;
  let count = 0;
  let sumMs = 0;
  let most = 0;
  let tooMuch = false;

  return {
    get limit() {
      return Math.floor(gradient.limit);
    },
    settled(outcome, latencyMs, inFlight, nowMs) {
      endsAtMs ??= nowMs + settings.windowMs;
      most = Math.max(most, inFlight);
      if (outcome.kind === 'success') {
        count++;
        sumMs += latencyMs;
      } else if (outcome.kind === 'overload' || (outcome.kind === 'failure' && outcome.reason === 'timeout')) {
        tooMuch = true;
      }
      if (nowMs < endsAtMs || (count < MIN_SAMPLES && !tooMuch)) return;
      if (tooMuch) gradient.back();
      else gradient.update(sumMs / count, most);
      endsAtMs = nowMs + settings.windowMs;
      count = 0;
      sumMs = 0;
      most = 0;
      tooMuch = false;
    },
  };
}
