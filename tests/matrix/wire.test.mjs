/** HTTP/2, TLS files that change and Unix sockets, over the undici and the node:http2 that this Node brings along. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { constants, createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createClient, staticResolver } from 'fairlead';
import { generate } from 'selfsigned';

const NAME = 'orders.internal';
const folder = mkdtempSync(join(tmpdir(), 'fl-'));
const cleanups = [() => rmSync(folder, { recursive: true })];
let tls;
let other;

const certificate = () =>
  generate([{ name: 'commonName', value: NAME }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: NAME }] },
    ],
  });

before(async () => {
  [tls, other] = await Promise.all([certificate(), certificate()]);
});
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

function start(endpoint, options) {
  const client = createClient({ services: { [NAME]: { resolver: staticResolver([endpoint]), ...options } } });
  cleanups.push(() => client.close({ timeoutMs: 0 }));
  return client;
}

async function listen(server, where = { port: 0, host: '127.0.0.1' }) {
  server.listen(where);
  await once(server, 'listening');
  cleanups.push(() => (server.close(), server.closeAllConnections?.()));
  return `127.0.0.1:${server.address().port}`;
}

function put(name, text) {
  writeFileSync(join(folder, `${name}.new`), text);
  renameSync(join(folder, `${name}.new`), join(folder, name));
  return join(folder, name);
}

test('HTTP/2: many calls over one connection, and a GOAWAY that costs none', async () => {
  const sessions = [];
  const server = createSecureServer({ key: tls.private, cert: tls.cert });
  server.on('session', (session) => (sessions.push(session), session.on('error', () => {})));
  cleanups.push(() => sessions.forEach((session) => session.destroy()));
  const bodies = [];
  let goneAway = false;
  server.on('stream', async (stream) => {
    stream.on('error', () => {});
    if (goneAway && stream.session === sessions[0]) return;
    let text = '';
    for await (const chunk of stream) text += chunk;
    bodies.push(text);
    stream.respond({ ':status': 200, 'x-kind': 'h2', 'set-cookie': ['a=1', 'b=2'] });
    stream.end(text);
  });
  const client = start(await listen(server), { tls: { ca: tls.cert }, transport: { http2: true }, retry: false });
  const post = async (body) => {
    const response = await client.fetch(`https://${NAME}/`, { method: 'POST', body });
    assert.equal(response.headers.get('x-kind'), 'h2');
    assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2']);
    return response.text();
  };
  const orders = Array.from({ length: 20 }, (_, index) => `order ${index}`);
  assert.deepEqual(await Promise.all(orders.map(post)), orders);
  assert.equal(sessions.length, 1);
  const { body } = await client.request(`https://${NAME}/`, { method: 'POST', body: 'raw' });
  assert.equal(await body.text(), 'raw');

  goneAway = true;
  bodies.length = 0;
  const calls = orders.map(post);
  sessions[0].goaway(constants.NGHTTP2_NO_ERROR, 1);
  assert.deepEqual(await Promise.all(calls), orders);
  assert.deepEqual(bodies.sort(), [...orders].sort());
});

test('TLS files that change', async () => {
  const server = createTlsServer({ key: tls.private, cert: tls.cert }, (_request, response) => response.end('ok'));
  const address = await listen(server);
  const caFile = put('ca.crt', tls.cert);
  const client = start(address, { tls: { caFile, reloadIntervalMs: 100 }, retry: false });
  const reloads = [];
  client.on('tlsReload', ({ error }) => reloads.push(error));
  const call = async () => (await client.fetch(`https://${NAME}/`)).text();
  assert.equal(await call(), 'ok');
  server.setSecureContext({ key: other.private, cert: other.cert });
  put('ca.crt', other.cert);
  for (let left = 500; reloads.length === 0; left--) {
    assert.ok(left > 0, 'waited in vain for the reload');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual(reloads, [undefined]);
  for (let i = 0; i < 3; i++) assert.equal(await call(), 'ok');
});

test('Unix sockets', { skip: process.platform === 'win32' }, async () => {
  const path = join(folder, 'orders.sock');
  await listen(
    createServer((request, response) => response.end(`${request.headers.host} ${request.url}`)),
    { path },
  );
  const client = start(`unix:${path}`, { allow: { unixSockets: [path] } });
  assert.equal(await (await client.fetch(`http://${NAME}/a`)).text(), `${NAME} /a`);
});
