/** When many endpoints fail at once nobody is an outlier: what ejection does, and above all does not, while a fleet is down. */

import { describe, expect, it, jest } from '@jest/globals';

import type { ServerMode } from '../../src/testing/server-mode.js';
import { spend, withOrders } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(90_000);

const FLEET = { size: 6 };

describe('when all of six endpoints fail at once', () => {
  it.each<[string, ServerMode]>([
    ['answering 503', { kind: 'status', status: 503 }],
    ['resetting connections', { kind: 'reset', when: 'after' }],
  ])('%s: at most one is ejected, and all serve again as soon as they can', (_, mode) =>
    // This is about ejection: shedding, which takes a while to cease, stands aside.
    withOrders({ fleet: FLEET, service: { retry: false, throttle: false } }, async (orders) => {
      const load = orders.load({ ratePerSecond: 200, call: () => orders.get() });
      await spend(1_000);
      await Promise.all(orders.fleet.servers.map((server) => server.setMode(mode)));
      await spend(3_000);
      // The first to have its row full before the others have failed twice; five servers in turn, it is chance.
      expect(orders.ejections.length).toBeLessThanOrEqual(1);
      await Promise.all(orders.fleet.servers.map((server) => server.setMode({ kind: 'ok' })));
      const backAtMs = performance.now();
      await spend(500);
      // Nobody has to wait for the end of a sentence.
      const healthy = orders.snapshot().endpoints.filter(({ state }) => state === 'healthy');
      expect(healthy.length).toBeGreaterThanOrEqual(5);
      // Callers enough for all: a few alone would go to those whose failures are the oldest, until all are forgotten.
      const crowd = orders.load({ concurrency: 24, call: () => orders.get() });
      for (const { port } of healthy) {
        const server = orders.fleet.servers.find((one) => one.port === port)!;
        await until(() => orders.attemptsAt(server, backAtMs).some(({ status }) => status === 200), {
          what: 'calls to every endpoint',
          timeoutMs: 20_000,
        });
      }
      const errorsBefore = load.errors.length;
      await spend(1_000);
      expect(load.errors.length).toBe(errorsBefore);
      await Promise.all([load.stop(), crowd.stop()]);
    }),
  );
});
