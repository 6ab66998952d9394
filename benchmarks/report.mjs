/** Shows what a benchmark found, and keeps it as JSON. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';

const folder = join(import.meta.dirname, 'results');

/** A table on stdout; `figures`, with the machine and the date, in results/<name>.json. */
export function report(name, title, rows, figures) {
  console.log(`\n${title}`);
  console.table(rows);
  mkdirSync(folder, { recursive: true });
  const cpuModels = cpus().map(({ model }) => model);
  const kept = { date: new Date().toISOString(), cpus: cpuModels, ...figures };
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(kept, undefined, 2)}\n`);
}
