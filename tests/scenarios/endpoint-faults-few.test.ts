import { describe, expect, it, jest } from '@jest/globals';

import { isFairleadError, type FairleadError } from '../../src/core/errors.js';
import { rejection, spend, withOrders, type Via } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(20_000);

describe('when one of two endpoints dies', () => {
  it.each<[string, Via, object]>([
    ['16 callers by fetch', 'fetch', { concurrency: 16 }],
    ['20 calls per second by request', 'request', { ratePerSecond: 20 }],
  ])('no GET of %s fails', (_, via, shape) =>
    withOrders({ fleet: { size: 2, serviceTimeMs: 10 } }, async (orders) => {
      const victim = orders.fleet.servers[1]!;
      const load = orders.load({ ...shape, call: () => orders.get('/', via) });
      await spend(500);
      await victim.kill();
      await spend(2_000);
      const { calls, errors } = await load.stop();
      expect(errors).toEqual([]);
      expect(calls).toBeGreaterThan(20);
      expect(orders.attemptsAt(victim).some(({ status }) => status === 200)).toBe(true);
    }),
  );
});

describe('when the only endpoint dies', () => {
  it.each<Via>(['fetch', 'request'])(
    'a %s fails at once with an error that says so, until the endpoint is back',
    (via) =>
      withOrders({ fleet: { size: 1 } }, async (orders) => {
        const server = orders.fleet.servers[0]!;
        await orders.get('/', via);
        await server.kill();
        // The connection that stands idle finds out by itself.
        await spend(100);
        const startedAtMs = performance.now();
        const error = (await rejection(orders.get('/', via))) as FairleadError;
        // Nothing is waited for: far less than any timeout or backoff that there is.
        expect(performance.now() - startedAtMs).toBeLessThan(1_000);
        expect(isFairleadError(error)).toBe(true);
        expect(error).toBeInstanceOf(TypeError);
        expect(error).toMatchObject({
          code: 'ERR_ALL_ATTEMPTS_FAILED',
          service: 'orders',
          cause: { code: 'ECONNREFUSED' },
        });
        expect(error.message).toMatch(/^ERR_ALL_ATTEMPTS_FAILED: orders: /);
        expect(error.message).toContain(server.address);
        expect(error.message).toContain('ECONNREFUSED');
        expect(error.attempts).toMatchObject([
          { address: server.address, sent: false, outcome: { reason: 'connect' } },
        ]);
        // However often it failed, the last one is never ejected.
        for (let n = 0; n < 20; n++) await rejection(orders.get('/', via));
        expect(orders.endpoint(server).state).toBe('healthy');
        await server.restart();
        await orders.get('/', via);
      }),
  );

  it('a POST is told the same', () =>
    withOrders({ fleet: { size: 1 } }, async ({ client, fleet }) => {
      const server = fleet.servers[0]!;
      await server.kill();
      const error = await rejection(client.fetch('http://orders/', { method: 'POST', body: 'order' }));
      expect(error).toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED', cause: { code: 'ECONNREFUSED' } });
    }));

  it('callers under load go on when it is back, with no help', () =>
    withOrders({ fleet: { size: 1, serviceTimeMs: 10 } }, async (orders) => {
      const server = orders.fleet.servers[0]!;
      const load = orders.load({ ratePerSecond: 50, call: () => orders.get() });
      await spend(300);
      await server.kill();
      await until(() => load.errors.length > 10, { what: 'errors' });
      for (const error of load.errors) expect(isFairleadError(error)).toBe(true);
      await server.restart();
      const errorsWhenBack = load.errors.length;
      await spend(1_000);
      // Those that began before it listened again.
      const { errors, calls } = await load.stop();
      expect(errors.length - errorsWhenBack).toBeLessThanOrEqual(1);
      expect(calls).toBeGreaterThan(errors.length);
    }));
});
