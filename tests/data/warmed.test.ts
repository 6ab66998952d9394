/** Endpoints that warm up get a part of their share, under every policy that goes by weight. */

import { describe, expect, it } from '@jest/globals';

import { SUCCESS } from '../../src/core/outcome.js';
import { createBalancer, type Balancer } from '../../src/data/balancer.js';
import { DEFAULT_LIMITS } from '../../src/data/balancer-settings.js';
import { BALANCER_NAMES } from '../../src/data/pickers/create-policy.js';
import { warmed } from '../../src/data/warmed.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { endpoints, tolerance } from './pickers/picker-fixture.js';

function picksOfFirst(balancer: Balancer, picks: number): number {
  let count = 0;
  for (let pick = 0; pick < picks; pick++) {
    const lease = balancer.pick({});
    if (typeof lease === 'string') throw new Error(lease);
    if (lease.endpoint.id === 'e0') {
      count++;
      expect(lease.endpoint.weight).toBe(1);
    }
    lease.settle(SUCCESS, 5);
  }
  return count;
}

/** Two choices with a cost of (0 + 1) / weight: with nothing in flight the lighter of two never wins. */
const CHOICE_OF_TWO = new Set(['p2c', 'peak-ewma']);

describe('an endpoint that warms up', () => {
  it.each(BALANCER_NAMES.filter((name) => name !== 'round-robin'))('gets a part of its share under %s', (name) => {
    const balancer = createBalancer({
      balancer: name,
      limits: DEFAULT_LIMITS,
      clock: createFakeClock(),
      random: createSeededRandom(9),
      takeProbe: () => false,
      onSettled: () => {},
    });
    const set = { endpoints: endpoints(4), probes: [], panic: false };
    balancer.update({ ...set, warming: new Map([['e0', 0.25]]) });
    const share = CHOICE_OF_TWO.has(name) ? 0 : 0.25 / 3.25;
    expect(Math.abs(picksOfFirst(balancer, 8_000) - 8_000 * share)).toBeLessThanOrEqual(tolerance(8_000, share));
    balancer.update(set);
    expect(Math.abs(picksOfFirst(balancer, 8_000) - 2_000)).toBeLessThanOrEqual(tolerance(8_000, 0.25));
  });

  it('gets its part as well where all weights are 0, which means equal', () => {
    const list = endpoints([0, 0]);
    expect(warmed(list, new Map([['e1', 0.5]])).map(({ weight }) => weight)).toEqual([1, 0.5]);
    expect(warmed(list, undefined)).toBe(list);
    expect(warmed(list, new Map([['other', 0.5]]))).toBe(list);
  });
});
