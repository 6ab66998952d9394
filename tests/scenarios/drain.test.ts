/** Endpoints that say they are leaving, on real servers through `client.fetch`. */

import { describe, expect, it, jest } from '@jest/globals';
import type { RequestListener } from 'node:http';

import { createClient } from '../../src/client/create-client.js';
import type { FairleadEvents } from '../../src/core/events.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { good, withLocalServers } from '../support/local-servers.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const closing: RequestListener = (_, response) => void response.setHeader('connection', 'close').end('ok');

/** A server that leaves when it is told to, in the way that `leaving` says. */
function leaver(leaving: RequestListener): RequestListener & { leave: boolean; requests: number } {
  const listener = Object.assign(
    ((request, response) => {
      listener.requests++;
      return listener.leave ? leaving(request, response) : good(request, response);
    }) as RequestListener,
    { leave: false, requests: 0 },
  );
  return listener;
}

describe('an endpoint that is leaving', () => {
  it('and ends all connections gets no new requests, is shown as draining, and is back after a while', async () => {
    const first = leaver(closing);
    await withLocalServers(
      [first, good],
      { drain: { holdMs: 1_500 }, balancer: 'round-robin' },
      async ({ client, calls, endpoint }) => {
        const events: FairleadEvents['drain'][0][] = [];
        client.on('drain', (event) => events.push(event));
        await calls(0, 10);
        first.leave = true;
        await calls(0, 6);
        expect(endpoint(0).state).toBe('draining');
        expect(events).toMatchObject([{ service: 'orders', on: true, sign: 'connection-close', holdMs: 1_500 }]);
        expect(client.explain('orders').endpoints[0]).toMatchObject({
          eligible: false,
          words: expect.stringMatching(
            /^draining for \d+ ms more, because it is leaving: it ended its connection with each of its last 3 answers$/,
          ),
        });
        const requests = first.requests;
        await calls(0, 20);
        expect(first.requests).toBe(requests);
        expect(client.snapshot().services['orders']!.panic).toBe(false);
        first.leave = false;
        await until(() => endpoint(0).state === 'healthy', { what: 'the end of its time' });
        await calls(0, 2);
        expect(first.requests).toBeGreaterThan(requests);
        expect(events).toMatchObject([{ on: true }, { on: false }]);
      },
    );
  });

  it('by default for 30 s', () => {
    const first = leaver(closing);
    return withLocalServers([first, good], {}, async ({ calls, client, endpoint }) => {
      await calls(0, 1);
      first.leave = true;
      await calls(0, 3);
      expect(endpoint(0).state).toBe('draining');
      const left = /for (\d+) ms/.exec(client.explain('orders').endpoints[0]!.words)!;
      expect(Number(left[1])).toBeGreaterThan(20_000);
      expect(Number(left[1])).toBeLessThanOrEqual(30_000);
    });
  });

  it.each([
    ['drain: false', false as const],
    ['connectionClose: false', { connectionClose: false }],
  ])('is not noticed with %s', (_, drain) => {
    const first = leaver(closing);
    return withLocalServers([first, good], { drain }, async ({ calls, endpoint }) => {
      await calls(0, 2);
      first.leave = true;
      await calls(0, 10);
      expect(endpoint(0).state).toBe('healthy');
    });
  });

  it('says so by a header, if one is named: one answer is enough', () => {
    const first = leaver((_, response) => void response.setHeader('X-Draining', '1').end('ok'));
    return withLocalServers([first, good], { drain: { header: 'x-draining' } }, async ({ calls, endpoint }) => {
      await calls(0, 2);
      expect(endpoint(0).state).toBe('healthy');
      first.leave = true;
      await calls(0, 1);
      expect(endpoint(0).state).toBe('draining');
    });
  });

  it('is used all the same while nobody else is left', () => {
    const servers = [leaver(closing), leaver(closing)];
    return withLocalServers(servers, { ejection: false }, async ({ call, calls, states }) => {
      for (const index of [0, 1]) await calls(index, 2);
      for (const server of servers) server.leave = true;
      for (const index of [0, 1]) await calls(index, 4);
      // The second to say so found nobody to take its place.
      expect(await Promise.all([call(0), call(1), call(0)])).toEqual([200, 200, 200]);
      expect(states()).toEqual(['healthy', 'healthy']);
    });
  });

  it('is used again when discovery removes it and names it again', () => {
    const first = leaver(closing);
    return withLocalServers([first, good], {}, async ({ servers }) => {
      const addresses = servers.map((server) => `127.0.0.1:${(server.address() as { port: number }).port}`);
      const resolver = createManualResolver(addresses);
      const client = createClient({ services: { orders: { resolver, balancer: 'round-robin' } } });
      const call = async (): Promise<void> => void (await (await client.fetch('http://orders/')).text());
      const state = (): string | undefined =>
        client.snapshot().services['orders']!.endpoints.find(({ id }) => id.endsWith(addresses[0]!))?.state;
      try {
        for (let n = 0; n < 4; n++) await call();
        first.leave = true;
        for (let n = 0; n < 8; n++) await call();
        expect(state()).toBe('draining');
        resolver.set(addresses.slice(1));
        await until(() => state() === undefined, { what: 'the removal' });
        first.leave = false;
        resolver.set(addresses);
        await until(() => state() === 'healthy', { what: 'the return' });
      } finally {
        await client.close({ timeoutMs: 0 });
      }
    });
  });
});

describe('an endpoint that stays', () => {
  it('though it never keeps connections alive', () =>
    withLocalServers([closing, closing], {}, async ({ calls, states }) => {
      await calls(0, 10);
      await calls(1, 10);
      expect(states()).toEqual(['healthy', 'healthy']);
    }));

  it('though it bounds the requests of a connection, and many are bound at once', () =>
    withLocalServers([good, good], {}, async ({ servers, call, endpoint }) => {
      servers[0]!.maxRequestsPerSocket = 3;
      // Twenty connections in step, each of which ends with its third request.
      for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 20 }, () => call(0)));
      await spend(10);
      expect(endpoint(0).state).toBe('healthy');
    }));

  it('though the caller asks for closed connections', () =>
    withLocalServers([good, good], {}, async ({ client, calls, endpoint }) => {
      await calls(0, 2);
      const { port } = endpoint(0);
      for (let n = 0; n < 10; n++) {
        const options = { headers: { connection: 'close' }, fairlead: { hashKey: String(port) } };
        const { body } = await client.request('http://orders/', options).catch(() => ({ body: undefined }));
        await body?.text();
      }
      expect(endpoint(0).state).toBe('healthy');
    }));
});
