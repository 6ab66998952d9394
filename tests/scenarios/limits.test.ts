/** The wait queue and the adaptive limit over real connections. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createClient, staticResolver, type Client, type LimitOptions } from '../../src/index.js';

let server: Server;
let client: Client;
let inFlight = 0;
let most = 0;

beforeEach(async () => {
  inFlight = 0;
  most = 0;
  server = createServer((_, response) => {
    most = Math.max(most, ++inFlight);
    setTimeout(() => {
      inFlight--;
      response.end('ok');
    }, 20);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  server.closeAllConnections();
  server.close();
});

function start(limits: LimitOptions): void {
  const { port } = server.address() as AddressInfo;
  client = createClient({ services: { orders: { resolver: staticResolver([`127.0.0.1:${port}`]), limits } } });
}

/** What a call becomes: its status, or the code of its error. */
async function outcome(): Promise<unknown> {
  try {
    const response = await client.fetch('http://orders/');
    await response.text();
    return response.status;
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

const burst = (size: number): Promise<unknown[]> => Promise.all(Array.from({ length: size }, outcome));

describe('a burst of fifty calls at a limit of five', () => {
  it('is answered from a queue, five at a time', async () => {
    start({ maxInFlight: 5, queue: { timeoutMs: 60_000 } });
    const results = await burst(50);
    expect(results.filter((result) => result === 200)).toHaveLength(50);
    expect(most).toBeLessThanOrEqual(5);
    expect(client.snapshot().services['orders']).toMatchObject({ inFlight: 0, limits: { waiting: 0 } });
  });

  it('is refused at once but for five without one', async () => {
    start({ maxInFlight: 5 });
    const results = await burst(50);
    expect(results.filter((result) => result === 200)).toHaveLength(5);
    expect(results.filter((result) => result === 'ERR_LIMIT_EXCEEDED')).toHaveLength(45);
  });

  it('is refused but for five and the ten that may wait', async () => {
    start({ maxInFlight: 5, queue: { size: 10, timeoutMs: 60_000 } });
    const results = await burst(50);
    expect(results.filter((result) => result === 200)).toHaveLength(15);
  });
});

describe('an adaptive limit', () => {
  it('grows while a service answers evenly, and lets no more in than it says', async () => {
    start({
      adaptive: { initial: 2, min: 2, smoothing: 1, tolerance: 10, windowMs: 100 },
      queue: { timeoutMs: 60_000 },
    });
    const limit = (): number => client.snapshot().services['orders']?.limits.maxInFlight ?? 0;
    expect(limit()).toBe(2);
    expect((await burst(10)).filter((result) => result === 200)).toHaveLength(10);
    expect(most).toBeLessThanOrEqual(2);
    for (let round = 0; round < 20 && limit() < 10; round++) await burst(40);
    expect(limit()).toBeGreaterThanOrEqual(10);
  });
});
