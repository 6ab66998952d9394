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
});
