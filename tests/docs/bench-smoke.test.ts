/** The benchmark still runs and reports: no speed is asserted here. */

import { describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

jest.setTimeout(60_000);

const root = join(__dirname, '../..');

describe('benchmarks/overhead.mjs', () => {
  it('measures every way against its baseline', async () => {
    const line = process.versions.node.split('.')[0]!;
    const few = ['--lines', line, '--rounds', '1', '--requests', '20', '--concurrency', '2'];
    const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'benchmarks/overhead.mjs'), ...few], {
      cwd: root,
    });
    for (const way of ["'fetch'", "'client.fetch'", "'request'", "'client.request'"]) expect(stdout).toContain(way);
  });
});

describe('benchmarks/memory.mjs', () => {
  it('finds no policy that keeps more than half a kilobyte of an endpoint', async () => {
    const args = ['--expose-gc', join(root, 'benchmarks/memory.mjs'), '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: root });
    const bytes = JSON.parse(stdout) as Record<string, number>;
    expect(Object.keys(bytes)).toContain('adaptive');
    // docs/balancing.md says 115 to 280; twice that leaves room for other versions of V8.
    for (const [policy, each] of Object.entries(bytes)) expect([policy, each < 560]).toEqual([policy, true]);
  });
});
