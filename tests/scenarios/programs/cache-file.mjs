// Two roles: 'writer' has a list that changes all the time, 'reader' calls with its registry down.
import { createClient, registryResolver } from 'fairlead';

const { ROLE, FILE, REGISTRY, WAIT } = process.env;

/** Ten thousand endpoints, so that a write takes a while; each list differs from the last. */
function changing() {
  let turn = 0;
  return {
    kind: 'registry',
    async resolve() {
      const weight = 1 + (turn++ % 1_000);
      const endpoints = Array.from({ length: 10_000 }, (_, i) => ({
        host: `10.0.${i >> 8}.${i & 255}`,
        port: 80,
        weight,
        metadata: { turn: String(turn) },
      }));
      return { endpoints, ttlMs: 100 };
    },
  };
}

const resolver = ROLE === 'writer' ? changing() : registryResolver({ url: REGISTRY });
const cache = { file: FILE, minTtlMs: 100 };
const client = createClient({ services: { orders: { resolver, cache } } });
client.on('cacheFile', ({ action, reason }) => console.log(action, reason ?? ''));

if (ROLE === 'writer') {
  await client.ready();
  setInterval(() => {}, 1_000);
} else {
  const answered = new Promise((resolve) => client.once('resolve', resolve));
  const response = await client.fetch('http://orders/');
  await response.arrayBuffer();
  const resolution = () => client.snapshot().services.orders.resolution;
  if (WAIT === 'answer') await answered;
  console.log(JSON.stringify({ code: response.status, ...resolution() }));
  await client.close();
}
