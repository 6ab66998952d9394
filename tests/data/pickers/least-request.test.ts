import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createLeastRequestPicker } from '../../../src/data/pickers/least-request.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { countPicks, endpoints, expectShares, handLoads, makePicker } from './picker-fixture.js';

/** −ln(1 − u) is 1 then: chance draws its mean. */
const AVERAGE_LUCK = { next: () => 1 - 1 / Math.E };

describe('least-request', () => {
  it('picks one that has least in flight and of recent failures, of all there are', () => {
    const load = fc.record({ inFlight: fc.nat(3), score: fc.constantFrom(0, 0, 0, 7.5, 30) });
    fc.assert(
      fc.property(fc.array(load, { minLength: 1, maxLength: 50 }), fc.nat(), (list, seed) => {
        const loads = handLoads(list.length);
        list.forEach(({ inFlight, score }, index) => {
          loads.inFlightOf[index] = inFlight;
          loads.scoreOf[index] = score;
        });
        const random = createSeededRandom(seed);
        const index = makePicker(createLeastRequestPicker, endpoints(list.length), { loads, random }).pick({});
        const loadOf = ({ inFlight, score }: (typeof list)[number]): number => inFlight + score;
        expect(loadOf(list[index]!)).toBe(Math.min(...list.map(loadOf)));
      }),
    );
  });

  it('draws uniformly among equals', () => {
    const loads = handLoads(6);
    [1, 0, 2, 0, 0, 1].forEach((inFlight, index) => (loads.inFlightOf[index] = inFlight));
    const picker = makePicker(createLeastRequestPicker, endpoints(6), { loads });
    expectShares(countPicks(picker, 6, 30_000), [0, 1 / 3, 0, 1 / 3, 1 / 3, 0]);
  });

  it('gives two idle endpoints 45 to 55 % each of 1,000 calls in a row', () => {
    const counts = countPicks(makePicker(createLeastRequestPicker, endpoints(2)), 2, 1_000);
    // 3.2 standard deviations of a fair coin; the seed does not change.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThanOrEqual(50);
  });

  it('gives a frozen endpoint nothing while there is another', () => {
    const loads = handLoads(3);
    loads.inFlightOf[1] = 1;
    expect(countPicks(makePicker(createLeastRequestPicker, endpoints(3), { loads }), 3, 5_000)[1]).toBe(0);
  });

  it('gives weights their shares when nothing is in flight', () => {
    const picker = makePicker(createLeastRequestPicker, endpoints([3, 2, 1]));
    expectShares(countPicks(picker, 3, 30_000), [3 / 6, 2 / 6, 1 / 6]);
  });

  it('compares weight / (in flight + 1) on average: 2 / (4 + 1) = 0.4', () => {
    const loads = handLoads(2);
    loads.inFlightOf[0] = 4;
    const pick = (weight: number): number =>
      makePicker(createLeastRequestPicker, endpoints([2, weight]), { loads, random: AVERAGE_LUCK }).pick({});
    expect(pick(0.399)).toBe(0);
    expect(pick(0.401)).toBe(1);
  });
});
