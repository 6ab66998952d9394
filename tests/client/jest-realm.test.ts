/**
 * Jest gives each test file globals of its own: an error of the platform's fetch is no `Error` of the test, and the
 * platform's undici is out of sight. A library that decides by `instanceof` silently stops retrying in there (p-retry
 * takes a foreign error for no error at all), and users' tests would show something else than production does.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';

import { createClient, FairleadError, getCall, isFairleadError, staticResolver, type Client } from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { rejectionOf } from '../support/rejection.js';
import { until } from '../support/until.js';

let fleet: Fleet;
let client: Client;

beforeAll(async () => {
  fleet = await startFleet({ size: 2 });
});
afterAll(() => fleet.close());
afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await Promise.all(fleet.servers.map((server) => server.setMode({ kind: 'ok' })));
});

function start(endpoints: readonly string[] = fleet.addresses): Client {
  client = createClient({
    services: { orders: { resolver: staticResolver(endpoints), balancer: 'round-robin', attemptTimeoutMs: 300 } },
  });
  return client;
}

async function deadAddress(): Promise<string> {
  await using dead = await startFleet({ size: 1 });
  return dead.addresses[0]!;
}

describe('inside the realm of a Jest test', () => {
  it('the errors of the platform are foreign, which is what this file is about', async () => {
    const error = await rejectionOf(fetch(`http://${await deadAddress()}/`));
    expect(error.name).toBe('TypeError');
    expect(error).not.toBeInstanceOf(TypeError);
    start();
  });

  it('an answer is a Response of the test', async () => {
    const response = await start().fetch('http://orders/');
    expect(response).toBeInstanceOf(Response);
    expect(response.url).toBe('http://orders/');
    expect(await response.json()).toMatchObject({ host: 'orders' });
  });

  it("what fetch rejects with is a TypeError of the test, with the system's code in its cause", async () => {
    const { fetch, request } = start([await deadAddress()]);
    for (const call of [fetch, request]) {
      const error = await rejectionOf(call('http://orders/'));
      expect(error).toBeInstanceOf(TypeError);
      expect(error).toBeInstanceOf(FairleadError);
      expect(isFairleadError(error)).toBe(true);
      expect(error).toMatchObject({
        code: 'ERR_ALL_ATTEMPTS_FAILED',
        service: 'orders',
        cause: { code: 'ECONNREFUSED' },
      });
    }
  });

  it.each([
    ['a reset', { kind: 'reset', when: 'after' }, /ECONNRESET|UND_ERR_SOCKET/],
    ['an answer that is no HTTP', { kind: 'garbage' }, /HPE_/],
    ['a timeout', { kind: 'hang' }, /ERR_ATTEMPT_TIMEOUT/],
    ['a 503', { kind: 'status', status: 503 }, undefined],
  ] as const)('%s is retried', async (_, mode, words) => {
    await fleet.servers[0]?.setMode(mode);
    const { fetch, request } = start();
    for (let i = 0; i < 2; i++) {
      const response = await fetch('http://orders/');
      expect(response.status).toBe(200);
      const attempts = getCall(response)?.attempts ?? [];
      if (attempts.length === 1) continue;
      expect(attempts).toMatchObject([{ outcome: { kind: 'failure' } }, { kind: 'retry', status: 200 }]);
      if (words !== undefined) expect(attempts[0]?.error).toMatch(words);
    }
    for (let i = 0; i < 2; i++) {
      const { statusCode, body } = await request('http://orders/');
      expect(statusCode).toBe(200);
      await body.dump();
    }
  });

  it('a refused connection is moved on from, whatever the method', async () => {
    const { fetch } = start([await deadAddress(), fleet.addresses[0]!]);
    for (let i = 0; i < 2; i++) {
      const response = await fetch('http://orders/', { method: 'POST', body: new FormData() });
      expect(response.status).toBe(200);
      expect(getCall(response)?.attempts.at(-1)?.status).toBe(200);
    }
  });

  it("timeouts are named so, and a caller's reason is the caller's", async () => {
    await Promise.all(fleet.servers.map((server) => server.setMode({ kind: 'hang' })));
    const { fetch } = start();
    const late = await rejectionOf(fetch('http://orders/', { fairlead: { timeoutMs: 100 } }));
    expect(late).toMatchObject({ name: 'TimeoutError', code: 'ERR_CALL_TIMEOUT' });
    expect(late).toBeInstanceOf(Error);
    const reason = { any: 'value' };
    const controller = new AbortController();
    const waiting = rejectionOf(fetch('http://orders/', { signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
  });

  it("a caller's abort, for whatever reason, is no failure of an endpoint", async () => {
    const { fetch, request } = start();
    await Promise.all(fleet.servers.map((server) => server.setMode({ kind: 'hang' })));
    for (const call of [fetch, request]) {
      const controller = new AbortController();
      const waiting = rejectionOf(call('http://orders/', { signal: controller.signal }));
      await until(
        async () => (await Promise.all(fleet.servers.map((server) => server.stats()))).some((s) => s.inFlight > 0),
        {
          what: 'the request to arrive',
        },
      );
      controller.abort(new Error('the user went away'));
      await waiting;
    }
    await Promise.all(fleet.servers.map((server) => server.setMode({ kind: 'ok' })));
    const controller = new AbortController();
    const response = await fetch('http://orders/stream?bytes=100000000', { signal: controller.signal });
    const reading = rejectionOf(response.arrayBuffer());
    controller.abort(new Error('the user went away'));
    await reading;
    const { inFlight, endpoints } = client.snapshot().services['orders']!;
    expect(inFlight).toBe(0);
    expect(endpoints.filter(({ failureScore }) => failureScore > 0)).toEqual([]);
  });

  it('wrong options are an Error of the test', () => {
    start();
    expect(() => createClient({ services: { orders: {} as never } })).toThrow(FairleadError);
    expect(() => createClient({ services: { orders: {} as never } })).toThrow(Error);
  });
});
