import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { splitZones, zoneShares, type ZoneCount } from '../../src/control/zone-shares.js';

/** `{ A: [callers, endpoints] }`. */
const zones = (counts: Record<string, readonly [number, number]>): ZoneCount[] =>
  Object.entries(counts).map(([zone, [callers, capacity]]) => ({ zone, callers, capacity }));

describe('zone shares', () => {
  // Envoy `load_balancer_impl_test.cc`.
  it('are those of Envoy: A of four zones keeps 37.5 %, and the others get by what they have to spare', () => {
    const split = splitZones(zones({ A: [2, 1], B: [2, 0], C: [1, 3], D: [1, 3], E: [0, 1] }), 0);
    expect(split).toEqual({ local: 3_750, residuals: [0, 0, 2_084, 2_084, 1_250] });
  });

  it('are those of Envoy: what B cannot take goes to C alone', () => {
    const split = splitZones(zones({ A: [1, 1], B: [1, 1], C: [0, 1] }), 1);
    expect(split).toEqual({ local: 6_666, residuals: [0, 0, 3_333] });
  });

  it('stay at home where that has its share of the endpoints', () => {
    expect(splitZones(zones({ A: [1, 1], B: [1, 1] }), 0)).toEqual({ local: 10_000, residuals: [0, 0] });
    expect(zoneShares(zones({ A: [1, 4], B: [1, 1] }), 0, 1)).toEqual([1, 0]);
  });

  it('go by capacity where rounding alone leaves something over', () => {
    // 9999 of 10 000 callers, and 9998.9 of the endpoints, which is rounded down; the others' residuals are, too.
    const shares = zoneShares(zones({ A: [9_999, 99_989], B: [1, 11] }), 0, 1);
    expect(shares[0]).toBeCloseTo(0.9998, 3);
    expect(shares[0]! + shares[1]!).toBeCloseTo(1, 12);
  });

  it('give every endpoint the same load, when all zones do the same', () => {
    const count = fc.record({ callers: fc.integer({ min: 1, max: 50 }), capacity: fc.integer({ min: 1, max: 50 }) });
    fc.assert(
      fc.property(fc.array(count, { minLength: 2, maxLength: 6 }), (counts) => {
        const all = counts.map((one, index) => ({ ...one, zone: `${index}` }));
        const callers = all.reduce((sum, zone) => sum + zone.callers, 0);
        const capacity = all.reduce((sum, zone) => sum + zone.capacity, 0);
        const load = all.map(() => 0);
        all.forEach((zone, own) => {
          const shares = zoneShares(all, own, 1);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1);
          shares.forEach((share, index) => (load[index]! += share * (zone.callers / callers)));
        });
        // Rounding to ten-thousandths, once for each of six zones' parts and once for each residual.
        all.forEach((zone, index) => expect(Math.abs(load[index]! - zone.capacity / capacity)).toBeLessThan(0.003));
      }),
    );
  });

  it('send no more away than it takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }), (mine, others) => {
        const all = zones({ A: [1, mine], B: [1, others] });
        const [kept = 0] = zoneShares(all, 0, 1);
        expect(kept).toBeCloseTo(Math.min(1, (2 * mine) / (mine + others)), 3);
      }),
    );
  });

  it('go by capacity alone for calls that prefer nothing', () => {
    expect(zoneShares(zones({ A: [1, 1], B: [1, 3] }), 0, 0)).toEqual([0.25, 0.75]);
  });
});
