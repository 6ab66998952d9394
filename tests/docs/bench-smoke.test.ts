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
