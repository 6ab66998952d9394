/**
 * XXH64, by its specification (https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md): the hash that gRPC and
 * Envoy use for subsets and for rings, so that a client here comes to the same choice as one of theirs.
 *
 * Spreads evenly and is fast, but is no protection against whoever chooses the input. A 64-bit number is held as two
 * halves of 32 bits: a BigInt for each step would cost ten times as much. Synchronous and not re-entrant, which is what
 * lets the steps hand their halves on in two variables instead of an object each.
 */

/** An unsigned 64-bit number. */
export interface Hash64 {
  /** The upper half, unsigned. */
  readonly high: number;
  /** The lower half, unsigned. */
  readonly low: number;
}

/** Seed 0. */
export const NO_SEED: Hash64 = Object.freeze({ high: 0, low: 0 });

const [P1_HIGH, P1_LOW] = [0x9e3779b1, 0x85ebca87];
const [P2_HIGH, P2_LOW] = [0xc2b2ae3d, 0x27d4eb4f];
const [P3_HIGH, P3_LOW] = [0x165667b1, 0x9e3779f9];
const [P4_HIGH, P4_LOW] = [0x85ebca77, 0xc2b2ae63];
const [P5_HIGH, P5_LOW] = [0x27d4eb2f, 0x165667c5];

const STRIPE_BYTES = 32;

/** What every step below works on. */
let high = 0;
let low = 0;

/** The four accumulators: upper half, lower half, and so on. */
const lanes = new Int32Array(8);

const encoder = new TextEncoder();
let encoded = new Uint8Array(256);

/** @param input a text is hashed as UTF-8 */
export function xxhash64(input: string | Uint8Array, seed: Hash64 = NO_SEED): Hash64 {
  if (typeof input !== 'string') return hash(input, input.length, seed);
  // UTF-8 takes at most three bytes for one UTF-16 unit.
  if (input.length * 3 > encoded.length) encoded = new Uint8Array(input.length * 3);
  const { written } = encoder.encodeInto(input, encoded);
  return hash(encoded, written, seed);
}

/** Negative, zero or positive, as unsigned numbers compare. */
export function compareHash64(a: Hash64, b: Hash64): number {
  return a.high - b.high || a.low - b.low;
}

function hash(bytes: Uint8Array, length: number, seed: Hash64): Hash64 {
  let at = 0;
  if (length >= STRIPE_BYTES) {
    at = consumeStripes(bytes, length, seed);
  } else {
    set(seed.high, seed.low);
    add(P5_HIGH, P5_LOW);
  }
  add(0, length);
  for (; at + 8 <= length; at += 8) consumeWord(word(bytes, at + 4), word(bytes, at));
  if (at + 4 <= length) {
    const accHigh = high;
    const accLow = low;
    multiplyBy(0, word(bytes, at), P1_HIGH, P1_LOW);
    set(high ^ accHigh, low ^ accLow);
    rotateLeft(23);
    multiply(P2_HIGH, P2_LOW);
    add(P3_HIGH, P3_LOW);
    at += 4;
  }
  for (; at < length; at++) {
    const accHigh = high;
    const accLow = low;
    multiplyBy(0, bytes[at] as number, P5_HIGH, P5_LOW);
    set(high ^ accHigh, low ^ accLow);
    rotateLeft(11);
    multiply(P1_HIGH, P1_LOW);
  }
  avalanche();
  return { high: high >>> 0, low: low >>> 0 };
}

