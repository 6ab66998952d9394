/** What an application installs on purpose (a mock, a proxy, an agent with options) is what its requests go through. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import { createClient, getCall, staticResolver } from 'fairlead';
import { startFleet } from 'fairlead/testing';
import { Agent, getGlobalDispatcher, MockAgent, ProxyAgent, setGlobalDispatcher } from 'undici';

const before_ = getGlobalDispatcher();
let fleet;
let client;
let warnings;

before(async () => {
  fleet = await startFleet({ size: 2 });
});
after(() => fleet.close());
afterEach(async () => {
  setGlobalDispatcher(before_);
  await client.close({ timeoutMs: 0 });
});

function start(options = {}) {
  client = createClient({
    services: { orders: { resolver: staticResolver(fleet.addresses), balancer: 'round-robin', ...options } },
  });
  warnings = [];
  client.on('warning', ({ service, message }) => warnings.push(`${service}: ${message}`));
  return client;
}

const warnedOnceOf = (name) => {
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], new RegExp(`^orders: .*\\(${name}\\).*options of transport`));
};

test('a MockAgent answers in place of the endpoints, and retries go to it as well', async () => {
  const mock = new MockAgent();
  mock.disableNetConnect();
  const [first, second] = fleet.servers.map(({ url }) => mock.get(url));
  first.intercept({ path: '/', method: 'GET' }).reply(503, 'mocked').persist();
  second.intercept({ path: '/', method: 'GET' }).reply(200, 'mocked').persist();
  setGlobalDispatcher(mock);
  const { fetch, request } = start();
  for (let i = 0; i < 3; i++) {
    const response = await fetch('http://orders/');
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'mocked');
    assert.equal(getCall(response).service, 'orders');
    assert.equal(await (await request('http://orders/')).body.text(), 'mocked');
  }
  warnedOnceOf('MockAgent');
  const seen = await Promise.all(fleet.servers.map((server) => server.stats()));
  assert.deepEqual(
    seen.map(({ requests }) => requests),
    [0, 0],
  );
});

test('a ProxyAgent carries the requests to the endpoints', async () => {
  const tunnels = [];
  const proxy = createServer().listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  proxy.on('connect', ({ url }, socket) => {
    tunnels.push(url);
    const upstream = connect(Number(url.split(':')[1]), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    });
    socket.on('error', () => upstream.destroy());
    upstream.on('error', () => socket.destroy());
  });
  const agent = new ProxyAgent({ uri: `http://127.0.0.1:${proxy.address().port}`, proxyTunnel: true });
  try {
    setGlobalDispatcher(agent);
    const { fetch, request } = start();
    for (let i = 0; i < 2; i++) {
      assert.equal((await (await fetch('http://orders/')).json()).host, 'orders');
      assert.equal((await (await request('http://orders/')).body.json()).host, 'orders');
    }
    assert.deepEqual([...new Set(tunnels)].sort(), [...fleet.addresses].sort());
    warnedOnceOf('ProxyAgent');
  } finally {
    await agent.destroy();
    proxy.close();
    proxy.closeAllConnections();
  }
});

test('an agent with options, and one with an interceptor, are used; failover goes on', async () => {
  const dead = await startFleet({ size: 1 });
  await dead.close();
  let intercepted = 0;
  const interceptor = (dispatch) => (options, handler) => (intercepted++, dispatch(options, handler));
  for (const agent of [new Agent({ connections: 1 }), new Agent().compose(interceptor)]) {
    setGlobalDispatcher(agent);
    const { fetch } = start({ resolver: staticResolver([...dead.addresses, fleet.addresses[0]]) });
    for (let i = 0; i < 2; i++) {
      const init = { method: 'POST', body: new Blob(['order']).stream(), duplex: 'half' };
      const { host, bodyBytes } = await (await fetch('http://orders/', init)).json();
      assert.deepEqual({ host, bodyBytes }, { host: 'orders', bodyBytes: 5 });
    }
    assert.equal(warnings.length, 1);
    await client.close();
    await agent.close();
  }
  assert.ok(intercepted >= 3);
});

test('an application that takes its dispatcher back gets ours back', async () => {
  const mock = new MockAgent();
  mock.disableNetConnect();
  for (const { url } of fleet.servers) mock.get(url).intercept({ path: '/' }).reply(200, 'mocked').persist();
  const { fetch } = start();
  assert.match(await (await fetch('http://orders/')).text(), /"server"/);
  setGlobalDispatcher(mock);
  assert.equal(await (await fetch('http://orders/')).text(), 'mocked');
  setGlobalDispatcher(before_);
  assert.match(await (await fetch('http://orders/')).text(), /"server"/);
});
