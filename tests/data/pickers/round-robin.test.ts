import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Endpoint } from '../../../src/core/endpoint.js';
import type { Picker } from '../../../src/data/picker.js';
import { createRoundRobinPicker } from '../../../src/data/pickers/round-robin.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { endpoint, endpoints, expectShares, makePicker } from './picker-fixture.js';

const walk = (picker: Picker, set: readonly Endpoint[], picks: number): string[] =>
  Array.from({ length: picks }, () => set[picker.pick({})]!.id);

describe('round robin', () => {
  it('visits everybody once in each round, in the same order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.nat(), (count, seed) => {
        const set = endpoints(count);
        const picker = makePicker(createRoundRobinPicker, set, { random: createSeededRandom(seed) });
        const round = walk(picker, set, count);
        expect(new Set(round).size).toBe(count);
        expect(walk(picker, set, count)).toEqual(round);
      }),
    );
  });

  it('starts anywhere, and in any order', () => {
    const set = endpoints(3);
    const orders = new Map<string, number>();
    for (let seed = 0; seed < 6_000; seed++) {
      const picker = makePicker(createRoundRobinPicker, set, { random: createSeededRandom(seed) });
      const order = walk(picker, set, 3).join(' ');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expectShares([...orders.values()], new Array<number>(6).fill(1 / 6));
  });

  it('goes on where it was when the set is replaced by its equal', () => {
    const set = endpoints(5);
    const first = makePicker(createRoundRobinPicker, set);
    const round = walk(first, set, 5);
    walk(first, set, 2);
    const reversed = [...set].reverse();
    const second = makePicker(createRoundRobinPicker, reversed, { previous: first });
    expect(walk(second, reversed, 5)).toEqual([...round.slice(2), ...round.slice(0, 2)]);
  });

  it('keeps the order of those who stay when others come and go', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(20)),
        fc.uniqueArray(fc.nat(20)),
        fc.nat(50),
        fc.nat(),
        (before, after, picks, seed) => {
          const random = createSeededRandom(seed);
          const [old, fresh] = [before, after].map((ids) => ids.map((id) => endpoint(`e${id}`)));
          const first = makePicker(createRoundRobinPicker, old!, { random });
          if (old!.length > 0) walk(first, old!, picks);
          const second = makePicker(createRoundRobinPicker, fresh!, { random, previous: first });
          const round = fresh!.length > 0 ? walk(second, fresh!, fresh!.length) : [];
          expect(new Set(round).size).toBe(fresh!.length);
          const stayed = old!.length > 0 ? walk(first, old!, old!.length).filter((id) => round.includes(id)) : [];
          expect(round.filter((id) => old!.some((known) => known.id === id))).toEqual(stayed);
        },
      ),
    );
  });

  it('mixes a newcomer in at any place of the walk', () => {
    const places = new Array<number>(4).fill(0);
    for (let seed = 0; seed < 4_000; seed++) {
      const random = createSeededRandom(seed);
      const first = makePicker(createRoundRobinPicker, endpoints(3), { random });
      const second = makePicker(createRoundRobinPicker, endpoints(4), { random, previous: first });
      places[walk(second, endpoints(4), 4).indexOf('e3')]! += 1;
    }
    expectShares(places, [0.25, 0.25, 0.25, 0.25]);
  });

  it('skips what was tried', () => {
    const set = endpoints(4);
    const picker = makePicker(createRoundRobinPicker, set);
    const round = walk(picker, set, 4);
    const tried = new Set([round[0]!, round[1]!]);
    expect(set[picker.pick({ tried })]!.id).toBe(round[2]);
    expect(set[picker.pick({})]!.id).toBe(round[3]);
  });
});
