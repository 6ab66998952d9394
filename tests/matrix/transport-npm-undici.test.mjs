/**
 * A copy of undici from npm beside the platform's. What an application sets on purpose is honoured; what a mere import
 * leaves behind changes nothing. Each case needs a process that starts with a clean slate.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { transportUrl } from './transport-bundle.mjs';

const run = promisify(execFile);

const prelude = `
import { createServer } from 'node:http';
const { createEndpointAgents, findPlatform, observeExchange, createRequestExchange, systemClock, SERVICE_DEFAULTS } = await import(${JSON.stringify(transportUrl)});
const server = createServer((request, response) => response.end('direct')).listen(0, '127.0.0.1');
await new Promise((resolve) => server.once('listening', resolve));
server.unref();
const origin = 'http://127.0.0.1:' + server.address().port;
const target = { origin, basePath: '', host: 'orders' };
const warnings = [];
let agents;
const ready = () => (agents ??= createEndpointAgents({
  platform: findPlatform(),
  transport: { ...SERVICE_DEFAULTS.transport, maxConnections: 4 },
  tls: undefined,
  refuseAddress: () => undefined,
  clock: systemClock,
  random: { next: Math.random },
  onTlsReload: () => {},
  onWarning: (message) => warnings.push(message),
}));
const events = [];
const observer = { started: () => events.push('started'), bodySent() {}, responded: (status) => events.push(status),
  ended: () => events.push('ended'), failed: (error) => (events.push(error.code), false) };
const dispatcher = { dispatch: (options, handler) =>
  ready().dispatch({ id: 'one', host: '127.0.0.1' }, target, options, observeExchange(handler, observer)) };
const text = async () => {
  const viaFetch = await (await fetch('http://orders/', { dispatcher })).text();
  const exchange = createRequestExchange();
  dispatcher.dispatch({ origin: 'http://orders', path: '/', method: 'GET' }, exchange.handler);
  return viaFetch + ' ' + (await (await exchange.response).body.text());
};
const mocked = ({ MockAgent }) => {
  const mock = new MockAgent();
  mock.disableNetConnect();
  mock.get(origin).intercept({ path: '/' }).reply(200, 'mocked').persist();
  return mock;
};
`;

async function inProcess(program) {
  // Not unreferenced by us: a process with idle agents must exit by itself.
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', prelude + program], {
    timeout: 20_000,
    cwd: import.meta.dirname,
  });
  return JSON.parse(stdout);
}

const answer = 'console.log(JSON.stringify({ text: await text(), warnings, events }));';
const exchanged = ['started', 200, 'ended', 'started', 200, 'ended'];

test('without any other undici, agents are used and the process exits though nothing was closed', async () => {
  assert.deepEqual(await inProcess(answer), { text: 'direct direct', warnings: [], events: exchanged });
});

test('an import before the first fetch changes nothing', async () => {
  const result = await inProcess(`await import('undici');${answer}`);
  assert.deepEqual(result, { text: 'direct direct', warnings: [], events: exchanged });
});

test('an import later changes nothing', async () => {
  const result = await inProcess(`await text(); events.length = 0; await import('undici');${answer}`);
  assert.deepEqual(result, { text: 'direct direct', warnings: [], events: exchanged });
});

for (const when of ['before', 'after']) {
  test(`a dispatcher that the application sets ${when} the first request is honoured`, async () => {
    const first = when === 'after' ? 'await text(); events.length = 0;' : '';
    const result = await inProcess(
      `${first} const undici = await import('undici'); undici.setGlobalDispatcher(mocked(undici));${answer}`,
    );
    assert.equal(result.text, 'mocked mocked');
    assert.deepEqual(result.events, exchanged);
    assert.equal(result.warnings.length, 1);
    assert.match(result.warnings[0], /MockAgent/);
  });
}

test('an agent with options is honoured as well', async () => {
  const result = await inProcess(
    `const { Agent, setGlobalDispatcher } = await import('undici'); setGlobalDispatcher(new Agent({ connections: 1 }));${answer}`,
  );
  assert.equal(result.text, 'direct direct');
  assert.equal(result.warnings.length, 1);
});
