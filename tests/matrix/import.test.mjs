import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';

const require = createRequire(import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const entries = Object.keys(exports)
  .filter((subpath) => subpath !== './package.json')
  .map((subpath) => `fairlead${subpath.slice(1)}`);

for (const entry of entries) {
  test(`${entry} loads as an ES module and as CommonJS, with the same names`, async () => {
    const imported = Object.keys(await import(entry)).sort();
    assert.ok(imported.length > 0);
    assert.deepEqual(Object.keys(require(entry)).sort(), imported);
  });
}
