/** Sources that name a million endpoints: no list of such a length is taken, and refusing it costs neither memory nor the good one. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

const run = promisify(execFile);

/**
 * Twenty megabytes of text and a million small strings at once, where the cap on bytes is lifted by hand; as much again for
 * whatever is not collected yet. A million endpoints would be half a gigabyte.
 */
const HEAP_MB = 320;

it('are cut off at the cap on bytes, and where that is lifted refused for their number', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-million-'));
  try {
    const env = { ...process.env, FILE: join(folder, 'orders.json') };
    const program = join(__dirname, 'programs', 'million-endpoints.mjs');
    const args = [`--max-old-space-size=${HEAP_MB}`, program];
    const { stdout } = await run(process.execPath, args, { env, timeout: 100_000 });
    const lines = stdout.trim().split('\n');
    const capped = expect.stringContaining('is larger than 5242880 bytes');
    const counted = expect.stringMatching(/1000000 endpoints, more than 10000$/);
    const told = lines.map((line) => JSON.parse(line) as unknown);
    expect(told).toEqual([
      { name: 'registry', error: capped, status: 200, known: 1 },
      { name: 'registry without a cap', error: counted, status: 200, known: 1 },
      { name: 'consul', error: expect.stringContaining('is larger than'), status: 200, known: 1 },
      { name: 'file', error: capped, status: 200, known: 1 },
      { name: 'file without a cap', error: counted, status: 200, known: 1 },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 120_000);
