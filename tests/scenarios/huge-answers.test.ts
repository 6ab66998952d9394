/** A registry that answers with 200 MB: it is cut off at the cap, and costs no more memory than that. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

import { startRegistryServer } from '../../src/testing/registry-server.js';

const run = promisify(execFile);

it('is cut off at the cap, polled, held or pushed, without costing what it would hold', async () => {
  await using registry = await startRegistryServer();
  await registry.setMode({ kind: 'huge', bytes: 200_000_000 });
  const env = { ...process.env, REGISTRY: registry.urlOf('orders') };
  const program = join(__dirname, 'programs', 'huge-answers.mjs');
  const lines = (await run(process.execPath, [program], { env, timeout: 30_000 })).stdout.trim().split('\n');

  const grewByMb = Number(/^grew by (\d+)$/.exec(lines.pop() ?? '')?.[1]);
  const tooLarge = (what: string): unknown =>
    expect.stringMatching(`GET http.*: ${what} is larger than 5242880 bytes$`);
  expect(lines.map((line) => line.split(' ')[0])).toEqual(['polls', 'holds', 'prefers', 'streams']);
  expect(lines).toEqual([...Array<unknown>(3).fill(tooLarge('the body')), tooLarge('an event')]);
  // Measured: some 60 MB, most of it what Node loads for HTTP and garbage that was not worth collecting yet. One answer
  // of 200 MB would be past the bound at once.
  expect(grewByMb).toBeLessThan(120);
}, 40_000);
