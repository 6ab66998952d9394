/**
 * What an answer of discovery costs the event loop: from a resolver's answer to a picker that chooses from it, in plain
 * Node.
 *
 *   node benchmarks/discovery.mjs          a table
 *   node benchmarks/discovery.mjs --json   the same as JSON
 *
 * `first` is the first answer of 10,000 endpoints, `replaced` one in which a tenth were replaced, `unchanged` one that
 * says the same in another order. Everything is fresh in each round but the compiled code; medians are reported, and the best.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const ENDPOINTS = 10_000;
const ROUNDS = 41;
const WARM_UP = 5;

const root = new URL('..', import.meta.url).pathname;

async function loadSources() {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-bench-'));
  const outfile = join(folder, 'client.mjs');
  try {
    await build({
      stdin: {
        resolveDir: root,
        contents: `
          export { createClient } from './src/client/create-client.ts';
          export { parseHttpSd } from './src/control/resolvers/http-sd.ts';
          export { parseJson } from './src/kit/safe-json.ts';`,
      },
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      outfile,
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As a registry sends them; anew each time, so that nothing is recognized by identity. */
function targets(from) {
  return Array.from({ length: ENDPOINTS }, (_, index) => {
    const n = from + index;
    return {
      host: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`,
      port: 8080,
      zone: `z${n % 3}`,
      metadata: { rack: `r${n % 40}` },
    };
  });
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

/** @returns {Promise<Array<{ answer: string, endpoints: number, medianMs: number, bestMs: number }>>} */
export async function run() {
  const { createClient, parseHttpSd, parseJson } = await loadSources();
  const times = { first: [], replaced: [], unchanged: [], 'HTTP-SD body': [] };
  const body = JSON.stringify([
    ...Array.from({ length: ENDPOINTS }, (_, n) => ({
      targets: [`10.0.${n >> 8}.${n & 255}:80`],
      labels: { zone: `z${n % 3}`, rack: 'r1' },
    })),
  ]);
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    let receiver;
    const resolver = { kind: 'bench', watch: (given) => void (receiver = given) };
    const client = createClient({ services: { orders: { resolver } } });
    const timed = (name, work) => {
      const startMs = performance.now();
      work();
      if (round >= WARM_UP) times[name].push(performance.now() - startMs);
    };
    const lists = {
      first: targets(0),
      replaced: targets(ENDPOINTS / 10),
      unchanged: targets(ENDPOINTS / 10).reverse(),
    };
    for (const [name, endpoints] of Object.entries(lists)) {
      timed(name, () => receiver.update({ endpoints }));
      // The picker is there, and chooses.
      client.pick('orders').settle({ kind: 'success' });
    }
    timed('HTTP-SD body', () => parseHttpSd(parseJson(body)));
    await client.close();
    // Between rounds the collector and the loop have their turn.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return Object.entries(times).map(([answer, ms]) => ({
    answer,
    endpoints: ENDPOINTS,
    medianMs: Number(median(ms).toFixed(1)),
    bestMs: Number(Math.min(...ms).toFixed(1)),
  }));
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const results = await run();
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(results, undefined, 2)}\n`);
  else console.table(results);
}
