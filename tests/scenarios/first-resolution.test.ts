/** Discovery that cannot be asked when a process starts: who waits for it, for how long, and what they are told. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import {
  createClient,
  NoEndpointsError,
  registryResolver,
  type Client,
  type FairleadEvents,
  type ServiceOptions,
} from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { rejectionOf } from '../support/rejection.js';
import { until } from '../support/until.js';

let fleet: Fleet;
let registry: RegistryServer;
let client: Client;

beforeEach(async () => {
  [fleet, registry] = await Promise.all([startFleet({ size: 2 }), startRegistryServer()]);
  await registry.set('orders', fleet.addresses);
});
afterEach(async () => {
  await client.close({ timeoutMs: 0 });
  await Promise.all([fleet.close(), registry.close()]);
});

function start(options: Partial<ServiceOptions> = {}): Client {
  client = createClient({
    services: { orders: { resolver: registryResolver({ url: registry.urlOf('orders') }), ...options } },
  });
  return client;
}

/** The first question has been asked, in vain. */
async function failed(): Promise<void> {
  await until(() => client.snapshot().services['orders']?.resolution.status === 'failed', {
    what: 'the first failure',
  });
}

async function timed<T>(work: Promise<T>): Promise<[T, number]> {
  const startedAt = performance.now();
  return [await work, performance.now() - startedAt];
}

/** A busy machine may be late; a wait that ignores its bound takes seconds. */
const LATE_MS = 1_000;

const UNREACHABLE = {
  name: 'TypeError',
  code: 'ERR_RESOLUTION_FAILED',
  service: 'orders',
  cause: { message: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/v1\/services\/orders: .*ECONNREFUSED/) },
};

describe('while discovery cannot be asked', () => {
  beforeEach(() => registry.setMode({ kind: 'down' }));

  it('a call waits within its own time, and gets the cause', async () => {
    const { fetch } = start();
    const call = fetch('http://orders/', { fairlead: { timeoutMs: 600 } });
    const [error, waitedMs] = await timed(rejectionOf(call));
    // Its own time was over, not that of the wait for endpoints.
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_CALL_TIMEOUT', service: 'orders' });
    expect(String((error as Error).cause)).toContain('ECONNREFUSED');
    expect(error.message).toContain('ECONNREFUSED');
    expect(waitedMs).toBeGreaterThan(590);
    expect(waitedMs).toBeLessThan(600 + LATE_MS);
  });

  it('a call waits no longer than selectionTimeoutMs', async () => {
    const { fetch, request } = start({ selectionTimeoutMs: 400 });
    for (const call of [
      () => fetch('http://orders/', { method: 'POST', body: 'order 1' }),
      () => request('http://orders/'),
    ]) {
      const [error, waitedMs] = await timed(rejectionOf(call()));
      expect(error).toMatchObject(UNREACHABLE);
      expect(waitedMs).toBeGreaterThan(390);
      expect(waitedMs).toBeLessThan(400 + LATE_MS);
    }
  });

  it("a caller's abort ends the wait at once, with its reason", async () => {
    const { fetch, request } = start();
    await failed();
    for (const call of [
      (signal: AbortSignal) => fetch('http://orders/', { signal }),
      (signal: AbortSignal) => request('http://orders/', { signal }),
      (signal: AbortSignal) => client.acquire('orders', { signal }),
      (signal: AbortSignal) => client.ready(['orders'], { signal }),
    ]) {
      const controller = new AbortController();
      const reason = new Error('the user went away');
      const waiting = rejectionOf(call(controller.signal));
      setTimeout(() => controller.abort(reason), 50);
      const [error, waitedMs] = await timed(waiting);
      expect(error).toBe(reason);
      expect(waitedMs).toBeLessThan(50 + LATE_MS);
    }
  });

  it('ready and acquire wait within their bounds, and get the cause', async () => {
    start({ selectionTimeoutMs: 300 });
    expect(await rejectionOf(client.ready(undefined, { timeoutMs: 300 }))).toMatchObject(UNREACHABLE);
    const [error, waitedMs] = await timed(rejectionOf(client.acquire('orders')));
    expect(error).toMatchObject(UNREACHABLE);
    expect(waitedMs).toBeLessThan(300 + LATE_MS);
  });

  it('pick does not wait', async () => {
    start();
    expect(() => client.pick('orders')).toThrow(NoEndpointsError);
    expect(() => client.pick('orders')).toThrow('orders: discovery has not answered yet');
    await failed();
    expect(() => client.pick('orders')).toThrow(
      /^ERR_NO_ENDPOINTS: orders: discovery could not be asked: .*ECONNREFUSED/,
    );
  });

  it('events and the snapshot say so', async () => {
    start();
    const errors: FairleadEvents['resolveError'][0][] = [];
    client.on('resolveError', (event) => errors.push(event));
    await until(() => errors.length >= 2, { what: 'two failures' });
    expect(errors[0]).toMatchObject({ service: 'orders', resolver: 'registry', ageMs: undefined });
    expect(client.snapshot().services['orders']).toMatchObject({
      endpoints: [],
      resolution: { status: 'failed', ageMs: undefined, stale: false, error: expect.stringContaining('ECONNREFUSED') },
    });
    expect(client.explain('orders').resolution).toContain('ECONNREFUSED');
  });

  it('whoever waits is served when it comes back, and everybody after them', async () => {
    const { fetch, request } = start();
    await failed();
    const waiting = [
      fetch('http://orders/').then((response) => response.json()),
      fetch('http://orders/', { method: 'POST', body: 'order 1' }).then((response) => response.json()),
      request('http://orders/').then(({ body }) => body.json()),
      client.acquire('orders').then((lease) => {
        lease.settle({ kind: 'success' });
        return { server: fleet.servers.find(({ port }) => port === lease.endpoint.port)?.id };
      }),
    ];
    const ready = client.ready();
    await registry.setMode({ kind: 'ok' });
    for (const answer of await Promise.all(waiting))
      expect(answer).toMatchObject({ server: expect.stringMatching(/^s\d/) });
    await ready;
    expect((await fetch('http://orders/')).status).toBe(200);
  });

  it('those who gave up are served when they call again', async () => {
    const { fetch } = start();
    await rejectionOf(fetch('http://orders/', { fairlead: { timeoutMs: 500 } }));
    await registry.setMode({ kind: 'ok' });
    expect((await fetch('http://orders/')).status).toBe(200);
  });
});

describe('while discovery does not answer', () => {
  it('a call waits within its own time, and is told that', async () => {
    await registry.setMode({ kind: 'hang' });
    const { fetch } = start();
    const error = await rejectionOf(fetch('http://orders/', { fairlead: { timeoutMs: 200 } }));
    // The call's own time was the shorter one; that discovery did not answer is the cause.
    expect(error).toMatchObject({
      code: 'ERR_CALL_TIMEOUT',
      service: 'orders',
      cause: { code: 'ERR_RESOLUTION_FAILED' },
    });
    expect(error.message).toContain('discovery has not answered yet');
  });
});

describe('when discovery says that nobody serves a name', () => {
  it('a call fails at once, and works when somebody does', async () => {
    await registry.set('orders', []);
    const { fetch } = start({ cache: { negativeTtlMs: 200 } });
    const [error, waitedMs] = await timed(rejectionOf(fetch('http://orders/')));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_NO_ENDPOINTS', service: 'orders' });
    expect(waitedMs).toBeLessThan(LATE_MS);
    await registry.set('orders', fleet.addresses);
    await until(async () => (await fetch('http://orders/')).status === 200, { what: 'somebody to serve it' });
  });
});
