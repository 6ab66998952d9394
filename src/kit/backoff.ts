/** How long to wait before trying again. Random, so that clients who failed together do not come back together. */

import type { Random } from '../core/random.js';

/** 2 to a higher power is Infinity, and Infinity times a base of 0 would be NaN. */
const HIGHEST_EXPONENT = 1023;

/**
 * Full jitter: a wait drawn evenly from 0 to min(maxMs, baseMs · 2^n), n counting the waits from 0. Of the jitters that
 * the AWS Architecture blog compares ("Exponential Backoff and Jitter") it costs the fewest calls; and unlike a spread
 * around the cap that is then cut off at the cap, it stays random however long the failures last.
 */
export function fullJitter(baseMs: number, maxMs: number, n: number, random: Random): number {
  return random.next() * Math.min(maxMs, baseMs * 2 ** Math.min(n, HIGHEST_EXPONENT));
}

/** A value drawn evenly from value · (1 − ratio) to value · (1 + ratio): for intervals that must not fall into step. */
export function jittered(value: number, ratio: number, random: Random): number {
  return value * (1 + ratio * (2 * random.next() - 1));
}
