/**
 * What a service remembers of each endpoint: bytes by policy, at 10,000 endpoints, after every endpoint was called once.
 *
 *   node --expose-gc benchmarks/memory.mjs
 *
 * Counted is what the balancer adds: slots, ids, pickers, tables, what policies learn. Not counted are the endpoints
 * themselves, which belong to discovery.
 */

import { endpointsOf, importSources } from './sources.mjs';

const COUNT = 10_000;

async function loadSources() {
  return importSources(`
    export { createBalancer } from './src/data/balancer.ts';
    export { DEFAULT_LIMITS } from './src/data/balancer-settings.ts';
    export { BALANCER_NAMES } from './src/data/pickers/create-policy.ts';
    export { systemClock } from './src/core/clock.ts';
    export { systemRandom } from './src/core/random.ts';`);
}

/** Objects and what typed arrays hold, which is not on the heap and is freed a turn later. */
async function used() {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

async function bytesOf({ createBalancer, DEFAULT_LIMITS, systemClock, systemRandom }, policy, endpoints) {
  const before = await used();
  const balancer = createBalancer({
    balancer: policy,
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    random: systemRandom,
    takeProbe: () => false,
    onSettled() {},
  });
  balancer.update({ endpoints, probes: [], panic: false });
  for (let call = 0; call < endpoints.length; call++)
    balancer.pick({ hashKey: `user-${call}` }).settle({ kind: 'success' }, 10);
  const bytes = ((await used()) - before) / endpoints.length;
  // Alive until here.
  if (balancer.inFlight !== 0) throw new Error('leases are open');
  return Math.round(bytes);
}

if (globalThis.gc === undefined) throw new Error('run with node --expose-gc');
const sources = await loadSources();
const endpoints = endpointsOf(COUNT);
const table = {};
for (const policy of sources.BALANCER_NAMES) {
  // The first one pays for compiled code.
  await bytesOf(sources, policy, endpoints);
  table[policy] = await bytesOf(sources, policy, endpoints);
}
if (process.argv.includes('--json')) console.log(JSON.stringify(table));
else console.table(table);
