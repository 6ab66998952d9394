import { describe, expect, it, jest } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { createServer } from 'node:net';

import { createClient } from '../../src/client/create-client.js';
import { staticResolver } from '../../src/control/resolvers/static-resolver.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { rejection, spend, withOrders } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(30_000);

const FLEET = { size: 3 };

/** What an abort may carry: whatever it is, the call rejects with that very thing. */
const REASONS: [string, unknown][] = [
  ['an Error of one’s own', new Error('enough')],
  ['a string', 'enough'],
  ['the default', undefined],
];

/** Timers that the process waits on, from all of the test's own work. */
function openTimers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

describe.each(REASONS)('a call that its caller aborts with %s', (_, reason) => {
  const abort = (controller: AbortController): void => controller.abort(reason);

  it('rejects with it while it waits for the first endpoints', async () => {
    const client = createClient({ services: { orders: { resolver: createManualResolver() } } });
    const controller = new AbortController();
    const failed = rejection(client.fetch('http://orders/', { signal: controller.signal }));
    await spend(20);
    abort(controller);
    expect(await failed).toBe(controller.signal.reason);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    await client.close();
  });

  it('rejects with it while it connects, and frees the endpoint at once', async () => {
    // A listener whose queue of connections is full: the next one is neither accepted nor refused.
    const full = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 });
    await new Promise((resolve) => full.once('listening', resolve));
    const { port } = full.address() as { port: number };
    const client = createClient({
      services: { orders: { resolver: staticResolver([`127.0.0.1:${port}`]), tls: {} } },
    });
    const controller = new AbortController();
    // TLS to a server that says nothing: the connection never becomes ready.
    const failed = rejection(client.fetch('https://orders/', { signal: controller.signal }));
    await until(() => client.snapshot().services['orders']?.inFlight === 1, { what: 'the attempt' });
    abort(controller);
    expect(await failed).toBe(controller.signal.reason);
    expect(client.snapshot().services['orders']?.inFlight).toBe(0);
    await client.close({ timeoutMs: 0 });
    full.close();
  });

  it.each(['fetch', 'request'] as const)('rejects with it while %s waits for headers', (via) =>
    withOrders({ fleet: FLEET }, async ({ client, fleet, snapshot, ejections }) => {
      for (const server of fleet.servers) await server.setMode({ kind: 'hang' });
      const controller = new AbortController();
      const failed = rejection(client[via]('http://orders/', { signal: controller.signal }));
      await until(() => snapshot().inFlight === 1, { what: 'the attempt' });
      await spend(50);
      abort(controller);
      expect(await failed).toBe(controller.signal.reason);
      expect(snapshot().inFlight).toBe(0);
      expect(ejections).toEqual([]);
    }),
  );

  it('ends the body with it while the caller reads', () =>
    withOrders({ fleet: FLEET }, async ({ client, snapshot, ejections }) => {
      const controller = new AbortController();
      const response = await client.fetch('http://orders/stream?bytes=100000000&intervalMs=20', {
        signal: controller.signal,
      });
      const reader = response.body!.getReader();
      await reader.read();
      // A read that is under way. (Undici 6 gives one that starts after the abort an AbortError of its own, as in plain fetch.)
      const failed = rejection(
        (async () => {
          for (;;) if ((await reader.read()).done) return;
        })(),
      );
      await spend(30);
      abort(controller);
      await failed;
      await until(() => snapshot().inFlight === 0, { what: 'the end of the attempt' });
      expect(ejections).toEqual([]);
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
    }));
});

describe('a thousand calls', () => {
  it('that are aborted leave no socket, listener, timer or lease behind, and eject nobody', () =>
    withOrders({ fleet: { size: 4, serviceTimeMs: 20 } }, async ({ client, fleet, snapshot, ejections }) => {
      await client.fetch('http://orders/').then((response) => response.text());
      const timersBefore = openTimers();
      for (let batch = 0; batch < 20; batch++) {
        const shared = new AbortController();
        const calls = Array.from({ length: 50 }, () =>
          rejection(client.fetch('http://orders/delay/5000', { signal: shared.signal })),
        );
        // Some are connecting, some wait for headers.
        await spend(batch % 10);
        shared.abort(new Error('enough'));
        for (const error of await Promise.all(calls)) expect(error).toBe(shared.signal.reason);
        expect(getEventListeners(shared.signal, 'abort')).toHaveLength(0);
      }
      expect(snapshot().inFlight).toBe(0);
      expect(snapshot().endpoints.map(({ state }) => state)).toEqual(Array(4).fill('healthy'));
      expect(ejections).toEqual([]);
      await until(() => openTimers() <= timersBefore, { what: 'the end of every timer' });
      await client.close();
      // The servers see every connection end.
      for (const server of fleet.servers)
        await until(async () => (await server.stats()).openSockets === 0, {
          what: `the end of ${server.id}'s sockets`,
        });
    }));

  it('that succeed leave no listener on a signal that they share', () =>
    withOrders({ fleet: FLEET }, async ({ client, snapshot }) => {
      const { signal } = new AbortController();
      let most = 0;
      for (let batch = 0; batch < 100; batch++) {
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            const response = await client.fetch('http://orders/', { signal });
            most = Math.max(most, getEventListeners(signal, 'abort').length);
            await response.text();
          }),
        );
      }
      // Never more than there are calls at a time, and none when they are over.
      expect(most).toBeLessThanOrEqual(10);
      await until(() => getEventListeners(signal, 'abort').length === 0, { what: 'the end of the last body' });
      expect(snapshot().inFlight).toBe(0);
    }));
});
