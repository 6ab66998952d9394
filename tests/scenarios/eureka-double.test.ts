/** Whether the double of Eureka that other tests rely on is one: Eureka's npm client must be able to live with it. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';

import { startEurekaServer } from '../support/eureka-server.js';

const PROGRAM = join(__dirname, 'programs/eureka-client.mjs');

async function runClient(url: string): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--no-deprecation', PROGRAM, url], {
    timeout: 20_000,
  });
  return JSON.parse(stdout);
}

describe.each(['array', 'object'] as const)('the double of Eureka, a lone entry as %s', (singles) => {
  it('serves the npm client: registration, heartbeats, the whole registry, deltas, and the end of a lease', async () => {
    await using eureka = await startEurekaServer({ singles });
    expect(await runClient(eureka.url)).toEqual({
      full: [
        {
          instanceId: 'orders-8001',
          status: 'UP',
          port: { $: 8001, '@enabled': 'true' },
          actionType: 'ADDED',
          metadata: { zone: 'a' },
        },
      ],
      added: ['orders-8001', 'orders-8002'],
      left: ['orders-8001'],
      returned: ['orders-8001'],
    });
    const { requests } = await eureka.stats();
    expect(new Set(requests)).toEqual(
      new Set([
        'POST /eureka/apps/orders',
        'PUT /eureka/apps/orders/orders-8001',
        'GET /eureka/apps/',
        'GET /eureka/apps/delta',
        'DELETE /eureka/apps/orders/orders-8002',
        'DELETE /eureka/apps/ORDERS/orders-8001',
        'DELETE /eureka/apps/orders/orders-8001',
      ]),
    );
  }, 30_000);
});
