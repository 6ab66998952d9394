/** Calls divided among groups of endpoints, as the balancer does it. */

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { EligibleGroup, EligibleSet } from '../../src/core/eligible-set.js';
import { SUCCESS } from '../../src/core/outcome.js';
import { createBalancer, type Balancer, type BalancerInput, type CallContext } from '../../src/data/balancer.js';
import type { BalancerLease } from '../../src/data/balancer-lease.js';
import { DEFAULT_LIMITS } from '../../src/data/balancer-settings.js';
import { BALANCER_NAMES } from '../../src/data/pickers/create-policy.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { endpoint, expectShares } from './pickers/picker-fixture.js';

/** Named by its first letter: 'a' holds a0, a1, …. */
function group(name: string, count: number, share: number, rank = 0): EligibleGroup {
  const endpoints = Array.from({ length: count }, (_, n) => endpoint(`${name}${n}`));
  return { key: `${rank}/${name}`, rank, endpoints, share };
}

function setOf(...groups: EligibleGroup[]): EligibleSet {
  const endpoints = groups.filter(({ share }) => share > 0).flatMap((one) => one.endpoints);
  return { endpoints, probes: [], panic: false, groups };
}

function balancerOf(set: EligibleSet, options: Partial<BalancerInput> = {}): Balancer {
  const balancer = createBalancer({
    balancer: 'random',
    limits: DEFAULT_LIMITS,
    clock: createFakeClock(),
    random: createSeededRandom(3),
    takeProbe: () => false,
    onSettled: () => {},
    ...options,
  });
  balancer.update(set);
  return balancer;
}

function take(balancer: Balancer, context: CallContext = {}): BalancerLease {
  const lease = balancer.pick(context);
  if (typeof lease === 'string') throw new Error(`no lease: ${lease}`);
  return lease;
}

/** How many of so many picks go to each group, by letter. */
function picks(balancer: Balancer, count: number, contextOf: (n: number) => CallContext, names: string): number[] {
  const counts = [...names].map(() => 0);
  for (let n = 0; n < count; n++) {
    const lease = take(balancer, contextOf(n));
    counts[names.indexOf(lease.endpoint.id.charAt(0))]! += 1;
    lease.settle(SUCCESS, 5);
  }
  return counts;
}

const none = (): CallContext => ({});

describe('groups', () => {
  it.each(BALANCER_NAMES)('get calls by their shares under %s', (balancer) => {
    const set = setOf(group('a', 3, 0.5), group('b', 9, 0.2), group('c', 1, 0.3, 2), group('d', 5, 0, 4));
    expectShares(picks(balancerOf(set, { balancer }), 20_000, none, 'abcd'), [0.5, 0.2, 0.3, 0]);
  });

  it('need no draw while one of them has it all', () => {
    let draws = 0;
    const random = { next: () => (draws++, 0.5) };
    const balancer = balancerOf(setOf(group('a', 1, 1), group('b', 3, 0, 2)), { balancer: 'p2c', random });
    draws = 0;
    expect(picks(balancer, 100, none, 'ab')).toEqual([100, 0]);
    expect(draws).toBe(0);
  });

  it.each(['ring-hash', 'maglev', 'rendezvous'] as const)('keep a key under %s, and share keys', (balancer) => {
    const set = setOf(group('a', 4, 0.7), group('b', 4, 0.3, 2));
    const keys = Array.from({ length: 2_000 }, (_, n) => `key-${n}`);
    const [first, second] = [1, 2].map((seed) => balancerOf(set, { balancer, random: createSeededRandom(seed) }));
    const routeOf = (one: Balancer): string[] =>
      keys.map((hashKey) => {
        const lease = take(one, { hashKey });
        lease.settle(SUCCESS);
        return lease.endpoint.id;
      });
    const route = routeOf(first!);
    expect(routeOf(second!)).toEqual(route);
    const inA = route.filter((id) => id.startsWith('a')).length;
    expectShares([inA, keys.length - inA], [0.7, 0.3]);
    // Within the group each of four gets its part: the draw of the group must not take a part of the ring with it.
    const counts = [0, 1, 2, 3].map((n) => route.filter((id) => id === `a${n}`).length);
    for (const count of counts) expect(count).toBeGreaterThan(inA / 8);
  });

  it('share by chance for calls without a key', () => {
    const balancer = balancerOf(setOf(group('a', 4, 0.7), group('b', 4, 0.3)), { balancer: 'maglev' });
    expectShares(picks(balancer, 10_000, none, 'ab'), [0.7, 0.3]);
  });
});

