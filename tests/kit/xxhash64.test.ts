import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compareHash64, xxhash64, type Hash64 } from '../../src/kit/xxhash64.js';

const toBigInt = ({ high, low }: Hash64): bigint => (BigInt(high) << 32n) | BigInt(low);
const fromBigInt = (value: bigint): Hash64 => ({ high: Number(value >> 32n), low: Number(value & 0xffffffffn) });
const hex = (hash: Hash64): string => toBigInt(hash).toString(16).padStart(16, '0');

const [P1, P2, P3, P4, P5] = [
  0x9e3779b185ebca87n,
  0xc2b2ae3d27d4eb4fn,
  0x165667b19e3779f9n,
  0x85ebca77c2b2ae63n,
  0x27d4eb2f165667c5n,
] as const;

/** The specification, sentence by sentence, in BigInt. */
function specified(bytes: Uint8Array, seed: bigint): bigint {
  const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
  const rotl = (value: bigint, bits: bigint): bigint => u64((value << bits) | (value >> (64n - bits)));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const round = (acc: bigint, lane: bigint): bigint => u64(rotl(u64(acc + lane * P2), 31n) * P1);
  let at = 0;
  let acc = u64(seed + P5);
  if (bytes.length >= 32) {
    const lanes = [u64(seed + P1 + P2), u64(seed + P2), seed, u64(seed - P1)];
    for (; at + 32 <= bytes.length; at += 32)
      lanes.forEach((lane, i) => (lanes[i] = round(lane, view.getBigUint64(at + i * 8, true))));
    acc = u64([1n, 7n, 12n, 18n].reduce((sum, bits, i) => sum + rotl(lanes[i] as bigint, bits), 0n));
    for (const lane of lanes) acc = u64((acc ^ round(0n, lane)) * P1 + P4);
  }
  acc = u64(acc + BigInt(bytes.length));
  for (; at + 8 <= bytes.length; at += 8) acc = u64(rotl(acc ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4);
  if (at + 4 <= bytes.length) {
    acc = u64(rotl(acc ^ u64(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3);
    at += 4;
  }
  for (; at < bytes.length; at++) acc = u64(rotl(acc ^ u64(BigInt(bytes[at] as number) * P5), 11n) * P1);
  acc = u64((acc ^ (acc >> 33n)) * P2);
  acc = u64((acc ^ (acc >> 29n)) * P3);
  return acc ^ (acc >> 32n);
}

/** The input of the reference implementation's own self-test (xxhsum): bytes from a multiplicative generator. */
function sanityBuffer(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let generator = 2654435761n;
  for (let i = 0; i < length; i++) {
    bytes[i] = Number(generator >> 56n);
    generator = BigInt.asUintN(64, generator * 11400714785074694797n);
  }
  return bytes;
}

describe('xxhash64', () => {
  it.each([
    ['', 'ef46db3751d8e999'],
    ['a', 'd24ec4f1a98c6e5b'],
    ['abc', '44bc2cf5ad770999'],
  ])('hashes %j as the specification’s self test', (text, expected) => {
    expect(hex(xxhash64(text))).toBe(expected);
    expect(hex(xxhash64(new TextEncoder().encode(text)))).toBe(expected);
  });

  // xxHash cli/xsum_sanity_check.c, XSUM_XXH64_testdata: length, seed, hash.
  it.each([
    [0, 0n, 'ef46db3751d8e999'],
    [0, 2654435761n, 'ac75fda2929b17ef'],
    [1, 0n, 'e934a84adb052768'],
    [1, 2654435761n, '5014607643a9b4c3'],
    [4, 0n, '9136a0dca57457ee'],
    [14, 0n, '8282dcc4994e35c8'],
    [14, 2654435761n, 'c3bd6bf63deb6df0'],
    [222, 0n, 'b641ae8cb691c174'],
    [222, 2654435761n, '20cb8ab7ae10c14a'],
  ])('hashes %d bytes under seed %d as the reference implementation', (length, seed, expected) => {
    expect(hex(xxhash64(sanityBuffer(length), fromBigInt(seed)))).toBe(expected);
  });

  // Envoy's ring of minimum size 12 over 127.0.0.1:90–95 (test/common/upstream/ring_hash_lb_test.cc).
  it.each([
    ['127.0.0.1:94', [833437586790550860n, 15516499411664133160n]],
    ['127.0.0.1:92', [928266305478181108n, 13444792449719432967n]],
    ['127.0.0.1:90', [1033482794131418490n, 16117243373044804889n]],
    ['127.0.0.1:95', [3551244743356806947n, 13144177310400110813n]],
    ['127.0.0.1:93', [3851675632748031481n, 7700377290971790572n]],
    ['127.0.0.1:91', [5583722120771150861n, 6311230543546372928n]],
  ])('puts %s where Envoy’s ring has it', (host, expected) => {
    const places = [0, 1].map((i) => toBigInt(xxhash64(`${host}_${i}`)));
    expect(places.sort((a, b) => (a < b ? -1 : 1))).toEqual(expected);
  });

  it('is what the specification says, for every length, content and seed', () => {
    const seed = fc.oneof(fc.constantFrom(0n, 1n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n));
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 32, maxLength: 300 }));
    fc.assert(
      fc.property(bytes, seed, (input, seedValue) => {
        expect(toBigInt(xxhash64(input, fromBigInt(seedValue)))).toBe(specified(input, seedValue));
      }),
      { numRuns: 2_000 },
    );
  });

  it('hashes a text as its UTF-8, whatever was hashed before', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(toBigInt(xxhash64(text))).toBe(specified(new TextEncoder().encode(text), 0n));
      }),
    );
    const long = '€'.repeat(10_000);
    expect(toBigInt(xxhash64(long))).toBe(specified(new TextEncoder().encode(long), 0n));
    expect(hex(xxhash64('abc'))).toBe('44bc2cf5ad770999');
  });

  it('compares as unsigned numbers do', () => {
    const value = fc.oneof(fc.constantFrom(0n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n), fc.bigInt(0n, 2n ** 64n - 1n));
    fc.assert(
      fc.property(value, value, (a, b) => {
        const expected = a < b ? -1 : a > b ? 1 : 0;
        expect(Math.sign(compareHash64(fromBigInt(a), fromBigInt(b)))).toBe(expected);
      }),
    );
  });
});
