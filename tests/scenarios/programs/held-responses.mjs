// Reads responses to their end and keeps them; says how many bytes each of them holds, for each way to get one. Needs --expose-gc.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createClient, staticResolver } from 'fairlead';

const RESPONSES = 2_000;
const AT_ONCE = 20;

const server = fork(new URL('soak-tiny-server.mjs', import.meta.url));
const [address] = await once(server, 'message');
const client = createClient({ services: { orders: { resolver: staticResolver([address]) } } });
const ways = {
  fetch: () => fetch(`http://${address}/items`),
  'client.fetch': () => client.fetch('http://orders/items'),
};

async function heldBytes() {
  for (let i = 0; i < 3; i++) {
    // What a collection sets free may be told in a later turn, and set more free.
    await new Promise((resolve) => setTimeout(resolve, 20));
    gc();
  }
  return process.memoryUsage().heapUsed;
}

async function keep(way, count) {
  const kept = [];
  const caller = async () => {
    for (let i = 0; i < count / AT_ONCE; i++) {
      const response = await way();
      await response.text();
      kept.push(response);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  return kept;
}

const report = {};
for (const way of Object.values(ways)) await keep(way, RESPONSES);
for (const [name, way] of Object.entries(ways)) {
  const before = await heldBytes();
  let kept = await keep(way, RESPONSES);
  report[name] = ((await heldBytes()) - before) / kept.length;
  kept = undefined;
}
await client.close();
server.kill();
console.log(JSON.stringify(report));
