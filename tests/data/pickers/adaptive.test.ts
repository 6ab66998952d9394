import { describe, expect, it } from '@jest/globals';

import { countPicks, endpoints, expectShares, handLoads, makePicker, pickersOf } from './picker-fixture.js';

const createAdaptivePicker = pickersOf('adaptive');

describe('adaptive', () => {
  it('asks for the least in flight before it asks for latency', () => {
    const loads = handLoads(3);
    loads.inFlightOf.splice(0, 3, 1, 0, 0);
    loads.latencyOf.splice(0, 3, 1, 30, 20);
    expect(countPicks(makePicker(createAdaptivePicker, endpoints(3), { loads }), 3, 50)).toEqual([0, 0, 50]);
  });

  it('counts a failure score as attempts in flight', () => {
    const loads = handLoads(2);
    loads.scoreOf[0] = 2.5;
    loads.inFlightOf[1] = 2;
    const picker = makePicker(createAdaptivePicker, endpoints(2), { loads });
    expect(picker.pick({})).toBe(1);
    loads.inFlightOf[1] = 3;
    expect(picker.pick({})).toBe(0);
  });

  it('tries an endpoint of unknown latency first', () => {
    const loads = handLoads(3);
    loads.latencyOf.splice(0, 3, 1, 2, 0);
    expect(makePicker(createAdaptivePicker, endpoints(3), { loads }).pick({})).toBe(2);
  });

  it('sees all of 16 endpoints, and 16 of a hundred', () => {
    const best = (count: number): number => {
      const loads = handLoads(count);
      loads.latencyOf.fill(10).splice(7, 1, 5);
      return countPicks(makePicker(createAdaptivePicker, endpoints(count), { loads }), count, 20_000)[7]!;
    };
    expect(best(16)).toBe(20_000);
    // The best of a hundred wins whenever it is in the sample: binomial with p = 0.16, five deviations are 260.
    expect(Math.abs(best(100) - 3_200)).toBeLessThan(260);
  });

  it('leaves out what was tried, and still takes the best of the rest', () => {
    const loads = handLoads(4);
    loads.latencyOf.splice(0, 4, 1, 2, 3, 4);
    const picker = makePicker(createAdaptivePicker, endpoints(4), { loads });
    expect(picker.pick({ tried: new Set(['e0', 'e2']) })).toBe(1);
  });
});

describe('adaptive with unequal weights', () => {
  it('gives each of a few idle endpoints its share by weight', () => {
    const picker = makePicker(createAdaptivePicker, endpoints([1, 2, 5, 0.5]));
    expectShares(countPicks(picker, 4, 40_000), [1 / 8.5, 2 / 8.5, 5 / 8.5, 0.5 / 8.5]);
  });

  it('gives one heavy endpoint among many light ones its share', () => {
    const weights = new Array<number>(101).fill(1);
    weights[50] = 100;
    const counts = countPicks(makePicker(createAdaptivePicker, endpoints(weights)), 101, 40_000);
    expectShares(
      counts,
      weights.map((weight) => weight / 200),
    );
  });

  it.each([2, 40])('compares load per weight: %i endpoints', (count) => {
    const loads = handLoads(count);
    loads.inFlightOf.fill(30);
    const weights = new Array<number>(count).fill(1);
    weights[0] = 100;
    // 30/100 against 30/1: even with the random term, E/1 < 0.3 + E/100 - 30 cannot be.
    expect(countPicks(makePicker(createAdaptivePicker, endpoints(weights), { loads }), count, 500)[0]).toBe(500);
  });

  it('keeps attempts in flight in proportion to weight under load', () => {
    const weights = [4, 2, 1, 1];
    const loads = handLoads(4);
    const picker = makePicker(createAdaptivePicker, endpoints(weights), { loads });
    for (let pick = 0; pick < 800; pick++) loads.inFlightOf[picker.pick({})]! += 1;
    // Each pick goes to the lowest (in flight + E) / weight, so no ratio runs ahead of the others by more than a few E / weight.
    loads.inFlightOf.forEach((inFlight, index) => expect(Math.abs(inFlight / weights[index]! - 100)).toBeLessThan(5));
  });

  it.each([3, 40])('shuns an endpoint that failed: %i endpoints', (count) => {
    const loads = handLoads(count);
    loads.scoreOf[0] = 10;
    const weights = Array.from({ length: count }, (_, index) => 1 + (index % 2));
    const counts = countPicks(makePicker(createAdaptivePicker, endpoints(weights), { loads }), count, 10_000);
    // It would need an E / 2 or so above 10 everywhere else: a chance of e^-20 at best.
    expect(counts[0]).toBe(0);
  });
});
