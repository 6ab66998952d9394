/**
 * A grudge that ends: a score that rises with every bad event and fades by itself. It is capped, or a server that
 * failed a thousand times in a second would be shunned long after it recovered; and it reaches exactly 0, or the last
 * ten-thousandth of it would lose every tie for ever. Pure functions, so that callers keep scores in typed arrays.
 */

/**
 * A score below this reads as 0. Scores are added to counts of attempts in flight, and half an attempt is less than the
 * smallest difference between two counts. With 10 an event and a time constant of 5 s, one event is forgotten after
 * 5 s · ln(10 / 0.5) = 15 s, and a cap of 30 after 20.5 s.
 */
export const FADED_BELOW = 0.5;

/** What is left of a score. Negative `elapsedMs` counts as 0. */
export function fade(score: number, elapsedMs: number, tauMs: number): number {
  // Nearly every read is of a score that is 0 already.
  if (score === 0) return 0;
  const left = elapsedMs > 0 ? score * Math.exp(-elapsedMs / tauMs) : score;
  return left < FADED_BELOW ? 0 : left;
}

/** The score after one more event: what is left of it, plus `amount`, but not above `cap`. */
export function addFading(score: number, elapsedMs: number, tauMs: number, amount: number, cap: number): number {
  return Math.min(cap, fade(score, elapsedMs, tauMs) + amount);
}
