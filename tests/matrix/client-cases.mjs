/**
 * The main job through the built package, against servers in processes of their own. The entry files beside this one run
 * these cases with nothing else in the process, with a copy of undici from npm, and with that copy's agent set globally:
 * none of it may make a difference.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { after, afterEach, before, test } from 'node:test';
import { createClient, getCall, isFairleadError, staticResolver } from 'fairlead';
import { startFleet } from 'fairlead/testing';
import { generate } from 'selfsigned';

const TLS_NAME = 'orders.internal';

let fleet;
let tls;
let secure;
let client;
const warnings = [];
process.on('warning', (warning) => warnings.push(warning));

/** Closed after each test. */
export function start(options = {}, { resolver = staticResolver(fleet.addresses), ...more } = {}) {
  client = createClient({
    services: {
      orders: { resolver, ...options },
      payments: { resolver: staticResolver(fleet.addresses.slice(0, 1)) },
      [TLS_NAME]: { resolver: staticResolver(secure.addresses), tls: { ca: tls.cert } },
      'payments.internal': { resolver: staticResolver(secure.addresses), tls: { ca: tls.cert } },
    },
    ...more,
  });
  return client;
}

export const servers = () => fleet.servers;
const inFlight = () => client.snapshot().services.orders.inFlight;
const blamed = () => client.snapshot().services.orders.endpoints.filter(({ failureScore }) => failureScore > 0);
const everywhere = (mode) => Promise.all(fleet.servers.map((server) => server.setMode(mode)));
const received = async () =>
  (await Promise.all(fleet.servers.map((server) => server.stats()))).flatMap((stats) => stats.received);

