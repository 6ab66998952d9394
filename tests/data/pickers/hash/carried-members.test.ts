import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Endpoint } from '../../../../src/core/endpoint.js';
import { carriedMembers } from '../../../../src/data/pickers/hash/carried-members.js';
import { HashRing } from '../../../../src/data/pickers/hash/hash-ring.js';
import { HighestScore } from '../../../../src/data/pickers/hash/highest-score.js';
import type { Locator, Predecessor } from '../../../../src/data/pickers/hash/locator.js';
import { MaglevTable } from '../../../../src/data/pickers/hash/maglev-table.js';
import { membersOf, type Members } from '../../../../src/data/pickers/hash/members.js';
import { xxhash64 } from '../../../../src/kit/xxhash64.js';
import { endpoint } from '../picker-fixture.js';

const one = (port: number, weight = 1): Endpoint => ({ ...endpoint(`id${port}`, weight), host: 'h', port });

const HASHES = Array.from({ length: 50 }, (_, key) => xxhash64(String(key)));
const owners = (locator: Locator): number[] => HASHES.map((hash) => locator.locate(hash, undefined));

const BUILD: readonly [string, (members: Members, predecessor?: Predecessor) => Locator][] = [
  ['ring', (members, before) => new HashRing(members, { minRingSize: 64, maxRingSize: 200 }, before)],
  ['maglev', (members, before) => new MaglevTable(members, 251, before)],
  ['rendezvous', (members, before) => new HighestScore(members, before)],
];

describe('members and locators that take over from those before', () => {
  it.each(BUILD)('are what they would be by themselves, for any course of changes: %s', (_, build) => {
    /** Ports and weights; a weight that stays leaves the very endpoint where it is. */
    const step = fc.record({
      gone: fc.array(fc.nat(11), { maxLength: 3 }),
      added: fc.array(fc.record({ port: fc.nat(11), weight: fc.constantFrom(1, 1, 2, 5) }), { maxLength: 4 }),
      shuffled: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (course) => {
        let set: Endpoint[] = [one(1_000), one(1_001)];
        let last = build(membersOf(set));
        for (const { gone, added, shuffled } of course) {
          set = set.filter(({ port }) => !gone.includes(port as number));
          for (const { port, weight } of added) {
            const at = set.findIndex((known) => known.port === port);
            if (at < 0) set.push(one(port, weight));
            else if (set[at]?.weight !== weight) set[at] = one(port, weight);
          }
          if (shuffled) set = [...set].reverse();
          const anew = membersOf(set);
          const carried = carriedMembers(set, last.members);
          if (carried !== undefined) expect(carried.members).toEqual(anew);
          const next = build(carried?.members ?? anew, carried && { locator: last, origins: carried.origins });
          const expected = build(anew);
          expect(owners(next)).toEqual(owners(expected));
          last = next;
        }
      }),
      { numRuns: 100 },
    );
  });

  it('keep all names but those that are new, and say where they stood', () => {
    const [a, b, c, d] = [one(1), one(2), one(3), one(4)];
    const carried = carriedMembers([a, c, d], membersOf([a, b, c]))!;
    expect(carried.members.names).toEqual(['h:1', 'h:3', 'h:4']);
    expect([...carried.origins]).toEqual([0, 2, -1]);
    // The same name in another form: what was hashed of it holds.
    expect([...carriedMembers([a, one(2, 7), c], membersOf([a, b, c]))!.origins]).toEqual([0, 1, 2]);
  });

  it('are made anew where two have the same name, of which the second one goes by its id', () => {
    const [a, b] = [one(1), one(2)];
    const twin = { ...one(1), id: 'twin' };
    expect(membersOf([a, b, twin]).distinct).toBe(false);
    expect(carriedMembers([a, b], membersOf([a, b, twin]))).toBeUndefined();
    expect(carriedMembers([a, b, twin], membersOf([a, b]))).toBeUndefined();
    expect(carriedMembers([b, twin], membersOf([a, b]))?.members.names).toEqual(['h:1', 'h:2']);
    expect(carriedMembers([b, one(5), { ...one(5), id: 'other' }], membersOf([a, b]))).toBeUndefined();
  });

  it('are found by their names in another order, and made anew where that would take longer', () => {
    const set = Array.from({ length: 50 }, (_, index) => one(index));
    const reversed = [...set].reverse();
    expect(carriedMembers(reversed, membersOf(set))?.members).toEqual(membersOf(reversed));
    const newcomers = Array.from({ length: 10 }, (_, index) => one(100 + index));
    expect(carriedMembers([...newcomers.slice(0, 4), ...set], membersOf(set))).toBeDefined();
    expect(carriedMembers([...newcomers, ...set], membersOf(set))).toBeUndefined();
  });
});
