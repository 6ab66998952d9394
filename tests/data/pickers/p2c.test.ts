import { describe, expect, it } from '@jest/globals';

import { createP2cPicker } from '../../../src/data/pickers/p2c.js';
import { countPicks, endpoints, expectShares, handLoads, makePicker } from './picker-fixture.js';

describe('p2c', () => {
  it('never picks an endpoint that is busier than every other', () => {
    for (const count of [2, 3, 10]) {
      const loads = handLoads(count);
      loads.inFlightOf[0] = 1;
      const counts = countPicks(makePicker(createP2cPicker, endpoints(count), { loads }), count, 5_000);
      // With replacement it would get 1/n² of them: 1,250 of two.
      expect(counts[0]).toBe(0);
    }
  });

  it('gives each rank of load the share that two distinct draws give it', () => {
    const loads = handLoads(4);
    [3, 1, 0, 2].forEach((inFlight, index) => (loads.inFlightOf[index] = inFlight));
    const counts = countPicks(makePicker(createP2cPicker, endpoints(4), { loads }), 4, 30_000);
    // Of the 6 pairs, the idlest wins 3, the next 2, the next 1, the busiest none.
    expectShares(counts, [0, 2 / 6, 3 / 6, 1 / 6]);
  });

  it('counts a recent failure like ten attempts in flight', () => {
    const loads = handLoads(2);
    loads.scoreOf[0] = 10;
    loads.inFlightOf[1] = 9;
    const picker = makePicker(createP2cPicker, endpoints(2), { loads });
    expect(countPicks(picker, 2, 100)).toEqual([0, 100]);
    loads.inFlightOf[1] = 11;
    expect(countPicks(picker, 2, 100)).toEqual([100, 0]);
  });

  it('compares (in flight + 1) / weight', () => {
    const loads = handLoads(2);
    const picker = makePicker(createP2cPicker, endpoints([2, 1]), { loads });
    expect(picker.pick({})).toBe(0); // 1/2 < 1/1
    loads.inFlightOf[0] = 2;
    expect(picker.pick({})).toBe(1); // 3/2 > 1/1
    loads.inFlightOf[1] = 1;
    expect(picker.pick({})).toBe(0); // 3/2 < 2/1
    loads.inFlightOf[0] = 3;
    expectShares(countPicks(picker, 2, 10_000), [0.5, 0.5]); // 4/2 = 2/1
  });
});
