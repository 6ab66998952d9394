/** The transport against the undici that this Node brings along, with no other in the process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import { after, before, test } from 'node:test';
import { generate } from 'selfsigned';
import { transport } from './transport-bundle.mjs';
import { agentsWith, dispatcherTo, recorder, refusingPort, serve, until } from './transport-harness.mjs';

const { createRequestExchange, findPlatform, observeExchange, prepareBody, SERVICE_DEFAULTS } = transport;
const major = Number(process.versions.node.split('.')[0]);
const FIFTY_MEGABYTES = 50 * 1024 * 1024;

let server;
let agents;
let written = 0;
const hits = [];
const routes = {
  '/hello': (_request, response) =>
    response.setHeader('x-kind', 'plain').setHeader('set-cookie', ['a=1', 'b=2']).end('hello'),
  '/host': (request, response) => response.end(request.headers.host),
  '/echo': (request, response) => request.pipe(response),
  '/hop': (_request, response) => response.writeHead(307, { location: 'http://payments/host' }).end(),
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/hang': () => {},
  '/early': (_request, response) => (response.writeEarlyHints({ link: '</a>; rel=preload' }), response.end('late')),
  '/cut': (request, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => setImmediate(() => request.socket.resetAndDestroy()));
  },
  '/huge': (_request, response) => {
    written = 0;
    const chunk = Buffer.alloc(64 * 1024);
    const more = () => {
      for (;;) {
        if (response.destroyed) return;
        if (written >= FIFTY_MEGABYTES) return response.end();
        written += chunk.length;
        if (!response.write(chunk)) return response.once('drain', more);
      }
    };
    more();
  },
};

before(async () => {
  server = await serve((request, response) => {
    hits.push(`${request.method} ${request.url}`);
    routes[request.url](request, response);
  });
  agents = agentsWith();
});
after(async () => {
  await agents.destroy();
  server.close();
});

const fetchVia = (observers, path, init = {}, ports = [server.port]) =>
  fetch(`http://orders${path}`, { ...init, dispatcher: dispatcherTo(agents, ports, observers) });

test('the platform is found, takes its own generation, and nobody has replaced it', () => {
  const platform = findPlatform();
  assert.equal(platform.agentShape, major >= 26 ? 'modern' : 'legacy');
  assert.equal(platform.application('legacy'), undefined);
  assert.equal(platform.application('modern'), undefined);
});

test('fetch: a success is started, responded, ended, with the logical URL and host', async () => {
  const observers = [];
  const response = await fetchVia(observers, '/hello');
  assert.equal(await response.text(), 'hello');
  assert.equal(response.url, 'http://orders/hello');
  assert.deepEqual(observers[0].events, ['started', 'responded 200', 'ended']);
  assert.equal(observers[0].header('x-kind'), 'plain');
  assert.equal(observers[0].header('set-cookie'), 'a=1, b=2');
  assert.equal(await (await fetchVia([], '/host')).text(), 'orders');
});

test('fetch: every redirect hop is a dispatch of its own', async () => {
  const observers = [];
  assert.equal(await (await fetchVia(observers, '/hop')).text(), 'payments');
  assert.deepEqual(
    observers.map(({ events }) => events[1]),
    ['responded 307', 'responded 200'],
  );
});

test('fetch: an informational response is not the answer', async () => {
  const observers = [];
  assert.equal(await (await fetchVia(observers, '/early')).text(), 'late');
  assert.deepEqual(observers[0].events, ['started', 'responded 200', 'ended']);
});

test('fetch: a streamed POST fails over to the endpoint that answers and arrives once', async () => {
  const observers = [];
  hits.length = 0;
  const body = new Blob(['one ', 'two']).stream();
  const ports = [await refusingPort(), await refusingPort(), server.port];
  const response = await fetchVia(observers, '/echo', { method: 'POST', body, duplex: 'half' }, ports);
  assert.equal(await response.text(), 'one two');
  assert.deepEqual(hits, ['POST /echo']);
  assert.deepEqual(
    observers.map(({ events }) => events[0]),
    ['failed ECONNREFUSED', 'failed ECONNREFUSED', 'started'],
  );
});

test('fetch: a reset and a cut body are failures after the start', async () => {
  const reset = [];
  await assert.rejects(fetchVia(reset, '/reset'), { message: 'fetch failed' });
  assert.match(reset[0].events.join(), /^started,failed (ECONNRESET|UND_ERR_SOCKET)$/);
  const cut = [];
  await assert.rejects(
    fetchVia(cut, '/cut').then((response) => response.text()),
    { message: 'terminated' },
  );
  assert.match(cut[0].events.join(), /^started,responded 200,failed (ECONNRESET|UND_ERR_SOCKET)$/);
});

test('fetch: aborted before the connection is there, nothing is sent', async () => {
  const observers = [];
  const fresh = agentsWith();
  const controller = new AbortController();
  hits.length = 0;
  const dispatcher = dispatcherTo(fresh, [server.port], observers);
  const answer = fetch('http://orders/hello', { dispatcher, signal: controller.signal });
  controller.abort(new Error('changed my mind'));
  await assert.rejects(answer, { message: 'changed my mind' });
  await fresh.close();
  assert.deepEqual(observers[0].events, ['started', 'never left', 'failed AbortError']);
  assert.deepEqual(hits, []);
});

test('fetch: aborted while waiting, the exchange ends', async () => {
  const observers = [];
  const controller = new AbortController();
  const answer = fetchVia(observers, '/hang', { signal: controller.signal });
  await until('the start', () => observers[0]?.events.length === 1);
  controller.abort(new Error('enough'));
  await assert.rejects(answer, { message: 'enough' });
  await until('the failure', () => observers[0].events.length === 2);
});

test('fetch: an error of the library arrives as the cause', async () => {
  const refusing = agentsWith({ refuseAddress: () => 'not that one' });
  const answer = fetch('http://orders/', { dispatcher: dispatcherTo(refusing, [server.port], []) });
  await assert.rejects(answer, (error) => error.cause.code === 'ERR_ADDRESS_REFUSED');
});

test('request: status, headers, body and backpressure', async () => {
  const send = (path, more = {}) => {
    const exchange = createRequestExchange();
    const options = { origin: 'http://orders', path, method: 'GET', ...more };
    dispatcherTo(agents, [server.port], []).dispatch(options, exchange.handler);
    return exchange.response;
  };
  const { statusCode, headers, body } = await send('/hello');
  assert.deepEqual([statusCode, headers['set-cookie'], await body.text()], [200, ['a=1', 'b=2'], 'hello']);

  const form = new FormData();
  form.set('name', 'value');
  const prepared = await prepareBody(form);
  const more = { method: 'POST', body: prepared.body, headers: { 'content-type': prepared.contentType } };
  assert.match(await (await send('/echo', more)).body.text(), /name="name"\r\n\r\nvalue/);

  const huge = await send('/huge');
  let before = -1;
  await until('the server to be held back', async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return before === (before = written);
  });
  assert.ok(written < FIFTY_MEGABYTES / 2, `${written} bytes were written`);
  assert.equal((await huge.body.bytes()).length, FIFTY_MEGABYTES);

  await assert.rejects(
    send('/cut').then((cut) => cut.body.text()),
    ({ code }) => /ECONNRESET|UND_ERR_SOCKET/.test(code),
  );
});

test('handlers of both generations work', async () => {
  const said = (log) => ({
    onConnect: () => log.push('start'),
    onHeaders: (status) => log.push(status),
    onData: (chunk) => log.push(`${chunk}`),
    onComplete: () => log.push('end'),
    onError: (error) => log.push(error),
  });
  const legacy = [];
  dispatcherTo(agents, [server.port], []).dispatch(
    { origin: 'http://orders', path: '/hello', method: 'GET' },
    said(legacy),
  );
  const modern = [];
  const { onConnect, onHeaders, onData, onComplete, onError } = said(modern);
  dispatcherTo(agents, [server.port], []).dispatch(
    { origin: 'http://orders', path: '/hello', method: 'GET' },
    {
      onRequestStart: onConnect,
      onResponseStart: (_controller, status) => onHeaders(status),
      onResponseData: (_controller, chunk) => onData(chunk),
      onResponseEnd: onComplete,
      onResponseError: (_controller, error) => onError(error),
    },
  );
  await until('both', () => legacy.length + modern.length >= 8);
  assert.deepEqual(legacy, ['start', 200, 'hello', 'end']);
  assert.deepEqual(modern, legacy);
});

test('a connection limit holds, a drained endpoint finishes what runs, and draining can be cut short', async () => {
  const waiting = [];
  let connections = 0;
  const slow = await serve((_request, response) => waiting.push(response));
  slow.server.on('connection', () => connections++);
  const narrow = agentsWith({ transport: { ...SERVICE_DEFAULTS.transport, maxConnections: 2 } });
  const send = () =>
    fetch('http://orders/', { dispatcher: dispatcherTo(narrow, [slow.port], []) }).then((r) => r.text());
  const calls = [send(), send(), send()];
  await until('two requests', () => waiting.length === 2);
  assert.equal(connections, 2);
  narrow.drain(`${slow.port}`);
  waiting.splice(0).forEach((response) => response.end('ok'));
  await until('the third', () => waiting.length === 1);
  waiting.splice(0).forEach((response) => response.end('ok'));
  assert.deepEqual(await Promise.all(calls), ['ok', 'ok', 'ok']);

  const stuck = send();
  await until('the stuck one', () => waiting.length === 1);
  narrow.drain(`${slow.port}`);
  const failure = assert.rejects(stuck, ({ cause }) => cause.message === 'over');
  await narrow.destroy(new Error('over'));
  await failure;
  slow.close();
});

test('TLS goes by the logical name, and HTTP/2 is not chosen behind our back', async () => {
  const pem = await generate([{ name: 'commonName', value: 'orders' }], {
    keyType: 'rsa',
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'orders' }] }],
  });
  const secure = createSecureServer({ key: pem.private, cert: pem.cert, allowHTTP1: true }, (request, response) =>
    response.end(`${request.httpVersion} ${request.socket.servername} ${request.headers.host}`),
  ).listen(0, '127.0.0.1');
  await once(secure, 'listening');
  const { port } = secure.address();
  const trusting = agentsWith({ tls: { ca: pem.cert } });
  const ask = (name, its = trusting) =>
    fetch(`https://${name}/`, { dispatcher: dispatcherTo(its, [port], [], 'https') });
  assert.equal(await (await ask('orders')).text(), '1.1 orders orders');
  await assert.rejects(ask('payments'), ({ cause }) => cause.code === 'ERR_TLS_CERT_ALTNAME_INVALID');
  await assert.rejects(ask('orders', agents), ({ cause }) => /SELF_SIGNED|UNABLE_TO_VERIFY/.test(cause.code));
  await trusting.close();
  secure.close();
});

test('the address that a name resolves to is checked as it is dialled', async () => {
  const asked = [];
  const guarded = agentsWith({
    refuseAddress: (address) => (asked.push(address), address === 'localhost' ? undefined : 'loopback'),
  });
  const observer = recorder();
  const answer = fetch('http://orders/', {
    dispatcher: {
      dispatch: (options, handler) =>
        guarded.dispatch(
          { id: 'local', host: '127.0.0.1' },
          { origin: `http://localhost:${server.port}`, basePath: '', host: 'orders' },
          options,
          observeExchange(handler, observer),
        ),
    },
  });
  await assert.rejects(answer, ({ cause }) => cause.code === 'ERR_ADDRESS_REFUSED');
  assert.deepEqual(observer.events, ['failed ERR_ADDRESS_REFUSED']);
  assert.equal(asked[0], 'localhost');
  assert.ok(asked.length > 1);
});
