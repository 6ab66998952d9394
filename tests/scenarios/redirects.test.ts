/**
 * Redirects between services, over both wires: below fetch each hop comes back to the dispatcher; over an injected fetch
 * the library follows them itself. What a caller sees must be the same.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';

import { createClient, getCall, staticResolver, type Client, type ClientOptions } from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { rejectionOf } from '../support/rejection.js';

const SECRETS = { authorization: 'Bearer secret', cookie: 'session=secret', 'proxy-authorization': 'Basic secret' };

const to = (url: string, status: number): string => `/redirect?to=${encodeURIComponent(url)}&status=${status}`;

let orders: Fleet;
let payments: Fleet;
let stranger: Fleet;

beforeAll(async () => {
  [orders, payments, stranger] = await Promise.all([
    startFleet({ size: 2, each: (index) => ({ id: `order${index}` }) }),
    startFleet({ size: 2, each: (index) => ({ id: `payment${index}` }) }),
    startFleet({ size: 1, each: () => ({ id: 'stranger' }) }),
  ]);
});
afterAll(() => Promise.all([orders, payments, stranger].map((fleet) => fleet.close())));
afterEach(async () => {
  const servers = [orders, payments, stranger].flatMap((fleet) => fleet.servers);
  await Promise.all(servers.map((server) => server.setMode({ kind: 'ok' })));
  await Promise.all(servers.map((server) => server.clearStats()));
});

const IP_AND_PORT = expect.stringMatching(/^127\.0\.0\.1:/);

describe.each([
  { name: 'the platform', wire: {}, hosts: { orders: 'orders', payments: 'payments' } },
  // A fetch writes the Host header by the URL that it is given, and takes no other.
  {
    name: 'an injected fetch',
    wire: { fetch: globalThis.fetch },
    hosts: { orders: IP_AND_PORT, payments: IP_AND_PORT },
  },
])('a redirect over $name', ({ wire, hosts }) => {
  let client: Client;

  function start(options: Partial<ClientOptions> = {}): Client {
    return createClient({
      services: {
        // In turn, so that the second hop shows whether it was picked anew.
        orders: { resolver: staticResolver(orders.addresses), balancer: 'round-robin' },
        payments: { resolver: staticResolver(payments.addresses) },
      },
      ...wire,
      ...options,
    });
  }

  beforeEach(() => {
    client = start();
  });
  afterEach(() => client.close());

  it('to another service is matched and picked there, without the credentials', async () => {
    const response = await client.fetch(`http://orders${to('http://payments/headers?full', 307)}`, {
      method: 'POST',
      body: 'order 1',
      headers: { ...SECRETS, 'x-tenant': 'acme', 'content-type': 'text/x-order' },
    });
    expect(response.status).toBe(200);
    expect(response.url).toBe('http://payments/headers?full');
    expect(response.redirected).toBe(true);
    expect(response.headers.get('x-server')).toMatch(/^payment/);
    const headers = (await response.json()) as Record<string, string>;
    expect(headers).toMatchObject({ host: hosts.payments, 'x-tenant': 'acme', 'content-type': 'text/x-order' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/authorization|cookie/)]));
    expect(getCall(response)).toMatchObject({
      service: 'orders',
      attempts: [{ status: 307 }, { status: 200, kind: 'first' }],
    });
    expect(payments.addresses.map((address) => `http://${address}`)).toContain(getCall(response)?.endpoint);
  });

  it('sends method and body on with 307 and 308', async () => {
    for (const status of [307, 308]) {
      const response = await client.fetch(`http://orders${to('http://payments/pay', status)}`, {
        method: 'POST',
        body: 'order 1',
      });
      expect(await response.json()).toMatchObject({ method: 'POST', path: '/pay', bodyBytes: 7 });
    }
  });

  it.each([
    ['POST', 301, 'GET'],
    ['POST', 302, 'GET'],
    ['POST', 303, 'GET'],
    ['PUT', 303, 'GET'],
    ['PUT', 302, 'PUT'],
    ['HEAD', 303, 'HEAD'],
  ])('turns %s into what the Fetch standard says after %i', async (method, status, expected) => {
    const response = await client.fetch(`http://orders${to('/done', status)}`, {
      method,
      ...(method === 'HEAD' ? {} : { body: 'order 1', headers: { 'content-type': 'text/x-order' } }),
    });
    expect(response.status).toBe(200);
    expect(response.redirected).toBe(true);
    const served = (await Promise.all(orders.servers.map((server) => server.stats()))).map(({ byMethod }) => byMethod);
    const count = (name: string): number => served.reduce((sum, byMethod) => sum + (byMethod[name] ?? 0), 0);
    expect(count(expected)).toBe(method === expected ? 2 : 1);
    if (expected === 'GET') expect(await response.json()).toMatchObject({ method: 'GET', bodyBytes: 0 });
  });

  it('within the service is picked anew, and keeps the credentials', async () => {
    const response = await client.fetch(`http://orders${to('/headers', 302)}`, { headers: SECRETS });
    expect(response.url).toBe('http://orders/headers');
    const [first, second] = getCall(response)?.attempts ?? [];
    expect(first?.endpoint).not.toBe(second?.endpoint);
    expect(await response.json()).toMatchObject({ ...SECRETS, host: hosts.orders });
  });

  it('to a failing endpoint is retried like any other request', async () => {
    await payments.servers[0]?.setMode({ kind: 'status', status: 503 });
    for (let i = 0; i < 6; i++) {
      const response = await client.fetch(`http://orders${to('http://payments/', 302)}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ server: 'payment1' });
    }
  });

  it('to a dead endpoint goes to another one, POST included', async () => {
    await using gone = await startFleet({ size: 1 });
    await gone.servers[0]?.kill();
    await using other = createClient({
      ...wire,
      services: {
        orders: { resolver: staticResolver(orders.addresses) },
        payments: {
          resolver: staticResolver([...gone.addresses, payments.addresses[0] as string]),
          balancer: 'round-robin',
        },
      },
    });
    for (let i = 0; i < 4; i++) {
      const response = await other.fetch(`http://orders${to('http://payments/', 307)}`, { method: 'POST', body: 'x' });
      expect(await response.json()).toMatchObject({ server: 'payment0', bodyBytes: 1 });
    }
  });

  it('to a host that is no service passes through, without the credentials', async () => {
    const url = `${stranger.servers[0]?.url}/headers`;
    const response = await client.fetch(`http://orders${to(url, 302)}`, {
      headers: { ...SECRETS, 'x-tenant': 'acme' },
    });
    expect(response.url).toBe(url);
    const headers = (await response.json()) as Record<string, string>;
    expect(headers).toMatchObject({ host: stranger.addresses[0], 'x-tenant': 'acme' });
    expect(Object.keys(headers)).not.toEqual(expect.arrayContaining([expect.stringMatching(/authorization|cookie/)]));
  });

  it('to a host that is no service is refused when those are rejected', async () => {
    await using strict = start({ unlisted: 'reject' });
    const error = await rejectionOf(strict.fetch(`http://orders${to(`${stranger.servers[0]?.url}/x`, 302)}`));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_UNKNOWN_SERVICE' });
    expect(error.message).toContain(stranger.addresses[0]);
    expect((await stranger.servers[0]?.stats())?.requests).toBe(0);
  });

  it("to a host that is no service and never answers is bounded by the call's time", async () => {
    const [server] = stranger.servers;
    await server?.setMode({ kind: 'hang' });
    const startMs = performance.now();
    const error = await rejectionOf(
      client.fetch(`http://orders${to(`${server?.url}/x`, 302)}`, { fairlead: { timeoutMs: 400 } }),
    );
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_CALL_TIMEOUT', service: 'orders' });
    expect(error.message).toContain(server?.url);
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(client.snapshot().services['orders']?.endpoints.map(({ failureScore }) => failureScore)).toEqual([0, 0]);
  });

  it("is handed out as it is with redirect: 'manual'", async () => {
    const response = await client.fetch(`http://orders${to('http://payments/', 307)}`, { redirect: 'manual' });
    expect(response.status).toBe(307);
    expect(response.headers.get('location')).toBe('http://payments/');
    expect(response.url).toMatch(/^http:\/\/orders\/redirect/);
    expect(response.redirected).toBe(false);
    await response.arrayBuffer();
  });

  it("fails the call with redirect: 'error', and nobody is blamed", async () => {
    const request = new Request(`http://orders${to('http://payments/', 307)}`, { redirect: 'error' });
    const error = await rejectionOf(client.fetch(request));
    expect(error).toMatchObject({ name: 'TypeError', cause: { message: 'unexpected redirect' } });
    const served = await Promise.all(orders.servers.map((server) => server.stats()));
    expect(served.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
    expect(client.snapshot().services['orders']?.endpoints.map(({ failureScore }) => failureScore)).toEqual([0, 0]);
  });

  it('that never ends fails the call', async () => {
    for (const server of orders.servers)
      await server.setMode({ kind: 'status', status: 302, headers: { location: '/again' } });
    const error = await rejectionOf(client.fetch('http://orders/'));
    expect(error).toMatchObject({ name: 'TypeError', cause: { message: 'redirect count exceeded' } });
  });

  it('fails a streamed upload, which cannot be sent twice, and blames nobody', async () => {
    const body = new Blob(['order 1']).stream();
    const init = { method: 'POST', body, duplex: 'half' as const };
    const error = await rejectionOf(client.fetch(`http://orders${to('http://payments/', 307)}`, init));
    expect(error.name).toBe('TypeError');
    expect((await Promise.all(payments.servers.map((server) => server.stats()))).map((s) => s.requests)).toEqual([
      0, 0,
    ]);
    const { orders: seen, payments: unseen } = client.snapshot().services;
    expect([...(seen?.endpoints ?? []), ...(unseen?.endpoints ?? [])].filter((e) => e.failureScore > 0)).toEqual([]);
  });

  it('leaves no claim on any endpoint behind', async () => {
    for (const path of [to('/done', 302), to('http://payments/', 307), to('http://payments/status/404', 302)])
      await (await client.fetch(`http://orders${path}`)).arrayBuffer();
    const { orders: first, payments: second } = client.snapshot().services;
    expect([first?.inFlight, second?.inFlight]).toEqual([0, 0]);
  });
});
