/** Programs that use the built package: what keeps their process alive, and what must not. */

import { describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';

import { startFleet } from '../../src/testing/fleet.js';
import { startRegistryServer } from '../../src/testing/registry-server.js';

jest.setTimeout(40_000);

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run(program: string): Promise<Ended> {
  const fleet = await startFleet({ size: 1, keepAliveTimeoutMs: 60_000 });
  const registry = await startRegistryServer({ services: { orders: fleet.addresses } });
  try {
    return await new Promise((resolve) => {
      const file = join(__dirname, 'programs', program);
      const env = { ...process.env, ADDRESS: fleet.addresses[0], REGISTRY: registry.urlOf('orders') };
      // One that does not end by itself is killed, and has no exit code then.
      const child = execFile(process.execPath, [file], { env, timeout: 20_000 }, (_, stdout, stderr) => {
        resolve({ code: child.exitCode, output: stdout + stderr });
      });
    });
  } finally {
    await Promise.all([fleet.close(), registry.close()]);
  }
}

describe('a process', () => {
  it('exits by itself after close()', async () => {
    expect(await run('closed.mjs')).toMatchObject({ code: 0 });
  });

  it('exits by itself when its client is idle and was never closed', async () => {
    expect(await run('idle.mjs')).toMatchObject({ code: 0 });
  });

  it('stays while a call waits for its first endpoints, or for its next attempt', async () => {
    const { code, output } = await run('waiting.mjs');
    expect(output).toBe('first endpoints 200\nbackoff 503\n');
    expect(code).toBe(0);
  });

  it('stays for a name server while a call waits for its answer, and not longer', async () => {
    const { code, output } = await run('dns.mjs');
    expect(output).toBe('late 200\n');
    expect(code).toBe(0);
  });
});
