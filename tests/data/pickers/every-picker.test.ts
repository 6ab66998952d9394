import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { BALANCER_NAMES } from '../../../src/data/pickers/create-policy.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { countPicks, endpoints, expectShares, handLoads, makePicker, pickersOf } from './picker-fixture.js';

describe.each(BALANCER_NAMES)('%s', (name) => {
  const factory = pickersOf(name);

  it('picks nobody from an empty set, and the only one there is', () => {
    expect(makePicker(factory, []).pick({})).toBe(-1);
    expect(makePicker(factory, []).pick({ tried: new Set(['e0']) })).toBe(-1);
    expect(makePicker(factory, endpoints(1)).pick({})).toBe(0);
    expect(makePicker(factory, endpoints(1)).pick({ tried: new Set(['e0']) })).toBe(0);
  });

  it('picks within the set, and somebody untried while there is one', () => {
    const weights = fc.oneof(
      fc.integer({ min: 1, max: 40 }).map((count) => new Array<number>(count).fill(1)),
      fc.array(fc.double({ min: 0.01, max: 100, noNaN: true }), { minLength: 1, maxLength: 40 }),
    );
    fc.assert(
      fc.property(weights, fc.nat(), fc.double({ min: 0, max: 1, noNaN: true }), (list, seed, triedRatio) => {
        const random = createSeededRandom(seed);
        const set = endpoints(list);
        const loads = handLoads(set.length);
        set.forEach((_, index) => {
          loads.inFlightOf[index] = Math.floor(random.next() * 3);
          loads.scoreOf[index] = random.next() < 0.2 ? 30 * random.next() : 0;
          loads.latencyOf[index] = 100 * random.next();
        });
        const tried = new Set(set.filter(() => random.next() < triedRatio).map(({ id }) => id));
        const picker = makePicker(factory, set, { loads, random });
        for (let pick = 0; pick < 20; pick++) {
          expect(set[picker.pick({})]).toBeDefined();
          const retried = set[picker.pick({ tried })]!;
          expect(tried.has(retried.id)).toBe(tried.size === set.length);
        }
      }),
    );
  });

  it.each([3, 16, 17, 40])('gives %i equals the same share', (count) => {
    const picker = makePicker(factory, endpoints(count));
    expectShares(countPicks(picker, count, 40_000), new Array<number>(count).fill(1 / count));
  });

  it('finds the one untried endpoint of a thousand', () => {
    const set = endpoints(1_000);
    const tried = new Set(set.map(({ id }) => id));
    tried.delete('e613');
    const picker = makePicker(factory, set);
    for (let pick = 0; pick < 10; pick++) expect(picker.pick({ tried })).toBe(613);
  });

  it('takes weights that are all 0 for equal', () => {
    const picker = makePicker(factory, endpoints([0, 0, 0]));
    expectShares(countPicks(picker, 3, 9_000), [1 / 3, 1 / 3, 1 / 3]);
  });
});