describe('a retry', () => {
  const zones = setOf(group('a', 3, 1), group('b', 2, 0), group('c', 4, 0), group('z', 2, 0, 2));

  it('goes to another group of the rank, by number of endpoints, where none of its attempts has been', () => {
    const balancer = balancerOf(zones);
    expectShares(
      picks(balancer, 3_000, () => ({ tried: new Set(['a1']) }), 'abcz'),
      [0, 1 / 3, 2 / 3, 0],
    );
    expect(picks(balancer, 100, () => ({ tried: new Set(['a1', 'b0']) }), 'abcz')).toEqual([0, 0, 100, 0]);
  });

  it('stays where it is drawn when that has not been tried', () => {
    const balancer = balancerOf(setOf(group('a', 3, 0.5), group('b', 2, 0.5)));
    expect(picks(balancer, 100, () => ({ tried: new Set(['a1']) }), 'ab')).toEqual([0, 100]);
  });

  it('goes to everybody of its rank before it goes on, and round again after the last', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const balancer = balancerOf(zones, { random: createSeededRandom(seed) });
        const tried = new Set<string>();
        const order: string[] = [];
        for (let attempt = 0; attempt < 11; attempt++) {
          const { id } = take(balancer, { tried }).endpoint;
          order.push(id);
          tried.add(id);
        }
        expect(tried.size).toBe(11);
        expect(order.slice(9).map((id) => id.charAt(0))).toEqual(['z', 'z']);
        expect(take(balancer, { tried }).endpoint.id).toMatch(/^a/);
      }),
    );
  });

  it('leaves a zone although the endpoint that it tried there was ejected for it', () => {
    const balancer = balancerOf(zones);
    for (let left = 2; left > 0; left--) {
      // a2, then a1, is not in its zone any more.
      balancer.update(setOf(group('a', left, 1), group('b', 2, 0), group('c', 4, 0), group('z', 2, 0, 2)));
      const [a = 0, b = 0, c = 0] = picks(balancer, 60, () => ({ tried: new Set([`a${left}`]) }), 'abcz');
      expect([a, b + c]).toEqual([0, 60]);
    }
    // When everybody elsewhere was tried, whoever is left at home is next.
    const tried = new Set(['a1', 'a2', 'b0', 'b1', 'c0', 'c1', 'c2', 'c3']);
    expect(take(balancer, { tried }).endpoint.id).toBe('a0');
    // A zone that is empty for a while is nobody's memory.
    balancer.update(setOf(group('b', 2, 1), group('c', 4, 0)));
    balancer.update(zones);
    expect(picks(balancer, 20, () => ({ tried: new Set(['a1']) }), 'abcz')[0]).toBe(0);
  });

  it('takes no account of what it tried that is no more', () => {
    const balancer = balancerOf(zones);
    balancer.update(setOf(group('b', 2, 1), group('c', 4, 0)));
    expect(picks(balancer, 50, () => ({ tried: new Set(['a0', 'a1', 'never']) }), 'bc')).toEqual([50, 0]);
  });
});

describe('limits', () => {
  const limits = { maxInFlight: 100, maxInFlightPerEndpoint: 2 };

  it('send on what does not fit to the other groups, in order', () => {
    const balancer = balancerOf(setOf(group('a', 2, 1), group('b', 1, 0), group('c', 1, 0, 2)), { limits });
    const route = Array.from({ length: 8 }, () => take(balancer).endpoint.id.charAt(0));
    expect(route.join('')).toBe('aaaabbcc');
    expect(balancer.pick({})).toBe('limit');
  });

  it('prefer an untried endpoint of another group', () => {
    const balancer = balancerOf(setOf(group('a', 2, 1), group('b', 1, 0, 2)), { limits });
    take(balancer, { tried: new Set(['a1']) });
    take(balancer, { tried: new Set(['a1']) });
    expect(take(balancer, { tried: new Set(['a1']) }).endpoint.id).toBe('b0');
  });
});

describe('a new set', () => {
  it('lets each group go on with round robin where it was, also when groups come and go', () => {
    const balancer = balancerOf(setOf(group('a', 4, 1), group('b', 3, 0)), { balancer: 'round-robin' });
    const next = (): string => take(balancer).endpoint.id;
    const order = [next(), next(), next(), next()];
    next();
    balancer.update(setOf(group('a', 4, 1)));
    expect(next()).toBe(order[1]);
    balancer.update({ endpoints: group('a', 4, 1).endpoints, probes: [], panic: false });
    expect(next()).toBe(order[2]);
    balancer.update(setOf(group('a', 4, 1), group('b', 3, 0)));
    expect(next()).toBe(order[3]);
  });

  it('keeps nothing of the pickers before it alive but what is taken over', () => {
    const made: unknown[] = [];
    const previous: unknown[] = [];
    const balancer = balancerOf(setOf(), {
      balancer: (input) => {
        previous.push(input.previous);
        const picker = { pick: () => 0 };
        made.push(picker);
        return picker;
      },
    });
    for (let update = 0; update < 3; update++) balancer.update(setOf(group('a', 1, 1), group('b', 1, 0)));
    // The reserve is never asked, so its picker is never made.
    expect(made).toHaveLength(3);
    expect(previous).toEqual([undefined, made[0], made[1]]);
    take(balancer, { tried: new Set(['a0']) });
    expect(made).toHaveLength(4);
  });

  it('does not forget what was learned of a reserve', () => {
    const balancer = balancerOf(setOf(group('a', 1, 1), group('b', 1, 0)));
    take(balancer, { tried: new Set(['a0']) }).settle({ kind: 'failure', reason: 'reset' });
    balancer.forget('b0');
    expect(balancer.load('b0')?.failureScore).toBe(10);
  });
});
