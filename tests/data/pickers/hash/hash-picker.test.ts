import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { LoadBound, slotsFor, uniform } from '../../../../src/data/pickers/hash/load-bound.js';
import { membersOf } from '../../../../src/data/pickers/hash/members.js';
import { Mt19937 } from '../../../../src/kit/mt19937.js';
import { endpoints, expectShares, handLoads, makePicker, pickersOf } from '../picker-fixture.js';

const POLICIES = ['ring-hash', 'maglev', 'rendezvous'] as const;

describe('bounded load', () => {
  it.each([
    [0, 0.2, 1, 1],
    [9, 0.2, 1.25, 3],
    [99, 0.25, 1.5, 38],
  ])('with %i in flight, a share of %d and a factor of %d leaves %i slots', (total, share, factor, slots) => {
    expect(slotsFor(total, share, factor)).toBe(slots);
  });

  it('draws the order of five from seed 2 as Envoy does: 2 1 0 4 3', () => {
    const random = new Mt19937(2);
    const order = [0, 1, 2, 3, 4];
    order.forEach((_, at) => {
      const swap = at + uniform(random, order.length - at);
      [order[at], order[swap]] = [order[swap]!, order[at]!];
    });
    expect(order).toEqual([2, 1, 0, 4, 3]);
  });

  it.each([
    [[2], 1],
    [[0, 1, 2], 4],
  ])('sends hash 2 past the full ones %j to %i', (full, expected) => {
    const loads = handLoads(5);
    for (const index of full) loads.inFlightOf[index] = 10;
    const bound = new LoadBound(membersOf(endpoints(5)), loads, 1);
    for (let again = 0; again < 3; again++) expect(bound.elsewhere({ high: 7, low: 2 }, 2, undefined)).toBe(expected);
  });

  it('takes the least overloaded when all are', () => {
    // Weights make e1 full at 1, the others are further over.
    const loads = { ...handLoads(3), totalInFlight: 1 };
    [9, 3, 5].forEach((inFlight, index) => (loads.inFlightOf[index] = inFlight));
    const bound = new LoadBound(membersOf(endpoints(3)), loads, 1);
    expect(bound.elsewhere({ high: 0, low: 1 }, 0, undefined)).toBe(1);
    expect(bound.elsewhere({ high: 0, low: 1 }, 0, new Set(['e1']))).toBe(2);
  });
});

describe.each(POLICIES)('%s', (policy) => {
  it('gives a key the same endpoint every time, and each key its own', () => {
    const set = endpoints(10);
    const picker = makePicker(pickersOf(policy), set);
    const owners = new Set<number>();
    for (let key = 0; key < 100; key++) {
      const hashKey = `user-${key}`;
      const owner = picker.pick({ hashKey });
      owners.add(owner);
      expect(picker.pick({ hashKey })).toBe(owner);
      const tried = new Set([set[owner]!.id]);
      const second = picker.pick({ hashKey, tried });
      expect(second).not.toBe(owner);
      expect(picker.pick({ hashKey, tried })).toBe(second);
    }
    expect(owners.size).toBe(10);
  });

  it('loads nobody beyond its bound by more than one', () => {
    const weight = fc.integer({ min: 1, max: 5 });
    const steps = fc.array(fc.tuple(fc.nat(3), fc.boolean()), { maxLength: 200 });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 2, maxLength: 8 }), steps, (weights, list) => {
        const loads = handLoads(weights.length);
        const total = weights.reduce((sum, one) => sum + one, 0);
        const picker = makePicker(pickersOf(policy), endpoints(weights), { loads });
        const busy: number[] = [];
        for (const [key, ends] of list) {
          if (ends && busy.length > 0) loads.inFlightOf[busy.shift()!]! -= 1;
          else {
            const before = loads.totalInFlight;
            const index = picker.pick({ hashKey: `hot-${key}` });
            loads.inFlightOf[index]! += 1;
            busy.push(index);
            expect(loads.inFlightOf[index]).toBeLessThanOrEqual(slotsFor(before, weights[index]! / total, 1.25) + 1);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('has no bound when it is switched off', () => {
    const loads = handLoads(4);
    const picker = makePicker(pickersOf({ policy, boundedLoad: false }), endpoints(4), { loads });
    const owner = picker.pick({ hashKey: 'hot' });
    loads.inFlightOf[owner] = 1_000;
    expect(picker.pick({ hashKey: 'hot' })).toBe(owner);
    const bounded = makePicker(pickersOf({ policy, boundedLoad: 4 }), endpoints(4), { loads });
    expect(bounded.pick({ hashKey: 'hot' })).toBe(owner);
    const tight = makePicker(pickersOf(policy), endpoints(4), { loads });
    expect(tight.pick({ hashKey: 'hot' })).not.toBe(owner);
  });

  it('gives weights their shares of 40,000 keys', () => {
    const picker = makePicker(pickersOf({ policy, boundedLoad: false }), endpoints([1, 2, 3]));
    const counts = [0, 0, 0];
    for (let key = 0; key < 40_000; key++) counts[picker.pick({ hashKey: `key-${key}` })]! += 1;
    if (policy === 'ring-hash') {
      // The ring's 1,024 points divide it by chance: an arc's share varies by 1/√points, the lightest one's 171 by 7.6 %; three times that.
      [1 / 6, 2 / 6, 3 / 6].forEach((share, index) => expect(counts[index]! / 40_000).toBeCloseTo(share, 1));
    } else expectShares(counts, [1 / 6, 2 / 6, 3 / 6]);
  });

  it('keeps keys where they are when the set changes and changes back', () => {
    const factory = pickersOf(policy);
    const set = endpoints(8);
    const owners = (picker: ReturnType<typeof factory>): number[] =>
      Array.from({ length: 50 }, (_, key) => picker.pick({ hashKey: `key-${key}` }));
    const first = makePicker(factory, set);
    const before = owners(first);
    const unused = makePicker(factory, set.slice(1), { previous: first });
    const back = makePicker(factory, set, { previous: unused });
    expect(owners(back)).toEqual(before);
  });
});