/** Leaves the converged accumulators in the working number. Returns how far it came. */
function consumeStripes(bytes: Uint8Array, length: number, seed: Hash64): number {
  startLane(0, seed, P1_HIGH, P1_LOW, P2_HIGH, P2_LOW);
  startLane(1, seed, P2_HIGH, P2_LOW, 0, 0);
  startLane(2, seed, 0, 0, 0, 0);
  // Minus P1 is its complement plus one.
  startLane(3, seed, ~P1_HIGH, ~P1_LOW, 0, 1);
  let at = 0;
  for (; at + STRIPE_BYTES <= length; at += STRIPE_BYTES) {
    for (let lane = 0; lane < 4; lane++) {
      const from = at + lane * 8;
      set(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
      round(word(bytes, from + 4), word(bytes, from));
      lanes[lane * 2] = high;
      lanes[lane * 2 + 1] = low;
    }
  }
  converge();
  return at;
}

function startLane(lane: number, seed: Hash64, aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  set(seed.high, seed.low);
  add(aHigh, aLow);
  add(bHigh, bLow);
  lanes[lane * 2] = high;
  lanes[lane * 2 + 1] = low;
}

function converge(): void {
  let [sumHigh, sumLow] = [0, 0];
  for (const [lane, bits] of [1, 7, 12, 18].entries()) {
    set(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
    rotateLeft(bits);
    add(sumHigh, sumLow);
    [sumHigh, sumLow] = [high, low];
  }
  for (let lane = 0; lane < 4; lane++) {
    set(0, 0);
    round(lanes[lane * 2] as number, lanes[lane * 2 + 1] as number);
    set(high ^ sumHigh, low ^ sumLow);
    multiply(P1_HIGH, P1_LOW);
    add(P4_HIGH, P4_LOW);
    [sumHigh, sumLow] = [high, low];
  }
}

function round(wordHigh: number, wordLow: number): void {
  const accHigh = high;
  const accLow = low;
  multiplyBy(wordHigh, wordLow, P2_HIGH, P2_LOW);
  add(accHigh, accLow);
  rotateLeft(31);
  multiply(P1_HIGH, P1_LOW);
}

/** Eight bytes of what is left after the stripes. */
function consumeWord(wordHigh: number, wordLow: number): void {
  const accHigh = high;
  const accLow = low;
  set(0, 0);
  round(wordHigh, wordLow);
  set(high ^ accHigh, low ^ accLow);
  rotateLeft(27);
  multiply(P1_HIGH, P1_LOW);
  add(P4_HIGH, P4_LOW);
}

function avalanche(): void {
  // By 33 bits: the upper half without its last bit comes down.
  low ^= high >>> 1;
  multiply(P2_HIGH, P2_LOW);
  low ^= (high << 3) | (low >>> 29);
  high ^= high >>> 29;
  multiply(P3_HIGH, P3_LOW);
  low ^= high;
}

function set(toHigh: number, toLow: number): void {
  high = toHigh | 0;
  low = toLow | 0;
}

function add(byHigh: number, byLow: number): void {
  const sum = (low >>> 0) + (byLow >>> 0);
  high = (high + byHigh + (sum > 0xffffffff ? 1 : 0)) | 0;
  low = sum | 0;
}

/** By 1 to 31 bits. */
function rotateLeft(bits: number): void {
  const rotated = (high << bits) | (low >>> (32 - bits));
  low = (low << bits) | (high >>> (32 - bits));
  high = rotated;
}

function multiply(byHigh: number, byLow: number): void {
  multiplyBy(high, low, byHigh, byLow);
}

/** The lower 64 bits of the product. The lower halves are multiplied in parts of 16 bits, so that nothing is rounded. */
function multiplyBy(aHigh: number, aLow: number, bHigh: number, bLow: number): void {
  const a0 = aLow & 0xffff;
  const a1 = aLow >>> 16;
  const b0 = bLow & 0xffff;
  const b1 = bLow >>> 16;
  const p00 = Math.imul(a0, b0);
  const p01 = Math.imul(a0, b1);
  const p10 = Math.imul(a1, b0);
  const middle = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
  low = (middle << 16) | (p00 & 0xffff);
  high =
    (Math.imul(a1, b1) +
      (p01 >>> 16) +
      (p10 >>> 16) +
      (middle >>> 16) +
      Math.imul(aHigh, bLow) +
      Math.imul(aLow, bHigh)) |
    0;
}

/** Little-endian. */
function word(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}
