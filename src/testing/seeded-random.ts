/**
 * Randomness that a seed replays: sfc32, the 32-bit "small fast chaotic" generator of Chris Doty-Humphrey's PractRand.
 * 128 bits of state, of which 32 are a counter, so that no seed has a period below 2^32.
 */

import type { Random } from '../core/random.js';

const TWO_TO_THE_32 = 4_294_967_296;

/** From a seed of almost only zero bits it takes about seven rounds until every bit is mixed; twice that is thrown away. */
const WARM_UP_ROUNDS = 14;

/** @param seed any integer; its low 32 bits and the next 21 count. Values have 32 bits of resolution. */
export function createSeededRandom(seed: number): Random {
  if (!Number.isSafeInteger(seed))
    throw new RangeError(`createSeededRandom: the seed must be a safe integer, got ${seed}`);
  let a = 0;
  let b = seed | 0;
  let c = Math.floor(seed / TWO_TO_THE_32) | 0;
  let counter = 1;

  function next(): number {
    const output = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + output) | 0;
    return (output >>> 0) / TWO_TO_THE_32;
  }

  for (let round = 0; round < WARM_UP_ROUNDS; round++) next();
  return { next };
}
