// Very many calls that go well; says how large the heap was after each part of them, when all garbage is gone. Needs --expose-gc.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createClient, staticResolver } from 'fairlead';

const AT_ONCE = 50;
const PARTS = 5;
const WARM_UP = 5_000;

const servers = [1, 2].map(() => fork(new URL('soak-tiny-server.mjs', import.meta.url)));
const addresses = await Promise.all(servers.map(async (server) => (await once(server, 'message'))[0]));
const client = createClient({ services: { orders: { resolver: staticResolver(addresses) } } });
/** As long as the process: what calls leave on it stays. */
const { signal } = new AbortController();

const url = 'http://orders/items?id=1';
const ways = {
  fetch: async () => (await client.fetch(url, { signal })).text(),
  request: async () => (await client.request(url, { signal })).body.text(),
};
const calls = { fetch: Number(process.env.FETCHES), request: Number(process.env.REQUESTS) };

async function make(way, count) {
  let left = count;
  const caller = async () => {
    while (left-- > 0) await way();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
}

/** In bytes, buffers outside of the heap included. */
async function held() {
  for (let i = 0; i < 3; i++) {
    // What a collection sets free may be told in a later turn, and set more free.
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const report = {};
// First of each as many as it takes to compile what they run through, and to fill what is kept per service.
for (const way of Object.values(ways)) await make(way, WARM_UP);
for (const [name, way] of Object.entries(ways)) {
  report[name] = [await held()];
  for (let part = 0; part < PARTS; part++) {
    await make(way, calls[name] / PARTS);
    report[name].push(await held());
  }
}
await client.close();
servers.forEach((server) => server.kill());
console.log(JSON.stringify(report));
