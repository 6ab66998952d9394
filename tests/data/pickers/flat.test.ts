/**
 * A pick of these policies costs the same whatever the number of endpoints. Counted, not timed: what it reads of the
 * endpoints and their loads, and the random numbers that it draws.
 */

import { describe, expect, it } from '@jest/globals';

import type { Endpoint } from '../../../src/core/endpoint.js';
import type { Loads } from '../../../src/data/picker.js';
import { createPolicy } from '../../../src/data/pickers/create-policy.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { endpoints } from './picker-fixture.js';

const PICKS = 200;

interface Counted {
  /** Reads of `endpoints`, by index or otherwise. */
  reads: number;
  /** Questions about an endpoint's load. */
  loads: number;
  draws: number;
}

/** The most that any of so many picks took, once whatever is built at the first one is there. */
function most(name: 'adaptive' | 'p2c' | 'round-robin' | 'random' | 'maglev', count: number): Counted {
  const now: Counted = { reads: 0, loads: 0, draws: 0 };
  const observed = new Proxy<Endpoint[]>(endpoints(count), {
    get(target, key) {
      now.reads++;
      return Reflect.get(target, key) as unknown;
    },
  });
  const asked = (): number => (now.loads++, 0);
  const loads: Loads = { nowMs: 0, totalInFlight: 0, inFlight: asked, failureScore: asked, latencyMs: asked };
  const seeded = createSeededRandom(5);
  const random = { next: () => (now.draws++, seeded.next()) };
  const input = { endpoints: observed, loads, clock: createFakeClock(), random, previous: undefined };
  const slots = Int32Array.from({ length: count }, (_, index) => index);
  const table = {
    size: count,
    leastLoaded: (sample: Int32Array, looked: number) => ((now.loads += looked), sample[0]!),
  };
  const picker = createPolicy(name).createPicker(input, slots, table);
  picker.pick({ hashKey: 'first' });

  const worst: Counted = { reads: 0, loads: 0, draws: 0 };
  for (let pick = 0; pick < PICKS; pick++) {
    now.reads = now.loads = now.draws = 0;
    picker.pick({ hashKey: `key-${pick}` });
    for (const key of ['reads', 'loads', 'draws'] as const) worst[key] = Math.max(worst[key], now[key]);
  }
  return worst;
}

describe('a pick', () => {
  it.each([
    // 16 of the endpoints; one number seeds the sample.
    ['adaptive', { reads: 0, loads: 16, draws: 1 }],
    ['p2c', { reads: 0, loads: 4, draws: 2 }],
    ['round-robin', { reads: 0, loads: 0, draws: 0 }],
    ['random', { reads: 2, loads: 0, draws: 1 }],
    ['maglev', { reads: 1, loads: 1, draws: 0 }],
  ] as const)('under %s takes as much of 100,000 endpoints as of 1,000, and no more of 10', (name, expected) => {
    const thousand = most(name, 1_000);
    expect(thousand).toEqual(expected);
    expect(most(name, 100_000)).toEqual(thousand);
    const ten = most(name, 10);
    for (const key of ['reads', 'loads', 'draws'] as const) expect(ten[key]).toBeLessThanOrEqual(expected[key]);
  });
});
