/**
 * A process under load that does nothing else for three seconds: it computes, collects, or was stopped. When it goes on,
 * timers may run before sockets are read, and everything in flight times out with its answer in the kernel.
 */

import { describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';

import { startFleet } from '../../src/testing/fleet.js';

jest.setTimeout(90_000);

interface Report {
  readonly ejections: readonly unknown[];
  readonly trips: readonly unknown[];
  readonly errors: readonly unknown[];
  readonly states: readonly string[];
  readonly before: number;
  readonly after: number;
  readonly failed: number;
}

async function stalled(env: Record<string, string>): Promise<Report> {
  const fleet = await startFleet({ size: 4 });
  try {
    return await new Promise((resolve, reject) => {
      const file = join(__dirname, 'programs', 'stalled.mjs');
      const all = { ...process.env, ADDRESSES: fleet.addresses.join(), STALL_MS: '3000', ...env };
      execFile(process.execPath, [file], { env: all, timeout: 60_000 }, (error, stdout, stderr) =>
        error === null ? resolve(JSON.parse(stdout) as Report) : reject(new Error(stderr, { cause: error })),
      );
    });
  } finally {
    await fleet.close();
  }
}

describe('a client whose event loop stalls for 3 s under load', () => {
  it.each([
    ['with timeouts that fall due meanwhile, so that all in flight time out', '2000', 10],
    ['with the default timeouts', '10000', 0],
  ])('%s: ejects nobody, and no caller sees an error', async (_, ATTEMPT_TIMEOUT_MS, timeouts) => {
    const report = await stalled({ ATTEMPT_TIMEOUT_MS });
    expect(report.failed).toBeGreaterThanOrEqual(timeouts);
    expect(report.before).toBeGreaterThan(40);
    expect(report.after).toBeGreaterThan(40);
    expect(report.ejections).toEqual([]);
    expect(report.states).toEqual(['healthy', 'healthy', 'healthy', 'healthy']);
    expect(report.errors).toEqual([]);
  });

  it('opens no breaker either, though every call in flight has failed', async () => {
    const report = await stalled({ ATTEMPT_TIMEOUT_MS: '2000', WITH_BREAKER: '1' });
    // Twice as many as it takes of what ended before.
    expect(report.failed / report.before).toBeGreaterThan(0.04);
    expect(report.errors).toContain('ERR_ATTEMPT_TIMEOUT');
    expect(report.errors).not.toContain('ERR_BREAKER_OPEN');
    expect(report.trips).toEqual([]);
    expect(report.after).toBeGreaterThan(40);
  });
});
