import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createRendezvous } from '../../src/kit/rendezvous.js';
import { NO_SEED, type Hash64 } from '../../src/kit/xxhash64.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

const ten = (form: (n: number) => string): string[] => Array.from({ length: 10 }, (_, n) => form(n));
const places = (names: readonly string[], chosen: readonly string[]): number[] =>
  chosen.map((name) => names.indexOf(name));

const half = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const seeds: fc.Arbitrary<Hash64> = fc.record({ high: half, low: half });
const names = fc.uniqueArray(fc.string({ maxLength: 12 }), { maxLength: 40 });
const size = fc.integer({ min: 1, max: 12 });

describe('rendezvous', () => {
  // gRFC A68: `endpoint-N` in plain, and as grpc-go writes such an address, both under seed 0.
  it('takes what gRPC takes', () => {
    const plain = ten((n) => `endpoint-${n}`);
    expect(places(plain, createRendezvous(NO_SEED).choose(plain, 9))).toEqual([1, 3, 5, 2, 8, 9, 4, 0, 6]);
    const written = ten((n) => `{Addr: "endpoint-${n}", ServerName: "", }`);
    expect(places(written, createRendezvous(NO_SEED).choose(written, 5))).toEqual([6, 0, 1, 7, 3]);
  });

  it('takes all when there are no more, and the asked number of them otherwise, in whatever order they come', () => {
    fc.assert(
      fc.property(seeds, names, size, fc.func(fc.integer()), (seed, all, count, order) => {
        const chosen = createRendezvous(seed).choose(all, count);
        expect(new Set(chosen).size).toBe(Math.min(count, all.length));
        expect(all).toEqual(expect.arrayContaining([...chosen]));
        const shuffled = [...all].sort((a, b) => order(a) - order(b));
        expect(createRendezvous(seed).choose(shuffled, count)).toEqual(chosen);
      }),
    );
  });

  it('changes by one name at most when one comes or goes', () => {
    fc.assert(
      fc.property(seeds, names, fc.string({ maxLength: 12 }), size, (seed, all, name, count) => {
        const rendezvous = createRendezvous(seed);
        const without = all.filter((each) => each !== name);
        const before = rendezvous.choose(without, count);
        const after = rendezvous.choose([...without, name], count);
        const left = before.filter((each) => !after.includes(each));
        const joined = after.filter((each) => !before.includes(each));
        expect(left.length).toBeLessThanOrEqual(1);
        expect(joined.every((each) => each === name)).toBe(true);
        // Nobody is displaced while there is room, nor by a name that is not taken itself.
        if (without.length < count || joined.length === 0) expect(left).toEqual([]);
        expect(rendezvous.choose(without, count)).toEqual(before);
      }),
    );
  });

  it('is fair: each name is taken by about as many clients', () => {
    const [count, clients] = [10, 2_000];
    const all = Array.from({ length: 100 }, (_, n) => `10.0.0.${n}:8080`);
    const taken = new Map(all.map((name) => [name, 0]));
    const random = createSeededRandom(68);
    const draw = (): number => Math.floor(random.next() * 2 ** 32);
    for (let client = 0; client < clients; client++) {
      for (const name of createRendezvous({ high: draw(), low: draw() }).choose(all, count))
        taken.set(name, (taken.get(name) ?? 0) + 1);
    }
    // A name is taken by each client with probability p = 10 / 100, independently: a binomial of mean 200 and standard
    // deviation √(2000 · 0.1 · 0.9) = 13.4. Five of these hold for all of 100 names but once in 17,000 runs.
    const tolerance = 5 * Math.sqrt(clients * 0.1 * 0.9);
    for (const times of taken.values()) expect(Math.abs(times - clients * 0.1)).toBeLessThan(tolerance);
  });
});
