import { describe, expect, it } from '@jest/globals';

import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer, LARGE } from './stub-wire.js';

/** `orders` at a:1, `stock` at s:1. */
function twoServices(): Bench {
  return createBench({
    client: {
      services: {
        orders: { resolver: createManualResolver(['a:1']) },
        stock: { resolver: createManualResolver([{ host: 's', port: 1, basePath: '/base' }]) },
      },
    },
  });
}

const CREDENTIALS = { authorization: 'Bearer x', cookie: 'a=b', 'proxy-authorization': 'y', 'x-own': '1' };

describe('redirects over an injected fetch', () => {
  it('to another service are picked there, without credentials', async () => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(302, { location: 'http://stock/items?x#f' }, LARGE));
    const response = valueOf(await outcome(client.fetch('http://orders/', { headers: CREDENTIALS })));
    expect(response).toMatchObject({ status: 200, redirected: true, url: 'http://stock/items?x' });
    expect(wire.sent[0]?.cancelled).toBe(true);
    expect(wire.sent[1]?.url).toBe('http://s:1/base/items?x');
    expect(Object.fromEntries(wire.sent[1]?.headers ?? [])).toEqual({ host: 'stock', 'x-own': '1' });
    expect(client.snapshot().services['orders']?.inFlight).toBe(0);
  });

  it('within the service keep credentials and may be relative', async () => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(302, { location: '../other' }), answer(200));
    const response = valueOf(await outcome(client.fetch('http://orders/a/b', { headers: CREDENTIALS })));
    expect(response.url).toBe('http://orders/other');
    expect(Object.fromEntries(wire.sent[1]?.headers ?? [])).toEqual({ host: 'orders', ...CREDENTIALS });
  });

  it('to a host that is no service pass through, and never without a Host of their own', async () => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(302, { location: 'http://elsewhere/x' }));
    const response = valueOf(
      await outcome(client.fetch('http://orders/', { headers: { ...CREDENTIALS, host: 'mine' } })),
    );
    expect(response).toMatchObject({ url: 'http://elsewhere/x', redirected: true });
    expect(wire.sent[0]?.headers.get('host')).toBe('mine');
    expect(Object.fromEntries(wire.sent[1]?.headers ?? [])).toEqual({ 'x-own': '1' });
  });

  it.each([
    ['POST', 301, 'GET'],
    ['POST', 302, 'GET'],
    ['POST', 303, 'GET'],
    ['PUT', 301, 'PUT'],
    ['PUT', 303, 'GET'],
    ['POST', 307, 'POST'],
    ['POST', 308, 'POST'],
    ['HEAD', 303, 'HEAD'],
    ['GET', 303, 'GET'],
  ])('a %s that is answered %d becomes a %s', async (method, status, becomes) => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(status, { location: '/next' }), answer(200));
    const body = method === 'GET' || method === 'HEAD' ? null : '{}';
    const headers = { 'content-type': 'application/json', 'x-own': '1' };
    await outcome(client.fetch('http://orders/', { method, body, headers }));
    const kept = becomes === method;
    expect(wire.sent[1]).toMatchObject({ method: becomes, body: kept ? body : null });
    expect(wire.sent[1]?.headers.get('content-type')).toBe(kept ? 'application/json' : null);
    expect(wire.sent[1]?.headers.get('x-own')).toBe('1');
  });

  it('are handed out with redirect: manual, be it of init or of a Request', async () => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(302, { location: '/next' }));
    for (const input of ['http://orders/', new Request('http://orders/', { redirect: 'manual' })]) {
      const init = typeof input === 'string' ? ({ redirect: 'manual' } as const) : {};
      expect(valueOf(await outcome(client.fetch(input, init)))).toMatchObject({ status: 302, redirected: false });
    }
    expect(wire.sent).toHaveLength(2);
  });

  it('fail the call with redirect: error', async () => {
    const { client, wire, outcome, snapshot } = twoServices();
    wire.at('a:1', answer(302, { location: '/next' }));
    const error = errorOf(await outcome(client.fetch('http://orders/', { redirect: 'error' })));
    expect(error).toMatchObject({
      name: 'TypeError',
      message: 'fetch failed',
      cause: { message: 'unexpected redirect' },
    });
    expect(error).not.toHaveProperty('code');
    expect(snapshot().endpoints[0]?.failureScore).toBe(0);
  });

  it('end after twenty', async () => {
    const { client, wire, outcome, clock } = twoServices();
    wire.at('a:1', answer(302, { location: '/next' }));
    const call = client.fetch('http://orders/');
    const settled = outcome(call);
    for (let turns = 0; turns < 10; turns++) await clock.advanceAsync(0);
    expect(await settled).toBe('pending');
    const error = errorOf(await outcome(call));
    expect(error).toMatchObject({ name: 'TypeError', cause: { message: 'redirect count exceeded' } });
    expect(wire.sent).toHaveLength(21);
  });

  it('without a Location are answers like any other', async () => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(302));
    expect(valueOf(await outcome(client.fetch('http://orders/')))).toMatchObject({ status: 302, redirected: false });
  });

  it('stop when the caller aborts between two hops', async () => {
    const { client, wire, outcome } = twoServices();
    const controller = new AbortController();
    wire.at('a:1', (request) => {
      queueMicrotask(() => controller.abort('enough'));
      return answer(302, { location: '/next' })(request);
    });
    expect(await outcome(client.fetch('http://orders/', { signal: controller.signal }))).toEqual({ error: 'enough' });
  });

  it('never send a stream again', async () => {
    const { client, wire, outcome } = twoServices();
    wire.at('a:1', answer(307, { location: '/next' }));
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' } as RequestInit;
    const error = errorOf(await outcome(client.fetch('http://orders/', init)));
    expect(error).toMatchObject({ cause: { message: 'a stream cannot be sent again' } });
    expect(wire.sent).toHaveLength(1);
  });
});

describe('a request that cannot be made', () => {
  it.each(['GET', 'HEAD'])('such as a %s with a body, fails before anybody is asked', async (method) => {
    const { client, wire, outcome } = twoServices();
    const error = errorOf(await outcome(client.fetch('http://orders/', { method, body: 'x' })));
    expect(error).toMatchObject({ name: 'TypeError' });
    expect(error).not.toHaveProperty('code');
    expect(wire.sent).toEqual([]);
  });
});
