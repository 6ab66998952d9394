/** Random times, by mean. */

import type { Random } from '../../src/core/random.js';

/** Draws one value of mean 1. */
export type Shape = (random: Random) => number;

/** Always the same. */
export const constant: Shape = () => 1;

/** Memoryless: the M of M/M/c. */
export const exponential: Shape = (random) => -Math.log(1 - random.next());

/**
 * Log-normal: what service times of real systems look like. With sigma 1 one request in a hundred takes six times the
 * mean, and the coefficient of variation is 1.3.
 */
export function logNormal(sigma: number): Shape {
  // E[exp(sigma·Z)] is exp(sigma²/2): divided by, the mean is 1.
  const shift = (sigma * sigma) / 2;
  return (random) => Math.exp(sigma * normal(random) - shift);
}

/** Box and Muller's transform; the second number it yields is thrown away, so that a draw has no memory. */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
