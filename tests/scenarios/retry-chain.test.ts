/** What services tell each other about a call: that it is a retry, which attempt it is, and how much time is left. */

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { afterEach, describe, expect, it } from '@jest/globals';

import { createClient, staticResolver, type CallReport, type Client, type ServiceOptions } from '../../src/index.js';
import { startHttpListeners, type HttpListeners } from '../support/http-listeners.js';

const opened: (HttpListeners | Client)[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

function clientOf(addresses: readonly string[], service: Partial<ServiceOptions> = {}): Client {
  const client = createClient({
    services: { next: { resolver: staticResolver([...addresses]), balancer: 'round-robin', ...service } },
  });
  opened.push(client);
  return client;
}

async function serve(answer: (request: IncomingMessage) => Promise<number> | number): Promise<readonly string[]> {
  const listener = (request: IncomingMessage, response: { statusCode: number; end(): void }): void => {
    const end = (status: number): void => {
      response.statusCode = status;
      response.end();
    };
    // A service whose own call is refused says so to whoever called it.
    void Promise.resolve(answer(request)).then(end, () => end(503));
  };
  const servers = await startHttpListeners(listener, listener);
  opened.push(servers);
  return servers.addresses;
}

const statusOf = async (client: Client, init?: Parameters<Client['fetch']>[1]): Promise<number> => {
  const response = await client.fetch('http://next/', init);
  await response.arrayBuffer();
  return response.status;
};

describe('a chain of services that all retry', () => {
  it.each<[string, Partial<ServiceOptions>]>([
    ['by default', {}],
    ['without throttling, by budgets and the chain stop alone', { throttle: false }],
  ])(
    'makes at most 1.5 attempts at the last one for each call at the first, %s',
    async (_, service) => {
      let attempts = 0;
      const last = await serve(() => (attempts++, 503));
      const middle = clientOf(last, { ejection: false, ...service });
      const front = await serve((request) => statusOf(middle, { fairlead: { inbound: request.headers } }));
      const first = clientOf(front, { ejection: false, ...service });
      const calls = 1_000;
      for (let call = 0; call < calls; call += 50)
        await Promise.all(Array.from({ length: 50 }, () => statusOf(first).catch(() => 0)));
      expect(attempts / calls).toBeLessThanOrEqual(1.5);
      expect(attempts).toBeGreaterThan(0);
    },
    60_000,
  );

  it('tells every layer below a retry, and nobody below a first attempt', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const last = await serve(({ headers }) => (seen.push(headers), 503));
    const middle = clientOf(last, { retry: { maxAttempts: 2, backoffBaseMs: 0 } });
    const reports: CallReport[] = [];
    middle.on('call', (report) => reports.push(report));
    const front = await serve((request) => statusOf(middle, { fairlead: { inbound: request.headers } }));
    const first = clientOf(front, { retry: { maxAttempts: 2, backoffBaseMs: 0 } });
    expect(await statusOf(first)).toBe(503);
    expect(seen.map((headers) => headers['fairlead-no-retry'])).toEqual([undefined, '1', '1']);
    expect(reports.map(({ notRetried, attempts }) => [notRetried, attempts.length])).toEqual([
      ['max-attempts', 2],
      ['chain', 1],
    ]);
  });

  it('multiplies where the header is switched off', async () => {
    let attempts = 0;
    const last = await serve(() => (attempts++, 503));
    const middle = clientOf(last, { retry: { maxAttempts: 2, backoffBaseMs: 0 } });
    const front = await serve((request) => statusOf(middle, { fairlead: { inbound: request.headers } }));
    const first = clientOf(front, {
      retry: { maxAttempts: 2, backoffBaseMs: 0 },
      propagate: { noRetryHeader: false },
    });
    expect(await statusOf(first)).toBe(503);
    expect(attempts).toBeGreaterThan(3 - 1);
  });
});

describe('headers about an attempt', () => {
  it('are none by default, and those that propagate names', async () => {
    const seen: IncomingHttpHeaders[] = [];
    const addresses = await serve(({ headers }) => (seen.push(headers), seen.length === 2 ? 503 : 200));
    expect(await statusOf(clientOf(addresses))).toBe(200);
    expect(Object.keys(seen[0] ?? {}).filter((name) => /fairlead|attempt|timeout/.test(name))).toEqual([]);
    const telling = clientOf(addresses, {
      propagate: { attemptHeader: 'x-attempt', deadlineHeader: 'x-request-timeout-ms' },
    });
    expect(await statusOf(telling, { fairlead: { timeoutMs: 20_000 }, headers: { 'X-Attempt': '9' } })).toBe(200);
    const told = seen.slice(1);
    expect(told.map((headers) => headers['x-attempt'])).toEqual(['1', '2']);
    const [before, after] = told.map((headers) => Number(headers['x-request-timeout-ms']));
    expect(before).toBeGreaterThan(5_000);
    expect(before).toBeLessThanOrEqual(20_000);
    expect(after).toBeLessThanOrEqual(before as number);
  });

  it("bound a call by the time of the request that it serves, and grpc-timeout has gRPC's form", async () => {
    const seen: IncomingHttpHeaders[] = [];
    const addresses = await serve(({ headers }) => (seen.push(headers), 200));
    const client = clientOf(addresses, { propagate: { deadlineHeader: 'grpc-timeout' } });
    expect(await statusOf(client, { fairlead: { inbound: { 'grpc-timeout': '15S' } } })).toBe(200);
    const [, digits] = /^(\d+)m$/.exec(String(seen[0]?.['grpc-timeout'])) ?? [];
    expect(Number(digits)).toBeGreaterThan(5_000);
    expect(Number(digits)).toBeLessThanOrEqual(15_000);
    await expect(statusOf(client, { fairlead: { inbound: { 'grpc-timeout': '0m' } } })).rejects.toMatchObject({
      code: 'ERR_CALL_TIMEOUT',
      name: 'TimeoutError',
    });
    expect(seen).toHaveLength(1);
  });
});
