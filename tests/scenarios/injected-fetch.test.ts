/**
 * `fetch:` in place of the platform's undici: for runtimes that have none, and for tests of applications, whose stub is a
 * function that looks at a URL. Everything that can be done from above a fetch must hold; what cannot is said here.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';

import { createClient, getCall, staticResolver, type Client, type ServiceOptions } from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { rejectionOf } from '../support/rejection.js';
import { until } from '../support/until.js';

type Fetch = typeof globalThis.fetch;

let client: Client | undefined;
afterEach(async () => {
  await client?.close({ timeoutMs: 0 });
  client = undefined;
});

function start(fetch: Fetch, orders: ServiceOptions): Client {
  client = createClient({ fetch, services: { orders } });
  return client;
}

const inFlight = (): number | undefined => client?.snapshot().services['orders']?.inFlight;
const nobodyIsBlamed = (): void => {
  expect(client?.snapshot().services['orders']?.endpoints.filter(({ failureScore }) => failureScore > 0)).toEqual([]);
};

describe("the platform's own fetch, injected", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await startFleet({ size: 2 });
  });
  afterAll(() => fleet.close());
  afterEach(async () => {
    await Promise.all(fleet.servers.map((server) => server.setMode({ kind: 'ok' })));
    await Promise.all(fleet.servers.map((server) => server.clearStats()));
  });

  it('gets the URL of an endpoint, base path included, and the caller the logical one', async () => {
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver([`http://${fleet.addresses[0]}/shop/v2`]) });
    for (const input of ['http://orders/items?id=1#top', new URL('http://orders/items?id=1')]) {
      const response = await fetch(input);
      expect(response.url).toBe('http://orders/items?id=1');
      expect(response.redirected).toBe(false);
      expect(await response.json()).toMatchObject({ path: '/shop/v2/items?id=1', server: 's1' });
      expect(getCall(response)).toMatchObject({ service: 'orders', attempts: [{ address: fleet.addresses[0] }] });
    }
  });

  it('takes a Request with its method, headers and body', async () => {
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses) });
    const request = new Request('http://orders/pay', {
      method: 'PUT',
      body: 'order 1',
      headers: { 'x-request-id': 'from-request' },
    });
    const response = await fetch(request);
    expect(await response.json()).toMatchObject({ method: 'PUT', bodyBytes: 7, requestId: 'from-request' });
  });

  it('is called again at another endpoint after a 503', async () => {
    await fleet.servers[0]?.setMode({ kind: 'status', status: 503 });
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses), balancer: 'round-robin' });
    for (let i = 0; i < 6; i++) expect(await (await fetch('http://orders/')).json()).toMatchObject({ server: 's2' });
    expect(inFlight()).toBe(0);
  });

  it('is called again after a refused connection, whatever the method', async () => {
    await using dead = await startFleet({ size: 1 });
    await dead.servers[0]?.kill();
    const { fetch } = start(globalThis.fetch, {
      resolver: staticResolver([...dead.addresses, fleet.addresses[0] as string]),
      balancer: 'round-robin',
      ejection: false,
    });
    for (let i = 0; i < 6; i++) {
      const response = await fetch('http://orders/', {
        method: 'POST',
        body: 'order 1',
        headers: { 'x-request-id': `post-${i}` },
      });
      expect(await response.json()).toMatchObject({ server: 's1', bodyBytes: 7 });
      const attempts = getCall(response)?.attempts ?? [];
      if (attempts.length === 2) expect(attempts).toMatchObject([{ sent: false }, { kind: 'failover' }]);
    }
    const received = (await fleet.servers[0]?.stats())?.received.map(({ id }) => id);
    expect(received).toEqual(['post-0', 'post-1', 'post-2', 'post-3', 'post-4', 'post-5']);
  });

  it('is never given a stream for the second time', async () => {
    await using dead = await startFleet({ size: 1 });
    await dead.servers[0]?.kill();
    const { fetch } = start(globalThis.fetch, {
      resolver: staticResolver([...dead.addresses, fleet.addresses[0] as string]),
      balancer: 'round-robin',
    });
    const outcomes = [];
    for (let i = 0; i < 2; i++) {
      const init = { method: 'PUT', body: new Blob(['order 1']).stream(), duplex: 'half' as const };
      outcomes.push(
        await fetch('http://orders/', init).then(
          async (response) => (await response.json()) as { bodyBytes: number },
          (error: { cause: { code: string } }) => error.cause.code,
        ),
      );
    }
    expect(outcomes).toContain('ECONNREFUSED');
    expect(outcomes).toContainEqual(expect.objectContaining({ bodyBytes: 7 }));
    expect((await fleet.servers[0]?.stats())?.requests).toBe(1);
  });

  it('keeps its endpoint claimed until the body ends, and no longer', async () => {
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses) });
    const slow = await fetch('http://orders/stream?bytes=65536&intervalMs=100');
    expect(inFlight()).toBe(1);
    expect((await slow.arrayBuffer()).byteLength).toBe(65_536);
    expect(inFlight()).toBe(0);

    const cancelled = await fetch('http://orders/stream?bytes=100000000');
    expect(inFlight()).toBe(1);
    await cancelled.body?.cancel();
    expect(inFlight()).toBe(0);

    for (const path of ['/', '/status/204', '/status/404'])
      expect((await fetch(`http://orders${path}`)).status).toBeGreaterThan(199);
    await until(() => inFlight() === 0, { what: 'the end of small bodies that nobody reads' });
    nobodyIsBlamed();
  });

  it('passes uploads and downloads on piece by piece', async () => {
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses) });
    const bytes = randomBytes(512 * 1024);
    const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');
    const init = { method: 'POST', body: new Blob([bytes]).stream(), duplex: 'half' as const };
    const response = await fetch('http://orders/echo', init);
    const pieces: Uint8Array[] = [];
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) pieces.push(piece);
    expect(pieces.length).toBeGreaterThan(1);
    expect(sha256(Buffer.concat(pieces))).toBe(sha256(bytes));
  });

  it('is given up when an endpoint does not answer in time, and another one is tried', async () => {
    await fleet.servers[0]?.setMode({ kind: 'hang' });
    const { fetch } = start(globalThis.fetch, {
      resolver: staticResolver(fleet.addresses),
      balancer: 'round-robin',
      attemptTimeoutMs: 200,
    });
    for (let i = 0; i < 2; i++) expect(await (await fetch('http://orders/')).json()).toMatchObject({ server: 's2' });
    await until(async () => (await fleet.servers[0]?.stats())?.inFlight === 0, { what: 'the end of the given-up one' });
  });

  it("ends with the caller's own time", async () => {
    await Promise.all(fleet.servers.map((server) => server.setMode({ kind: 'hang' })));
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses) });
    const error = await rejectionOf(fetch('http://orders/', { fairlead: { timeoutMs: 150 } }));
    expect(error).toMatchObject({ name: 'TimeoutError', code: 'ERR_CALL_TIMEOUT', service: 'orders' });
    expect(inFlight()).toBe(0);
  });

  it("ends with the caller's abort, before the answer and within the body", async () => {
    await fleet.servers[0]?.setMode({ kind: 'hang' });
    const { fetch } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses.slice(0, 1)) });
    const reason = new Error('the user went away');
    const before = new AbortController();
    const waiting = rejectionOf(fetch('http://orders/', { signal: before.signal }));
    await until(async () => (await fleet.servers[0]?.stats())?.inFlight === 1, { what: 'the request' });
    before.abort(reason);
    expect(await waiting).toBe(reason);
    expect(inFlight()).toBe(0);

    await fleet.servers[0]?.setMode({ kind: 'ok' });
    const within = new AbortController();
    const response = await fetch('http://orders/stream?bytes=100000000', { signal: within.signal });
    within.abort(reason);
    expect(await rejectionOf(response.arrayBuffer())).toBe(reason);
    expect(inFlight()).toBe(0);
    await until(async () => (await fleet.servers[0]?.stats())?.inFlight === 0, { what: 'the end on the server' });
    nobodyIsBlamed();
  });

  it('makes the connections: options for them that are set are told to have no effect, once', async () => {
    const resolver = staticResolver(fleet.addresses);
    const warnings: unknown[] = [];
    for (const options of [
      {},
      { transport: { maxConnections: 512 } },
      { tls: { ca: 'x' }, transport: { family: 4 } },
    ]) {
      const { fetch } = start(globalThis.fetch, { resolver, ...options } as ServiceOptions).on('warning', (event) =>
        warnings.push(event),
      );
      for (let i = 0; i < 2; i++) expect((await fetch('http://orders/')).status).toBe(200);
      await client?.close();
    }
    const message = 'transport.family, tls.ca have no effect: calls go over a fetch that makes connections of its own.';
    expect(warnings).toEqual([{ service: 'orders', message }]);
  });

  it('leaves client.request and client.dispatcher, which need undici, with a plain word and no blame', async () => {
    const { request, dispatcher } = start(globalThis.fetch, { resolver: staticResolver(fleet.addresses) });
    const init = { dispatcher } as unknown as RequestInit;
    for (const error of [
      await rejectionOf(request('http://orders/')),
      (await rejectionOf(globalThis.fetch('http://orders/', init))).cause,
    ])
      expect(error?.message).toContain('only client.fetch');
    expect(inFlight()).toBe(0);
    nobodyIsBlamed();
  });
});

describe('a stub', () => {
  const ENDPOINTS = ['10.0.0.1:80', '10.0.0.2:80'];
  const orders: ServiceOptions = { resolver: staticResolver(ENDPOINTS), balancer: 'round-robin' };

  it('that only knows to answer will do', async () => {
    const urls: string[] = [];
    const stub = (async (url: string) => {
      urls.push(String(url));
      return new Response('ok');
    }) as Fetch;
    const { fetch } = start(stub, { resolver: staticResolver(['10.0.0.1:80']) });
    const responses = [
      await fetch('http://orders/1'),
      await fetch('http://orders/2'),
      await fetch('http://elsewhere/3'),
    ];
    expect(urls).toEqual(['http://10.0.0.1:80/1', 'http://10.0.0.1:80/2', 'http://elsewhere/3']);
    expect(await Promise.all(responses.map((response) => response.text()))).toEqual(['ok', 'ok', 'ok']);
    expect(responses[0]).toBeInstanceOf(Response);
    expect(responses.map(({ url }) => url)).toEqual(['http://orders/1', 'http://orders/2', '']);
  });

  it('sees the headers of the caller, and the name that was called as host', async () => {
    let seen: Headers | undefined;
    const stub = (async (_, init) => {
      seen = new Headers(init?.headers);
      return new Response(null, { status: 204 });
    }) as Fetch;
    const { fetch } = start(stub, orders);
    await fetch('http://orders:8080/', { headers: [['X-Tenant', 'acme']], fairlead: { timeoutMs: 1_000 } });
    expect([...(seen ?? [])]).toEqual([
      ['host', 'orders:8080'],
      ['x-tenant', 'acme'],
    ]);
  });

  it('may answer with the same object each time', async () => {
    const answer = new Response(null, { status: 204 });
    const { fetch } = start(async () => answer, orders);
    expect((await fetch('http://orders/1')).url).toBe('http://orders/1');
    expect((await fetch('http://orders/2')).url).toBe('http://orders/2');
  });

  it('that fails is called again at another endpoint, when that is allowed', async () => {
    let calls = 0;
    const stub = (async () => {
      if (++calls === 1) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      return new Response('ok');
    }) as Fetch;
    const { fetch } = start(stub, orders);
    const response = await fetch('http://orders/');
    expect(getCall(response)?.attempts).toMatchObject([{ error: 'ECONNRESET: socket hang up' }, { kind: 'retry' }]);
    calls = 0;
    const error = await rejectionOf(fetch('http://orders/', { method: 'POST' }));
    expect(error).toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED', cause: { code: 'ECONNRESET' } });
    expect(calls).toBe(1);
  });

  it('that heeds no signal holds up neither timeouts nor aborts nor close', async () => {
    const answers: ((response: Response) => void)[] = [];
    const stub = (() => new Promise((resolve) => answers.push(resolve))) as Fetch;
    const { fetch } = start(stub, { ...orders, attemptTimeoutMs: 50, retry: false });
    expect(await rejectionOf(fetch('http://orders/'))).toMatchObject({ code: 'ERR_ATTEMPT_TIMEOUT' });
    expect(await rejectionOf(fetch('http://orders/', { signal: AbortSignal.timeout(10) }))).toMatchObject({
      name: 'TimeoutError',
    });
    expect(inFlight()).toBe(0);

    let cancelled = false;
    const body = new ReadableStream({ cancel: () => void (cancelled = true) });
    for (const answer of answers.splice(0)) answer(new Response(body));
    await until(() => cancelled, { what: 'the end of an answer that came too late' });

    const last = rejectionOf(fetch('http://orders/'));
    await client?.close({ timeoutMs: 0 });
    expect(await last).toMatchObject({ cause: { code: 'ERR_CLIENT_CLOSED' } });
  });

  it('whose body heeds no signal ends for the caller who aborts', async () => {
    const stub = (async () => new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))) as Fetch;
    const { fetch } = start(stub, orders);
    const controller = new AbortController();
    const response = await fetch('http://orders/', { signal: controller.signal });
    const reading = rejectionOf(response.text());
    const reason = new Error('the user went away');
    controller.abort(reason);
    expect(await reading).toBe(reason);
    expect(inFlight()).toBe(0);
  });
});
