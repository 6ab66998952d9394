/**
 * What a choice costs: nanoseconds and bytes per pick, by algorithm and number of endpoints, in plain Node.
 *
 *   node benchmarks/pick.mjs          a table
 *   node benchmarks/pick.mjs --json   the same as JSON
 *
 * `pick` is the picker alone. `call` is the whole way through the balancer: two readings of the clock, the limits, the lease, and
 * its settlement. Endpoints have latencies, one in a hundred a failure of the last seconds, and one in four an attempt
 * in flight. Each figure is the best of many short runs: whatever else the machine does only ever adds to it.
 */

import { pathToFileURL } from 'node:url';
import { endpointsOf, importSources } from './sources.mjs';

const SIZES = [10, 1_000, 100_000];
const ALGORITHMS = ['adaptive', 'adaptive, weighted', 'p2c', 'least-request', 'peak-ewma', 'round-robin', 'random'];
/** These look at every endpoint for every pick: fewer picks are enough, and more would take minutes. */
const SCANS = new Set(['least-request', 'weighted-round-robin', 'rendezvous']);
const RUNS = 40;
const PICKS_PER_RUN = 20_000;

async function loadSources() {
  return importSources(`
    export { createBalancer } from './src/data/balancer.ts';
    export { DEFAULT_LIMITS } from './src/data/balancer-settings.ts';
    export { LoadTable } from './src/data/load-table.ts';
    export { SlotLoads } from './src/data/slot-loads.ts';
    export { createPolicy } from './src/data/pickers/create-policy.ts';
    export { systemClock } from './src/core/clock.ts';
    export { systemRandom } from './src/core/random.ts';`);
}

/** The best run's nanoseconds per operation, and the least bytes that a run allocated per operation. */
function measure(operation, picks = PICKS_PER_RUN) {
  let bestMs = Infinity;
  let leastBytes = Infinity;
  for (let run = 0; run < RUNS; run++) {
    const heapBefore = process.memoryUsage().heapUsed;
    const startMs = performance.now();
    for (let pick = 0; pick < picks; pick++) operation();
    bestMs = Math.min(bestMs, performance.now() - startMs);
    const bytes = process.memoryUsage().heapUsed - heapBefore;
    // A collection within the run makes the difference negative or meaningless.
    if (bytes >= 0) leastBytes = Math.min(leastBytes, bytes);
  }
  return { ns: Math.round((bestMs * 1e6) / picks), bytes: Math.round(leastBytes / picks) };
}

function picksPerRun(name, endpoints) {
  return SCANS.has(name) ? Math.min(PICKS_PER_RUN, Math.ceil(1e6 / endpoints.length)) : PICKS_PER_RUN;
}

/** Another key for each pick: policies by hash go by it, others take no notice. */
function contextOf() {
  const contexts = Array.from({ length: 1_024 }, (_, key) => ({ hashKey: `user-${key}` }));
  let next = 0;
  return () => contexts[next++ & 1_023];
}

function measurePicker(sources, name, endpoints) {
  const { LoadTable, SlotLoads, createPolicy, systemClock, systemRandom } = sources;
  const { createPicker, learner } = createPolicy(name);
  const table = new LoadTable();
  const slots = Int32Array.from(endpoints, (endpoint) => table.acquireSlot(endpoint.id));
  const nowMs = systemClock.now();
  for (const slot of slots) {
    table.learn(slot, { kind: 'success' }, 5 + 10 * systemRandom.next(), true, nowMs - 1_000 * systemRandom.next());
    if (systemRandom.next() < 0.25) table.begin(slot);
    if (systemRandom.next() < 0.01) table.learn(slot, { kind: 'failure', reason: 'status' }, 1, true, nowMs);
  }
  const loads = new SlotLoads(table, slots);
  loads.nowMs = nowMs + 1_000;
  loads.totalInFlight = slots.reduce((sum, slot) => sum + table.inFlight(slot), 0);
  for (const slot of slots) learner?.reset(slot, nowMs);
  const input = { endpoints, loads, clock: systemClock, random: systemRandom, previous: undefined };
  const picker = createPicker(input, slots, table);
  const context = contextOf();
  return measure(() => picker.pick(context()), picksPerRun(name, endpoints));
}

function measureCall(sources, name, endpoints) {
  const { createBalancer, DEFAULT_LIMITS, systemClock, systemRandom } = sources;
  let settled = 0;
  const balancer = createBalancer({
    balancer: name,
    limits: DEFAULT_LIMITS,
    clock: systemClock,
    random: systemRandom,
    takeProbe: () => false,
    onSettled: () => settled++,
  });
  balancer.update({ endpoints, probes: [], panic: false });
  const context = contextOf();
  const success = { kind: 'success' };
  return measure(() => balancer.pick(context()).settle(success), picksPerRun(name, endpoints));
}

/** @returns {Promise<Array<{ algorithm: string, endpoints: number, pickNs: number, pickBytes: number, callNs: number }>>} */
export async function run() {
  const sources = await loadSources();
  const results = [];
  for (const algorithm of ALGORITHMS) {
    const [name, variant] = algorithm.split(', ');
    for (const count of SIZES) {
      const endpoints = endpointsOf(count, variant === 'weighted' ? (index) => 1 + (index % 4) : undefined);
      const pick = measurePicker(sources, name, endpoints);
      const call = measureCall(sources, name, endpoints);
      results.push({ algorithm, endpoints: count, pickNs: pick.ns, pickBytes: pick.bytes, callNs: call.ns });
    }
  }
  return results;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const results = await run();
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  else console.table(results);
}
