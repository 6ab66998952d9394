import { describe, expect, it, jest } from '@jest/globals';
import { getEventListeners } from 'node:events';

import { systemClock, type Clock } from '../../src/core/clock.js';
import { rejection, spend, withOrders } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(20_000);

/** The client's own timers do not keep the process alive, so the process does not list them: this clock does. */
function countingClock(): Clock & { readonly pending: number } {
  const pending = new Set<object>();
  return {
    now: () => systemClock.now(),
    setTimer(callback, delayMs) {
      const token = {};
      pending.add(token);
      const timer = systemClock.setTimer(() => {
        pending.delete(token);
        callback();
      }, delayMs);
      return {
        [Symbol.dispose]() {
          pending.delete(token);
          timer[Symbol.dispose]();
        },
      };
    },
    get pending() {
      return pending.size;
    },
  };
}

const openSockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

describe('a caller who aborts', () => {
  it('while a retry is being waited for gets its own reason at once', () =>
    withOrders({ fleet: { size: 2 } }, async ({ client, fleet, attempts, snapshot }) => {
      for (const server of fleet.servers)
        await server.setMode({ kind: 'status', status: 503, headers: { 'retry-after': '8' } });
      const controller = new AbortController();
      const failed = rejection(client.fetch('http://orders/', { signal: controller.signal }));
      await until(() => attempts.length === 1, { what: 'the first answer' });
      await spend(50);
      const abortedAtMs = performance.now();
      controller.abort('enough');
      expect(await failed).toBe('enough');
      // The wait that it ends would have taken 8 s.
      expect(performance.now() - abortedAtMs).toBeLessThan(2_000);
      expect(attempts).toHaveLength(1);
      expect(snapshot().inFlight).toBe(0);
    }));

  it.each<[string, unknown]>([
    ['an Error', new Error('enough')],
    ['a string', 'enough'],
    ['nothing', undefined],
  ])('of a body with %s gets that very thing from the read that waits', (_, reason) =>
    withOrders({ fleet: { size: 1 } }, async ({ client, snapshot, ejections }) => {
      const controller = new AbortController();
      const { signal } = controller;
      // 16 KiB, then nothing for a minute: the second read waits.
      const response = await client.fetch('http://orders/stream?bytes=100000&intervalMs=60000', { signal });
      const reader = response.body!.getReader();
      await reader.read();
      const failed = rejection(reader.read());
      controller.abort(reason);
      expect(await failed).toBe(signal.reason);
      await until(() => snapshot().inFlight === 0, { what: 'the end of the lease' });
      expect(ejections).toEqual([]);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }),
  );

  it('of the body of a request gets it as well', () =>
    withOrders({ fleet: { size: 1 } }, async ({ client, snapshot }) => {
      const controller = new AbortController();
      const { signal } = controller;
      const { body } = await client.request('http://orders/stream?bytes=100000&intervalMs=60000', { signal });
      const failed = rejection(body.text());
      await spend(20);
      const reason = new Error('enough');
      controller.abort(reason);
      expect(await failed).toBe(reason);
      await until(() => snapshot().inFlight === 0, { what: 'the end of the lease' });
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }));

  it.each(['fetch', 'request'] as const)('of 1000 calls by %s leaves no timer, listener or socket behind', (via) => {
    const clock = countingClock();
    return withOrders(
      { fleet: { size: 4 }, client: { clock } },
      async ({ client, fleet, snapshot, ejections, get }) => {
        await get('/', via);
        const timersBefore = clock.pending;
        const socketsBefore = openSockets();
        for (const server of fleet.servers) await server.setMode({ kind: 'hang' });
        // A signal that outlives its calls is only aborted once: each batch has its own, shared by fifty calls.
        for (let batch = 0; batch < 20; batch++) {
          const controller = new AbortController();
          const { signal } = controller;
          const calls = Array.from({ length: 50 }, () => rejection(client[via]('http://orders/', { signal })));
          await spend(batch);
          controller.abort();
          expect(new Set(await Promise.all(calls))).toEqual(new Set([signal.reason]));
          expect(getEventListeners(signal, 'abort')).toEqual([]);
        }
        expect(snapshot().inFlight).toBe(0);
        expect(ejections).toEqual([]);
        // While the client is still open: an exchange that is broken off takes its connection with it, and that its timer.
        await until(() => openSockets() <= socketsBefore, { what: "the end of the client's sockets" });
        await until(() => clock.pending === timersBefore, { what: `the end of all timers but ${timersBefore}` });
        for (const server of fleet.servers)
          await until(async () => (await server.stats()).inFlight === 0, { what: 'the end at the servers' });
      },
    );
  });

  it('is heard also by a signal that was aborted before the call, and nothing is sent', () =>
    withOrders({ fleet: { size: 1 } }, async ({ client, fleet, snapshot }) => {
      const signal = AbortSignal.abort('enough');
      expect(await rejection(client.fetch('http://orders/', { signal }))).toBe('enough');
      expect(await rejection(client.request('http://orders/', { signal }))).toBe('enough');
      expect(snapshot().inFlight).toBe(0);
      expect((await fleet.servers[0]!.stats()).requests).toBe(0);
    }));
});
