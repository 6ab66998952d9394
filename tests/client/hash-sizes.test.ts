/** The sizes of rings and tables, set through createClient, decide how even shares are. */

import { describe, expect, it } from '@jest/globals';

import type { ServiceOptions } from '../../src/client/options.js';
import { createBench } from './bench.js';

/** Calls of so many keys that each endpoint gets, in order of name. */
async function shares(
  balancer: NonNullable<ServiceOptions['balancer']>,
  endpoints: string[],
  keys: number,
): Promise<number[]> {
  const bench = createBench({ endpoints, service: { balancer } });
  for (let key = 0; key < keys; key++)
    await bench.outcome(bench.client.fetch('http://orders/', { fairlead: { hashKey: `key-${key}` } }));
  return endpoints.map((endpoint) => bench.wire.route.filter((one) => one === endpoint).length);
}

describe('sizes of tables', () => {
  it('tableSize: three slots for two endpoints are two for one of them', async () => {
    const two = await shares({ policy: 'maglev', tableSize: 3, boundedLoad: false }, ['a:1', 'b:1'], 300);
    expect(Math.abs(Math.max(...two) - 200)).toBeLessThan(5 * Math.sqrt((300 * 2) / 9));
    const many = await shares({ policy: 'maglev', boundedLoad: false }, ['a:1', 'b:1'], 300);
    expect(Math.abs(Math.max(...many) - 150)).toBeLessThan(5 * Math.sqrt(300 / 4));
  });

  it('minRingSize: a ring of four points for four endpoints leaves one of them next to nothing, one of thousands a fair share', async () => {
    const four = ['a:1', 'b:1', 'c:1', 'd:1'];
    const few = await shares({ policy: 'ring-hash', minRingSize: 4, boundedLoad: false }, four, 1_000);
    expect(Math.min(...few)).toBeLessThan(100);
    // 1,024 points each: a share's standard deviation is 1 / √1024, 3 %, by the ring, and 14 calls by chance.
    const many = await shares({ policy: 'ring-hash', minRingSize: 4_096, boundedLoad: false }, four, 1_000);
    for (const share of many) expect(Math.abs(share - 250)).toBeLessThan(5 * Math.hypot(0.03 * 250, 14));
  });

  it('maxRingSize: cuts off the points that would make everybody equal', async () => {
    const three = ['a:1', 'b:1', 'c:1'];
    const of = (maxRingSize: number): Promise<number[]> =>
      shares({ policy: 'ring-hash', minRingSize: 4, maxRingSize, boundedLoad: false }, three, 300);
    // Two points each, which are six; or four in all.
    expect(await of(6)).toEqual(await of(4_096));
    expect(await of(4)).not.toEqual(await of(6));
  });
});
