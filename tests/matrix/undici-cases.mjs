/** A client under a copy of undici from npm: its functions, its interceptors, and as the global dispatcher. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { createClient, staticResolver } from 'fairlead';
import { startFleet } from 'fairlead/testing';
import { undiciDispatcher } from 'fairlead/undici';
import { after, before, test } from 'node:test';

export function undiciCases(undici) {
  let fleet;
  let client;
  let dispatcher;

  before(async () => {
    fleet = await startFleet({ size: 2 });
    client = createClient({
      services: { orders: { resolver: staticResolver(fleet.addresses), balancer: 'round-robin', ejection: false } },
    });
    dispatcher = undiciDispatcher(client, undici);
  });
  after(async () => {
    await client.close({ timeoutMs: 0 });
    await fleet.close();
  });

  const hostOf = async ({ body }) => (await body.json()).host;

  test('it is a Dispatcher', () => assert.ok(dispatcher instanceof undici.Dispatcher));

  test('request, stream, pipeline and fetch go through it', async () => {
    const upload = await undici.request('http://orders/', { dispatcher, method: 'POST', body: 'order' });
    assert.equal((await upload.body.json()).bodyBytes, 5);
    const pieces = [];
    const sink = () => new Writable({ write: (chunk, _, done) => (pieces.push(chunk), done()) });
    await undici.stream('http://orders/', { dispatcher, method: 'GET' }, sink);
    assert.equal(JSON.parse(Buffer.concat(pieces)).host, 'orders');
    const piped = undici.pipeline('http://orders/echo', { dispatcher, method: 'POST' }, ({ body }) => body);
    piped.end('order');
    assert.equal(Buffer.concat(await piped.toArray()).toString(), 'order');
    assert.equal((await (await undici.fetch('http://orders/', { dispatcher })).json()).host, 'orders');
    assert.equal(client.snapshot().services.orders.inFlight, 0);
  });

  test('interceptors compose on it: a retry meets the other endpoint', async () => {
    await fleet.servers[0].setMode({ kind: 'status', status: 503 });
    const retrying = dispatcher.compose(undici.interceptors.retry({ minTimeout: 1, maxRetries: 2 }));
    for (let i = 0; i < 4; i++) {
      const { statusCode, body } = await undici.request('http://orders/', { dispatcher: retrying });
      assert.equal(statusCode, 200);
      await body.dump();
    }
    await fleet.servers[0].setMode({ kind: 'ok' });
  });

  test('redirect, dump, decompress and cache do as well', async () => {
    const { redirect, dump, decompress, cache } = undici.interceptors;
    const following = dispatcher.compose(redirect({ maxRedirections: 2 }));
    const to = encodeURIComponent('http://orders/there');
    const moved = await undici.request(`http://orders/redirect?status=302&to=${to}`, { dispatcher: following });
    assert.equal((await moved.body.json()).path, '/there');
    for (const interceptor of [dump(), decompress?.(), cache()].filter(Boolean)) {
      const composed = dispatcher.compose(interceptor);
      const response = await undici.request('http://orders/', { dispatcher: composed });
      assert.equal(response.statusCode, 200);
      await response.body.dump();
    }
  });

  test('the dns interceptor replaces names by addresses, and those are passed through as they are', async () => {
    let lookups = 0;
    const lookup = ({ hostname, port }, _options, done) => {
      lookups++;
      const [address, own] = fleet.addresses[0].split(':');
      done(null, [{ address, family: 4, ttl: 1_000, port: Number(hostname === 'orders' ? own : port) }]);
    };
    const composed = dispatcher.compose(undici.interceptors.dns({ lookup }));
    for (let i = 0; i < 3; i++) {
      const { server, host } = await (await undici.request('http://orders/', { dispatcher: composed })).body.json();
      assert.deepEqual({ server, host }, { server: 's1', host: 'orders' });
    }
    assert.equal(lookups, 1);
    const { port } = new URL(fleet.servers[1].url);
    const elsewhere = await undici.request(`http://elsewhere:${port}/`, { dispatcher: composed });
    assert.equal(await hostOf(elsewhere), `elsewhere:${port}`);
  });

  test('interceptors nest: what answers badly is tried again, what redirects is followed', async () => {
    const { retry, redirect, dump } = undici.interceptors;
    const composed = dispatcher.compose([
      dump(),
      retry({ minTimeout: 1, maxRetries: 2 }),
      redirect({ maxRedirections: 2 }),
    ]);
    await fleet.servers[0].setMode({ kind: 'reset', when: 'after' });
    const to = encodeURIComponent('http://orders/there');
    for (let i = 0; i < 4; i++) {
      const { statusCode } = await undici.request(`http://orders/redirect?status=307&to=${to}`, {
        dispatcher: composed,
      });
      assert.equal(statusCode, 200);
    }
    await fleet.servers[0].setMode({ kind: 'ok' });
    const { inFlight } = client.snapshot().services.orders;
    assert.equal(inFlight, 0);
  });

  test('it may be the global dispatcher, for undici and for the fetch of the platform', async () => {
    const previous = undici.getGlobalDispatcher();
    undici.setGlobalDispatcher(dispatcher);
    try {
      assert.equal(await hostOf(await undici.request('http://orders/')), 'orders');
      assert.equal((await (await undici.fetch('http://orders/')).json()).host, 'orders');
      assert.equal((await (await fetch('http://orders/')).json()).host, 'orders');
    } finally {
      undici.setGlobalDispatcher(previous);
    }
  });
}
