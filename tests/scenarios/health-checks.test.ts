/** Active health checks, on real servers beside calls of `client.fetch`. */

import { describe, expect, it, jest } from '@jest/globals';
import type { RequestListener } from 'node:http';

import type { HealthCheckOptions } from '../../src/client/options.js';
import type { FairleadEvents } from '../../src/core/events.js';
import { good, withLocalServers } from '../support/local-servers.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

interface Checked {
  readonly listener: RequestListener;
  well: boolean;
  callsWell: boolean;
  hang: boolean;
  checks: number;
  calls: number;
  readonly sockets: Set<unknown>;
  readonly checkSockets: Set<unknown>;
}

/** A server with a health path that answers as it is told. */
function checked(path = '/healthz'): Checked {
  const server: Checked = {
    listener(request, response) {
      if (request.url === path) {
        server.checks++;
        server.checkSockets.add(request.socket);
        if (!server.hang) response.writeHead(server.well ? 200 : 500).end();
        return;
      }
      server.calls++;
      server.sockets.add(request.socket);
      response.writeHead(server.callsWell ? 200 : 503).end();
    },
    well: true,
    callsWell: true,
    hang: false,
    checks: 0,
    calls: 0,
    sockets: new Set(),
    checkSockets: new Set(),
  };
  return server;
}

const OFTEN: HealthCheckOptions = { path: '/healthz', intervalMs: 50, timeoutMs: 5_000 };

describe('an active health check', () => {
  it('takes an endpoint out of use that calls know nothing of, and back, over connections of its own', async () => {
    const first = checked();
    await withLocalServers(
      [first.listener, checked().listener],
      { healthCheck: OFTEN, balancer: 'round-robin' },
      async (stage) => {
        const events: FairleadEvents['healthCheck'][0][] = [];
        stage.client.on('healthCheck', (event) => events.push(event));
        await stage.calls(0, 4);
        first.well = false;
        await until(() => stage.endpoint(0).state === 'unhealthy', { what: 'three failed checks' });
        expect(stage.client.explain('orders').endpoints[0]).toMatchObject({
          eligible: false,
          words: expect.stringMatching(/^unhealthy for \d+ ms: 3 checks in a row failed, the last: answered 500$/),
        });
        const calls = first.calls;
        await stage.calls(0, 10);
        expect(first.calls).toBe(calls);
        first.well = true;
        await until(() => stage.endpoint(0).state === 'healthy', { what: 'two good checks' });
        expect(events).toMatchObject([{ healthy: false }, { healthy: true }]);
        await stage.calls(0, 4);
        expect(first.calls).toBeGreaterThan(calls);
        for (const socket of first.checkSockets) expect(first.sockets.has(socket)).toBe(false);
      },
    );
  });

  it('is off by default', async () => {
    const first = checked('/');
    await withLocalServers([first.listener], {}, async () => {
      await spend(200);
      expect(first.checks).toBe(0);
    });
  });

  it('timeoutMs: one that hangs fails', async () => {
    const first = checked();
    first.hang = true;
    await withLocalServers([first.listener, good], { healthCheck: { ...OFTEN, timeoutMs: 30 } }, ({ endpoint }) =>
      until(() => endpoint(0).state === 'unhealthy', { what: 'three checks in vain' }).then(() => undefined),
    );
  });

  it('rise and fall: so many in a row', async () => {
    const first = checked();
    await withLocalServers(
      [first.listener, good],
      { healthCheck: { ...OFTEN, fall: 6, rise: 4 } },
      async ({ client, endpoint }) => {
        const details: string[] = [];
        client.on('healthCheck', ({ detail }) => details.push(detail));
        first.well = false;
        await until(() => endpoint(0).state === 'unhealthy', { what: 'failed checks' });
        first.well = true;
        await until(() => endpoint(0).state === 'healthy', { what: 'good checks' });
        expect(details).toEqual([expect.stringMatching(/^6 checks/), '4 checks in a row succeeded']);
      },
    );
  });

  it('intervalMs, jitterRatio and maxPerInterval: so often, and so many', async () => {
    const servers = Array.from({ length: 6 }, () => checked());
    const listeners = servers.map(({ listener }) => listener);
    const healthCheck = { path: '/healthz', intervalMs: 600, jitterRatio: 0, maxPerInterval: 2 };
    await withLocalServers(listeners, { healthCheck }, async () => {
      await spend(1_500);
      // One each 300 ms: five at most, however slow the machine.
      const all = servers.reduce((sum, { checks }) => sum + checks, 0);
      expect(all).toBeGreaterThan(0);
      expect(all).toBeLessThanOrEqual(5);
    });
  });

  it('check: asks in the way of a function', async () => {
    let well = true;
    const ids = new Set<string>();
    const check: HealthCheckOptions['check'] = async ({ id }, { signal }) => {
      ids.add(id);
      expect(signal.aborted).toBe(false);
      return well;
    };
    await withLocalServers([good, good], { healthCheck: { ...OFTEN, check } }, async ({ states, call }) => {
      await until(() => ids.size === 2, { what: 'both to be asked' });
      well = false;
      // Of nobody healthy, everybody is used.
      await until(() => states().join() === 'unhealthy,unhealthy', { what: 'the verdicts' });
      expect(await call(0)).toBe(200);
    });
  });

  it.each([
    [true, 'healthy'],
    [false, 'ejected'],
  ])('uneject: %s, so an ejected endpoint is then %s', async (uneject, state) => {
    const first = checked();
    first.callsWell = false;
    await withLocalServers(
      [first.listener, good],
      { healthCheck: { ...OFTEN, intervalMs: 1_000, uneject }, ejection: { consecutiveFailures: 2 } },
      async ({ calls, ejections, unejections, endpoint }) => {
        await calls(0, 2);
        expect(ejections).toHaveLength(1);
        first.callsWell = true;
        const before = first.checks;
        await until(() => first.checks >= before + 2, { what: 'good checks' });
        await spend(50);
        expect(endpoint(0).state).toBe(state);
        if (uneject) expect(unejections).toMatchObject([{ by: 'health-check' }]);
      },
    );
  });
});