async function until(predicate, what) {
  for (let left = 250; !(await predicate()); left--) {
    if (left === 0) throw new Error(`waited 5 s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function addressOfTheDead() {
  const dead = await startFleet({ size: 1 });
  await dead.close();
  return dead.addresses[0];
}

/** Half of the first picks meet a refused connection. */
const halfDead = async () => ({
  resolver: staticResolver([await addressOfTheDead(), fleet.addresses[0]]),
});
const IN_TURN = { balancer: 'round-robin', ejection: false };

export function clientCases() {
  before(async () => {
    tls = await generate([{ name: 'commonName', value: TLS_NAME }], {
      keySize: 2048,
      algorithm: 'sha256',
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'subjectAltName', altNames: [{ type: 2, value: TLS_NAME }] },
      ],
    });
    [fleet, secure] = await Promise.all([
      startFleet({ size: 3 }),
      startFleet({ size: 1, each: () => ({ id: 'secure', tls: { key: tls.private, cert: tls.cert } }) }),
    ]);
  });
  after(() => Promise.all([fleet.close(), secure.close()]));
  afterEach(async () => {
    await client.close({ timeoutMs: 2_000 });
    await everywhere({ kind: 'ok' });
    await Promise.all(fleet.servers.map((server) => server.clearStats()));
  });

  test('fetch: a GET is answered by a real Response under the logical name', async () => {
    const { fetch } = start();
    const response = await fetch('http://orders/items?id=1', { headers: { 'x-request-id': 'one' } });
    assert.ok(response instanceof Response);
    assert.equal(response.url, 'http://orders/items?id=1');
    const { server, host, path, requestId } = await response.json();
    assert.deepEqual({ host, path, requestId }, { host: 'orders', path: '/items?id=1', requestId: 'one' });
    const report = getCall(response);
    assert.equal(report.service, 'orders');
    assert.equal(report.endpoint, `http://${fleet.servers.find(({ id }) => id === server).address}`);
    assert.deepEqual(
      report.attempts.map(({ kind, status }) => [kind, status]),
      [['first', 200]],
    );
    assert.equal(inFlight(), 0);
  });

  test('fetch: bodies of every kind arrive whole, and a Request does', async () => {
    const { fetch } = start();
    const form = new FormData();
    form.set('order', new Blob(['1']), 'order.txt');
    const bodies = ['text', Buffer.from('text'), new Blob(['text']), new URLSearchParams('a=1'), form];
    for (const body of bodies) {
      const response = await fetch('http://orders/echo', { method: 'POST', body });
      const copy = response.clone();
      if (body === form) assert.equal(await (await response.formData()).get('order').text(), '1');
      else assert.equal(await response.text(), body instanceof Blob ? 'text' : String(body));
      await copy.arrayBuffer();
    }
    const request = new Request('http://orders/', { method: 'PUT', body: 'text' });
    const { method, bodyBytes } = await (await fetch(request)).json();
    assert.deepEqual({ method, bodyBytes }, { method: 'PUT', bodyBytes: 4 });
  });

  test('fetch: a streamed upload comes back as a streamed download', async () => {
    const { fetch } = start();
    const bytes = randomBytes(1024 * 1024);
    const init = { method: 'POST', body: new Blob([bytes]).stream(), duplex: 'half' };
    const response = await fetch('http://orders/echo', init);
    assert.equal(inFlight(), 1);
    const pieces = [];
    for await (const piece of response.body) pieces.push(piece);
    assert.ok(pieces.length > 1);
    assert.ok(Buffer.concat(pieces).equals(bytes));
    assert.equal(inFlight(), 0);
  });

  test('fetch: a redirect to another service is routed there, without the credentials', async () => {
    const { fetch } = start();
    const to = encodeURIComponent('http://payments/headers');
    const response = await fetch(`http://orders/redirect?status=307&to=${to}`, {
      method: 'POST',
      body: 'order 1',
      headers: { authorization: 'Bearer secret', cookie: 'a=secret', 'x-tenant': 'acme' },
    });
    assert.equal(response.url, 'http://payments/headers');
    assert.ok(response.redirected);
    const { host, authorization, cookie, 'x-tenant': tenant } = await response.json();
    assert.deepEqual(
      { host, authorization, cookie, tenant },
      {
        host: 'payments',
        authorization: undefined,
        cookie: undefined,
        tenant: 'acme',
      },
    );
  });

  test('fetch: an abort rejects with its reason, before the answer and within the body', async () => {
    const { fetch } = start();
    const reason = new Error('the user went away');
    await everywhere({ kind: 'hang' });
    const first = new AbortController();
    const waiting = assert.rejects(fetch('http://orders/', { signal: first.signal }), (error) => error === reason);
    await until(() => inFlight() === 1, 'the attempt');
    first.abort(reason);
    await waiting;
    assert.equal(inFlight(), 0);

    await everywhere({ kind: 'ok' });
    const second = new AbortController();
    const response = await fetch('http://orders/stream?bytes=100000000', { signal: second.signal });
    assert.equal(inFlight(), 1);
    // Begun before the abort: Node 20 and 22 give a later reader an AbortError of their own.
    const reading = assert.rejects(response.arrayBuffer(), (error) => error === reason);
    second.abort(reason);
    await reading;
    assert.equal(inFlight(), 0);
    assert.deepEqual(blamed(), []);
    await until(
      async () => (await Promise.all(fleet.servers.map((server) => server.stats()))).every((s) => s.inFlight === 0),
      'the end on the servers',
    );
  });

  test('fetch: what was refused goes to another endpoint, every method and body, and arrives once', async () => {
    const { fetch } = start(IN_TURN, await halfDead());
    const kinds = [];
    for (let i = 0; i < 6; i++) {
      const body = i < 2 ? undefined : i < 4 ? 'order' : new Blob(['order']).stream();
      const init = { method: i < 2 ? 'GET' : 'POST', body, duplex: 'half', headers: { 'x-request-id': `n${i}` } };
      const response = await fetch('http://orders/', init);
      assert.equal((await response.json()).bodyBytes, i < 2 ? 0 : 5);
      kinds.push(getCall(response).attempts.at(-1).kind);
    }
    assert.ok(kinds.includes('failover'));
    assert.deepEqual(
      (await received()).map(({ id }) => id),
      ['n0', 'n1', 'n2', 'n3', 'n4', 'n5'],
    );
  });

  test('fetch: a 503 is tried again elsewhere when the method allows it', async () => {
    await fleet.servers[0].setMode({ kind: 'status', status: 503 });
    const { fetch } = start(IN_TURN);
    for (let i = 0; i < 6; i++) assert.equal((await fetch('http://orders/')).status, 200);
    const posts = [];
    for (let i = 0; i < 3; i++) posts.push((await fetch('http://orders/', { method: 'POST', body: 'x' })).status);
    assert.deepEqual(posts.sort(), [200, 200, 503]);
    const keyed = { method: 'POST', body: 'x', headers: { 'idempotency-key': 'k' } };
    for (let i = 0; i < 3; i++) assert.equal((await fetch('http://orders/', keyed)).status, 200);
  });

  test('fetch: a reset is tried again for GET, and a typed error for POST, which reaches one server', async () => {
    await fleet.servers[0].setMode({ kind: 'reset', when: 'after' });
    const { fetch } = start(IN_TURN);
    for (let i = 0; i < 3; i++) assert.equal((await fetch('http://orders/')).status, 200);
    const errors = [];
    for (let i = 0; i < 3; i++) {
      const init = { method: 'POST', body: 'x', headers: { 'x-request-id': `p${i}` } };
      await fetch('http://orders/', init).catch((error) => errors.push(error));
    }
    assert.equal(errors.length, 1);
    for (const error of errors) {
      assert.ok(error instanceof TypeError && isFairleadError(error));
      assert.equal(error.code, 'ERR_ALL_ATTEMPTS_FAILED');
      assert.ok(['ECONNRESET', 'UND_ERR_SOCKET'].includes(error.cause.code), error.cause.code);
      assert.equal(error.attempts.length, 1);
    }
    assert.equal((await received()).length, 3);
  });

  test('fetch: a hung endpoint costs its attempt, not the call', async () => {
    await fleet.servers[0].setMode({ kind: 'hang' });
    const { fetch } = start({ ...IN_TURN, attemptTimeoutMs: 200 });
    for (let i = 0; i < 3; i++) assert.equal((await fetch('http://orders/')).status, 200);
    await everywhere({ kind: 'hang' });
    await assert.rejects(fetch('http://orders/', { fairlead: { timeoutMs: 100 } }), {
      name: 'TimeoutError',
      code: 'ERR_CALL_TIMEOUT',
    });
    assert.equal(inFlight(), 0);
  });

  test('fetch: a service that cannot be reached is a typed error that names endpoint and cause', async () => {
    const dead = await addressOfTheDead();
    const { fetch, request } = start({}, { resolver: staticResolver([dead]) });
    for (const call of [fetch, request])
      await assert.rejects(call('http://orders/'), (error) => {
        assert.ok(error instanceof TypeError);
        assert.equal(error.cause.code, 'ECONNREFUSED');
        assert.match(error.message, new RegExp(`^ERR_ALL_ATTEMPTS_FAILED: orders: .*${dead}.*ECONNREFUSED`));
        return true;
      });
  });

  test('fetch: TLS is verified by the logical name', async () => {
    const { fetch, request } = start();
    const seen = ({ server, host, servername }) => ({ server, host, servername });
    const expected = { server: 'secure', host: TLS_NAME, servername: TLS_NAME };
    assert.deepEqual(seen(await (await fetch(`https://${TLS_NAME}/`)).json()), expected);
    assert.deepEqual(seen(await (await request(`https://${TLS_NAME}/`)).body.json()), expected);
    for (const call of [fetch, request])
      await assert.rejects(call('https://payments.internal/'), (error) => {
        assert.equal(error.cause.code, 'ERR_TLS_CERT_ALTNAME_INVALID');
        assert.ok(error.message.includes(secure.addresses[0]));
        return true;
      });
  });

  test('fetch: many calls under one signal leave nothing on it, and no warning', async () => {
    const { fetch, request } = start();
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args) => (listeners++, addEventListener.apply(signal, args));
    signal.removeEventListener = (...args) => (listeners--, removeEventListener.apply(signal, args));
    for (let i = 0; i < 100; i++) {
      await (await fetch('http://orders/', { signal })).arrayBuffer();
      await (await request('http://orders/', { signal })).body.dump();
    }
    assert.equal(listeners, 0);
    assert.equal(inFlight(), 0);
    assert.deepEqual(
      warnings.filter(({ name }) => name === 'MaxListenersExceededWarning'),
      [],
    );
  });

  test('request: status, headers and body as undici gives them', async () => {
    const { request } = start();
    const { statusCode, headers, body } = await request('http://orders/items');
    assert.equal(statusCode, 200);
    assert.match(headers['x-server'], /^s\d$/);
    const { host, path } = await body.json();
    assert.deepEqual({ host, path }, { host: 'orders', path: '/items' });
    const bytes = randomBytes(300_000);
    for (const upload of [bytes, Readable.from([bytes]), new Blob([bytes])]) {
      const echo = await request('http://orders/echo', { method: 'POST', body: upload });
      assert.ok(Buffer.from(await echo.body.arrayBuffer()).equals(bytes));
    }
    assert.equal(inFlight(), 0);
  });

  test('request: fails over, tries again and aborts as fetch does', async () => {
    await fleet.servers[0].setMode({ kind: 'status', status: 503 });
    const { request } = start(IN_TURN, {
      resolver: staticResolver([await addressOfTheDead(), ...fleet.addresses]),
    });
    for (let i = 0; i < 8; i++) {
      const { statusCode, body } = await request('http://orders/');
      assert.equal(statusCode, 200);
      await body.dump();
    }
    await everywhere({ kind: 'hang' });
    const reason = new Error('the user went away');
    const controller = new AbortController();
    const waiting = assert.rejects(request('http://orders/', controller), (error) => error === reason);
    await until(() => inFlight() === 1, 'the attempt');
    controller.abort(reason);
    await waiting;
    assert.equal(inFlight(), 0);
  });

  test("dispatcher: under the platform's fetch it routes, moves on from the dead, and passes others through", async () => {
    const { dispatcher } = start(IN_TURN, await halfDead());
    for (let i = 0; i < 4; i++) {
      const init = { method: 'POST', body: 'order', dispatcher };
      const { host, bodyBytes } = await (await fetch('http://orders/', init)).json();
      assert.deepEqual({ host, bodyBytes }, { host: 'orders', bodyBytes: 5 });
    }
    assert.equal(inFlight(), 0);
    const { host } = await (await fetch(fleet.servers[1].url, { dispatcher })).json();
    assert.equal(host, fleet.addresses[1]);
  });

  test('close: waits for what is in flight, then refuses', async () => {
    const { fetch } = start();
    const waiting = fetch('http://orders/delay/200').then((response) => response.json());
    await until(() => inFlight() === 1, 'the attempt');
    await client.close();
    assert.match((await waiting).server, /^s\d$/);
    await assert.rejects(fetch('http://orders/'), { code: 'ERR_CLIENT_CLOSED' });
  });

  for (const ending of ['', 'await client.close();'])
    test(`a process ends by itself, its client ${ending === '' ? 'never closed' : 'closed'}`, async () => {
      start();
      const child = spawn(process.execPath, ['--input-type=module', '-e', program(ending)], {
        cwd: import.meta.dirname,
        stdio: ['ignore', 'pipe', 'inherit'],
        timeout: 20_000,
      });
      let output = '';
      child.stdout.on('data', (chunk) => (output += chunk));
      const [code] = await once(child, 'close');
      assert.equal(code, 0);
      const idleMs = Number(output);
      // An idle connection lives for four seconds; a process that is kept by one would take as long.
      assert.ok(idleMs < 2_500, `it took ${idleMs} ms`);
    });
}

const program = (ending) => `
  import { createClient, staticResolver } from 'fairlead';
  const client = createClient({ services: { orders: { resolver: staticResolver(${JSON.stringify(fleet.addresses)}) } } });
  await (await client.fetch('http://orders/')).json();
  await (await client.request('http://orders/')).body.json();
  const since = performance.now();
  process.on('exit', () => console.log(performance.now() - since));
  ${ending}
`;
