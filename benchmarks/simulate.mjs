/** Runs the simulator (benchmarks/simulator) on the library's sources: `npm run simulate`. */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const folder = join(import.meta.dirname, 'results');
const outfile = join(folder, 'simulator.mjs');
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: [join(import.meta.dirname, 'simulator/main.ts')],
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  outfile,
});
const { main } = await import(pathToFileURL(outfile).href);
await main(process.argv.slice(2), (line) => console.log(line));
