/**
 * What an answer of discovery costs the event loop: from a resolver's answer to a picker that chooses from it, in plain
 * Node.
 *
 *   node benchmarks/discovery.mjs          a table
 *   node benchmarks/discovery.mjs --json   the same as JSON
 *
 * Each answer has 10,000 endpoints: `first` is the first one; after it come one in which all are new, one in which a tenth,
 * one in which a hundredth was replaced, one that says the same in another order, and one that says the very same. For the
 * balancers by hash it is the change of a hundredth, and the first pick after it, which renews their table.
 *
 * Everything is fresh in each round but the compiled code. Of the time that passed and the CPU time that the process used,
 * the lesser counts: both are upper bounds of what the loop had to do, the first one raised by whoever else uses the
 * machine, the second one by helping threads of the collector. Medians are reported, and the best.
 */

import { pathToFileURL } from 'node:url';
import { hostOf, importSources } from './sources.mjs';

const ENDPOINTS = 10_000;
const ROUNDS = 41;
const WARM_UP = 5;

async function loadSources() {
  return importSources(`
    export { createClient } from './src/client/create-client.ts';
    export { parseHttpSd } from './src/control/resolvers/http-sd.ts';
    export { parseJson } from './src/kit/safe-json.ts';`);
}

/** As a registry sends them; anew each time, so that nothing is recognized by identity. */
function targets(from) {
  return Array.from({ length: ENDPOINTS }, (_, index) => {
    const n = from + index;
    return {
      host: hostOf(n),
      port: 8080,
      zone: `z${n % 3}`,
      metadata: { rack: `r${n % 40}` },
    };
  });
}

function shuffled(list) {
  for (let index = list.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [list[index], list[other]] = [list[other], list[index]];
  }
  return list;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** Between two measurements the collector and the loop have their turn. */
function rest() {
  return new Promise((resolve) => setTimeout(resolve, 20));
}

function createTimes() {
  const times = new Map();
  return {
    measure(name, counts, work) {
      const cpu = process.cpuUsage();
      const startMs = performance.now();
      work();
      const tookMs = performance.now() - startMs;
      const { user, system } = process.cpuUsage(cpu);
      if (!times.has(name)) times.set(name, []);
      if (counts) times.get(name).push(Math.min(tookMs, (user + system) / 1_000));
    },
    rows: () =>
      [...times].map(([answer, ms]) => ({
        answer,
        endpoints: ENDPOINTS,
        medianMs: Number(median(ms).toFixed(1)),
        bestMs: Number(Math.min(...ms).toFixed(1)),
      })),
  };
}

/** One client through a course of answers. */
async function play(createClient, balancer, answers, measure) {
  let receiver;
  const resolver = { kind: 'bench', watch: (given) => void (receiver = given) };
  const client = createClient({ services: { orders: { resolver, balancer } } });
  const pick = () => client.pick('orders', { hashKey: 'a key' }).settle({ kind: 'success' });
  for (const [name, make, pickName] of answers) {
    const endpoints = make();
    await rest();
    measure(name, () => {
      receiver.update({ endpoints });
      if (pickName === undefined) pick();
    });
    if (pickName === undefined) continue;
    await rest();
    measure(pickName, pick);
  }
  await client.close();
}

const ANSWERS = [
  ['first', () => targets(0)],
  ['all new', () => targets(ENDPOINTS)],
  ['a tenth replaced', () => targets(ENDPOINTS + ENDPOINTS / 10)],
  ['1 % replaced', () => targets(ENDPOINTS + ENDPOINTS / 10 + ENDPOINTS / 100)],
  ['the same', () => targets(ENDPOINTS + ENDPOINTS / 10 + ENDPOINTS / 100)],
  ['the same, shuffled', () => shuffled(targets(ENDPOINTS + ENDPOINTS / 10 + ENDPOINTS / 100))],
];

const BY_HASH = ['ring-hash', 'maglev', 'rendezvous'];

function answersByHash(balancer) {
  return [
    [undefined, () => targets(0)],
    [`${balancer}: 1 % replaced`, () => targets(ENDPOINTS / 100), `${balancer}: the next pick`],
  ];
}

/** @returns {Promise<Array<{ answer: string, endpoints: number, medianMs: number, bestMs: number }>>} */
export async function run() {
  const { createClient, parseHttpSd, parseJson } = await loadSources();
  const times = createTimes();
  const body = JSON.stringify(
    Array.from({ length: ENDPOINTS }, (_, n) => ({
      targets: [`10.0.${n >> 8}.${n & 255}:80`],
      labels: { zone: `z${n % 3}`, rack: 'r1' },
    })),
  );
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    const measure = (name, work) => {
      if (name === undefined) work();
      else times.measure(name, round >= WARM_UP, work);
    };
    await play(createClient, 'adaptive', ANSWERS, measure);
    for (const balancer of BY_HASH) await play(createClient, balancer, answersByHash(balancer), measure);
    measure('parsing an HTTP-SD body', () => parseHttpSd(parseJson(body)));
  }
  return times.rows();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const results = await run();
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  else console.table(results);
}
