/**
 * What the library costs on top of the platform: client CPU per request, and requests per second, to one endpoint in a
 * process of its own. Run `npm run build` first.
 *
 *   node benchmarks/overhead.mjs [--lines 20,24] [--rounds 15] [--requests 2000] [--concurrency 1,50] [--library dist/index.js]
 *
 * In every round each way sends the same number of requests, in an order that is drawn anew, so that whatever else the
 * machine does meets all of them. A ratio is taken within a round, and the median of the rounds is reported. CPU is what
 * the operating system charged to the client process, all of its threads included.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { nodeOfLine } from '../scripts/node-lines.mjs';
import { startProcess } from './overhead/process.mjs';
import { report } from './report.mjs';

const root = resolve(import.meta.dirname, '..');

/** What each way is measured against. */
const BASELINES = {
  fetch: 'fetch',
  'client.fetch': 'fetch',
  request: 'request',
  'bare exchange': 'request',
  'client.request': 'request',
  'undici.request': 'request',
};

/** Rounds that are thrown away: the compiler is still busy. */
const WARM_UP_ROUNDS = 3;

/** The parts of the library that the baseline shares with it, and that are not public. */
async function bundleInternals(outfile) {
  const contents = `
    export { bridgeHandler } from './src/data/transport/bridge-handler.ts';
    export { createRequestExchange } from './src/data/transport/request-exchange.ts';
    export { findPlatform } from './src/data/transport/platform.ts';`;
  const stdin = { resolveDir: root, contents };
  await build({ stdin, bundle: true, format: 'esm', platform: 'node', target: 'node20', outfile });
  return pathToFileURL(outfile).href;
}

/** @returns {Promise<Array<{ node: string, pinned: boolean, rounds: number, requests: number, results: object[] }>>} one for each line */
export async function run({
  lines = [20, 24],
  rounds = 15,
  requests = 2_000,
  concurrency = [1, 50],
  library = 'dist/index.js',
} = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'));
  try {
    const internals = await bundleInternals(join(folder, 'internals.mjs'));
    const modules = [pathToFileURL(resolve(root, library)).href, internals];
    const reports = [];
    for (const line of lines) reports.push(await measureLine({ line, rounds, requests, concurrency, modules }));
    return reports;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureLine({ line, rounds, requests, concurrency, modules }) {
  const node = nodeOfLine(line);
  if (node === undefined) throw new Error(`There is no Node ${line} to measure with`);
  const started = [];
  const start = async (...args) => {
    started.push(await startProcess(...args));
    return started.at(-1);
  };
  try {
    const server = await start('server.mjs', [], { node: process.execPath, cpu: 0 });
    const endpoint = `http://127.0.0.1:${server.greeting.port}`;
    const execution = { node, execArgv: ['--expose-gc'], cpu: availableParallelism() - 1 };
    const ours = await start('client.mjs', ['./ways.mjs', endpoint, ...modules], execution);
    const undici = await start('client.mjs', ['./undici-ways.mjs', endpoint], execution);
    const clients = [ours, undici];
    const ways = clients.flatMap((client) => client.greeting.ways.map((way) => ({ way, client })));
    const results = [];
    for (const callers of concurrency) {
      const samples = await measure(ways, { rounds, requests, concurrency: callers });
      results.push(...summarize(samples, callers));
    }
    return { node: ours.greeting.version, pinned: started.every(({ pinned }) => pinned), rounds, requests, results };
  } finally {
    for (const { stop } of started) stop();
  }
}

async function measure(ways, { rounds, requests, concurrency }) {
  const samples = new Map(ways.map(({ way }) => [way, []]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const { way, client } of shuffled(ways)) {
      const sample = await client.ask({ way, requests, concurrency });
      if (round >= 0) samples.get(way).push(sample);
    }
  }
  return samples;
}

function summarize(samples, concurrency) {
  return [...samples].map(([way, own]) => {
    const baseline = BASELINES[way];
    const other = samples.get(baseline);
    const cpuRatios = own.map((sample, round) => other[round].cpuUs / sample.cpuUs);
    return {
      concurrency,
      way,
      cpuUs: median(own.map((sample) => sample.cpuUs)),
      perSecond: median(own.map((sample) => sample.perSecond)),
      baseline,
      // Both ratios are of throughput: 1 means as much work done as by the baseline, for the same CPU or in the same time.
      cpuRatio: median(cpuRatios),
      // Half of the rounds lie between: how much a median of so many is worth.
      cpuRatioQuartiles: [quantile(cpuRatios, 0.25), quantile(cpuRatios, 0.75)],
      perSecondRatio: median(own.map((sample, round) => sample.perSecond / other[round].perSecond)),
    };
  });
}

function shuffled(items) {
  return items
    .map((item) => ({ item, key: Math.random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

const median = (values) => quantile(values, 0.5);

/** Between two values in proportion. */
function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - below);
}

/** Prints a table for each line, and keeps its figures in results/. */
export function publish(reports) {
  for (const { node, pinned, rounds, requests, results } of reports) {
    const rows = results.map(
      ({ way, concurrency, cpuUs, perSecond, cpuRatio, cpuRatioQuartiles, perSecondRatio, baseline }) => ({
        concurrency,
        way,
        'CPU µs': cpuUs.toFixed(1),
        'per second': Math.round(perSecond),
        'CPU ratio': cpuRatio.toFixed(3),
        quartiles: cpuRatioQuartiles.map((ratio) => ratio.toFixed(2)).join('–'),
        'rate ratio': perSecondRatio.toFixed(3),
        'compared with': baseline,
      }),
    );
    const title = `overhead, Node ${node}, ${rounds} rounds of ${requests} requests${pinned ? '' : ', processes not pinned to cores'}`;
    report(`overhead-${node}`, title, rows, { node, pinned, rounds, requests, results });
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      lines: { type: 'string', default: '20,24' },
      rounds: { type: 'string', default: '15' },
      requests: { type: 'string', default: '2000' },
      concurrency: { type: 'string', default: '1,50' },
      library: { type: 'string', default: 'dist/index.js' },
    },
  });
  const numbers = (list) => list.split(',').map(Number);
  const reports = await run({
    lines: numbers(values.lines),
    rounds: Number(values.rounds),
    requests: Number(values.requests),
    concurrency: numbers(values.concurrency),
    library: values.library,
  });
  publish(reports);
}
