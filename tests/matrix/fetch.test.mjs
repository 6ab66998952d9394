/** The compliance suite of tests/fetch with the built package: on every Node, client.fetch does what that Node's own fetch does. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import * as library from 'fairlead';

const require = createRequire(import.meta.url);
// The compiler that tsup brings along.
const { buildSync } = createRequire(require.resolve('tsup'))('esbuild');

const folder = mkdtempSync(join(tmpdir(), 'fairlead-fetch-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const outfile = join(folder, 'suite.mjs');
const resolveDir = resolve(import.meta.dirname, '../fetch');
const contents = "export * from './suite.ts'; export * from './differences.ts';";
buildSync({
  stdin: { contents, resolveDir },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  outfile,
});
const { differences, examine, themes } = await import(pathToFileURL(outfile).href);

const met = new Set();

for (const [theme, cases] of Object.entries(themes))
  test(`client.fetch does what fetch does with all ${theme}`, async () => {
    const verdict = await examine(cases, library);
    verdict.met.forEach((id) => met.add(id));
    assert.deepEqual(verdict.unlisted, []);
  });

test('the differences that are allowed are all still there', () => {
  assert.deepEqual([...met].sort(), differences.map(({ id }) => id).sort());
});
