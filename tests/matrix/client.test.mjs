/** The built package with nothing else in the process. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { clientCases } from './client-cases.mjs';

clientCases();

test('no copy of undici from npm was loaded for all that', () => {
  const { cache } = createRequire(import.meta.url);
  assert.deepEqual(
    Object.keys(cache).filter((file) => file.includes('node_modules/undici/')),
    [],
  );
});
