// Ten thousand calls, drawn from a seed, of which most go wrong in one way or another; then says what is left of them.
import { fork } from 'node:child_process';
import { getEventListeners, once } from 'node:events';
import { Readable } from 'node:stream';
import { createClient } from 'fairlead';
import { createManualResolver, createSeededRandom } from 'fairlead/testing';
import { generate } from 'selfsigned';

const CALLS = Number(process.env.CALLS);
const AT_ONCE = 200;
const NAME = 'orders.internal';
const { next } = createSeededRandom(Number(process.env.SEED));
const oneOf = (list) => list[Math.floor(next() * list.length)];
const spend = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const extensions = [
  { name: 'basicConstraints', cA: true, critical: true },
  { name: 'subjectAltName', altNames: [{ type: 2, value: NAME }] },
];
const tls = await generate([{ name: 'commonName', value: NAME }], { keySize: 2048, algorithm: 'sha256', extensions });
const env = { ...process.env, PORTS: '5', KEY: tls.private, CERT: tls.cert };
const server = fork(new URL('soak-server.mjs', import.meta.url), { env });
const [{ addresses, secureAddresses }] = await once(server, 'message');
async function openAtServer() {
  server.send('count');
  return (await once(server, 'message'))[0];
}

/** A clock that knows how many of its timers have neither fired nor been disposed of. */
let timers = 0;
const clock = {
  now: () => performance.now(),
  setTimer(callback, delayMs) {
    timers++;
    let open = true;
    const over = () => open && ((open = false), timers--);
    const handle = setTimeout(() => (over(), callback()), Math.min(delayMs, 2_147_483_647)).unref();
    return { [Symbol.dispose]: () => (over(), clearTimeout(handle)) };
  },
};

/** What keeps the process alive: sockets, look-ups, timers. */
const handles = () => process.getActiveResourcesInfo().sort();
const before = handles();
const resolver = createManualResolver(addresses);
const secureResolver = createManualResolver(secureAddresses);
const transport = { keepAliveTimeoutMs: 300, keepAliveMaxTimeoutMs: 300, maxConnectionAgeMs: 1_000 };
// Everything is to go out, so that everything can go wrong.
const shared = { attemptTimeoutMs: 1_000, timeoutMs: 2_500, throttle: false };
const client = createClient({
  services: {
    orders: { resolver, transport, ...shared },
    [NAME]: { resolver: secureResolver, transport: { ...transport, http2: true }, tls: { ca: tls.cert }, ...shared },
  },
  clock,
});

/** As long-lived as a server's own. */
const { signal: sharedSignal } = new AbortController();
const outcomes = {};

function bodyOf(kind, isFetch) {
  if (kind === 'text') return { method: 'POST', body: 'order', headers: { 'content-type': 'text/plain' } };
  if (kind === 'early') return { method: 'PUT', body: 'x'.repeat(100_000), headers: { 'x-early': '1' } };
  if (kind !== 'stream') return { method: 'GET' };
  const pieces = (async function* () {
    for (let i = 0; i < 3; i++) {
      yield Buffer.from('piece');
      await spend(5);
    }
  })();
  const body = isFetch ? Readable.toWeb(Readable.from(pieces)) : Readable.from(pieces);
  return { method: 'POST', body, duplex: 'half' };
}

async function readFetch(response, reading) {
  if (reading === 'whole') return response.text();
  if (reading === 'none') return response.body?.cancel();
  const reader = response.body?.getReader();
  await reader?.read();
  await reader?.cancel();
}

async function readRequest({ body }, reading) {
  if (reading === 'whole') return body.text();
  if (reading === 'dump') return body.dump();
  body.on('error', () => {});
  if (reading === 'first') await Promise.race([once(body, 'data'), once(body, 'close')]);
  body.destroy();
}

async function call() {
  const way = oneOf(['fetch', 'request', 'fetch', 'request', 'dispatcher']);
  const what = oneOf(['ok', 'ok', 'ok', 'ok', 'failed', 'hang', 'reset', 'halfOpen', 'cut', 'endless', 'slow']);
  const abortAfterMs = oneOf([undefined, undefined, undefined, undefined, undefined, -1, 0, Math.floor(next() * 100)]);
  const init = bodyOf(oneOf(['none', 'none', 'text', 'stream', 'early']), way !== 'request');
  const url = next() < 0.8 ? `http://orders/${what}` : `https://${NAME}/${what}`;
  let reading = oneOf(['whole', 'whole', 'none', 'first']);
  const controller = new AbortController();
  let timer;
  // Nobody but the caller ends what never ends, and under a dispatcher alone there is no deadline.
  const own = abortAfterMs !== undefined || what === 'endless' || way === 'dispatcher';
  init.signal = own ? controller.signal : sharedSignal;
  if (abortAfterMs === -1) controller.abort();
  else if (own) timer = setTimeout(() => controller.abort(new Error('enough')), abortAfterMs ?? 300);
  try {
    if (way === 'request') {
      if (reading === 'none' && next() < 0.5 && what !== 'endless') reading = 'dump';
      await readRequest(await client.request(url, init), reading);
    } else if (way === 'fetch') await readFetch(await client.fetch(url, init), reading);
    else await readFetch(await fetch(url, { ...init, dispatcher: client.dispatcher }), reading);
    outcomes.done = (outcomes.done ?? 0) + 1;
  } catch (error) {
    const name = error?.code ?? error?.cause?.code ?? error?.message ?? String(error);
    outcomes[name] = (outcomes[name] ?? 0) + 1;
  }
  clearTimeout(timer);
}

let left = CALLS;
async function caller() {
  while (left-- > 0) {
    // Endpoints come and go all the time, with whatever runs there.
    if (left % 40 === 0) resolver.set(addresses.filter(() => next() < 0.6).concat(addresses[left % addresses.length]));
    if (left % 400 === 0) secureResolver.set([oneOf(secureAddresses)]);
    await call();
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, caller));

/** The last value, when it is as it should be, or when that has not come in time. */
async function eventually(read, isRight) {
  const untilMs = performance.now() + 20_000;
  for (;;) {
    const value = await read();
    if (isRight(value) || performance.now() > untilMs) return value;
    await spend(50);
  }
}
const isZero = (value) => value === 0;
const inFlight = () =>
  Object.values(client.snapshot().services)
    .flatMap(({ endpoints, ...service }) => [service, ...endpoints])
    .reduce((sum, entry) => sum + entry.inFlight, 0);
const isAsBefore = (list) => JSON.stringify(list) === JSON.stringify(before);

const report = {
  outcomes,
  inFlight: await eventually(inFlight, isZero),
  openAtServer: await eventually(openAtServer, isZero),
  signalListeners: getEventListeners(sharedSignal, 'abort').length,
  timersWhileOpen: timers,
  handlesWhileOpen: await eventually(handles, isAsBefore),
};
await client.close();
report.timersAfterwards = timers;
report.watchers = resolver.watchers + secureResolver.watchers;
report.handlesAfterwards = handles();
report.handlesBefore = before;
server.kill();
console.log(JSON.stringify(report));
