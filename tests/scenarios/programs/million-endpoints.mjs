// Follows sources that name a million endpoints after one good one; says what each made of it, and how long a call took then.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { createClient, fileResolver, registryResolver } from 'fairlead';
import { consulResolver } from 'fairlead/consul';

const COUNT = 1_000_000;
const MANY_MB = 256 * 1_048_576;

const server = createServer((_, response) => response.end('{}'));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const good = server.address().port;

const hostAt = (n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

/** Without ever being in memory as a whole. */
function* listOf(entryAt) {
  yield '[';
  for (let from = 0; from < COUNT; from += 1_000) {
    const entries = Array.from({ length: 1_000 }, (_, index) => entryAt(hostAt(from + index), 80));
    yield (from === 0 ? '' : ',') + entries.join();
  }
  yield ']';
}

const target = (host, port) => `{"targets":["${host}:${port}"]}`;
const text = (host, port) => `"${host}:${port}"`;
const health = (host, port) =>
  `{"Node":{},"Service":{"ID":"${host}","Address":"${host}","Port":${port}},"Checks":[{"Status":"passing"}]}`;

let isHostile = false;
let index = 1;
const source = createServer(async (request, response) => {
  const entryAt = request.url.startsWith('/v1/health') ? health : target;
  response.writeHead(200, { 'content-type': 'application/json', 'x-consul-index': String(index++) });
  if (!isHostile) return response.end(`[${entryAt('127.0.0.1', good)}]`);
  const closed = once(response, 'close');
  for (const part of listOf(entryAt)) {
    if (response.destroyed) return;
    if (!response.write(part)) await Promise.race([once(response, 'drain'), closed]);
  }
  response.end();
});
await new Promise((resolve) => source.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${source.address().port}`;
const file = process.env.FILE;

const ways = {
  registry: () => registryResolver({ url, ttlMs: 100 }),
  'registry without a cap': () => registryResolver({ url, ttlMs: 100, maxBytes: MANY_MB }),
  consul: () => consulResolver({ service: 'orders', url, waitMs: 1_000 }),
  file: () => fileResolver(file, { pollMs: 100 }),
  'file without a cap': () => fileResolver(file, { pollMs: 100, maxBytes: MANY_MB }),
};

for (const [name, makeResolver] of Object.entries(ways)) {
  isHostile = false;
  writeFileSync(file, `[${text('127.0.0.1', good)}]`);
  const client = createClient({ services: { orders: { resolver: makeResolver(), cache: { minTtlMs: 100 } } } });
  await client.ready();
  const failure = new Promise((resolve) => client.once('resolveError', ({ error }) => resolve(error)));
  isHostile = true;
  writeFileSync(file, [...listOf(text)].join(''));
  const error = await failure;
  const response = await client.fetch('http://orders/');
  await response.text();
  const known = client.snapshot().services.orders.endpoints.length;
  console.log(JSON.stringify({ name, error: error.message, status: response.status, known }));
  await client.close({ timeoutMs: 0 });
}
process.exit(0);
