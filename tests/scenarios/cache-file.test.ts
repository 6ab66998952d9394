/** The list on disk, with processes that share it, die while they write it, and start while the registry is down. */

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { decodeSavedList } from '../../src/control/discovery/saved-list-format.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { until } from '../support/until.js';

jest.setTimeout(300_000);

const PROGRAM = join(__dirname, 'programs/cache-file.mjs');

let folder: string;
let file: string;
const writers: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fairlead-shared-'));
  file = join(folder, 'orders.list');
});
afterEach(async () => {
  await Promise.all(writers.splice(0).map(kill));
  rmSync(folder, { recursive: true });
});

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

function startWriter(): ChildProcess {
  const env = { ...process.env, ROLE: 'writer', FILE: file };
  const writer = spawn(process.execPath, [PROGRAM], { env, stdio: 'ignore' });
  writers.push(writer);
  return writer;
}

/** Unfinished writes of a process. */
function unfinished({ pid }: ChildProcess): string[] {
  return readdirSync(folder).filter((name) => name.startsWith(`orders.list.${pid}.`));
}

/**
 * Stops a process in the middle of a write, which is not over then however long we look at it: between seeing the file
 * and the end of its writer a fast machine would have finished it.
 */
async function stopWhileWriting(writer: ChildProcess): Promise<void> {
  await until(
    async () => {
      if (unfinished(writer).length === 0) return false;
      writer.kill('SIGSTOP');
      // What its threads have begun in the kernel still ends: closing, giving it its name.
      await new Promise((resolve) => setTimeout(resolve, 50));
      if (unfinished(writer).length > 0) return true;
      writer.kill('SIGCONT');
      return false;
    },
    { what: 'a process that is stopped in the middle of a write', timeoutMs: 60_000, intervalMs: 1 },
  );
}

function readList(): ReturnType<typeof decodeSavedList> {
  const owner = { service: 'orders', resolver: 'registry', source: undefined };
  return decodeSavedList(readFileSync(file, 'utf8'), owner, Date.now(), 86_400_000);
}

function expectWholeList(): void {
  expect(readList()).toMatchObject({ endpoints: { length: 10_000 } });
}

describe('a list on disk that processes share', () => {
  it('is whole whenever it is read, although its writers are killed in the middle of their writes', async () => {
    const steady = startWriter();
    await until(() => readdirSync(folder).includes('orders.list'), { what: 'the first list', timeoutMs: 30_000 });
    for (let round = 0; round < 4; round++) {
      const doomed = startWriter();
      await stopWhileWriting(doomed);
      expectWholeList();
      await kill(doomed);
      // It was killed in the middle: what it had begun is left behind.
      expect(unfinished(doomed)).toHaveLength(1);
      expectWholeList();
    }
    const before = readFileSync(file, 'utf8').length;
    expect(before).toBeGreaterThan(1_000_000);
    expect(steady.exitCode).toBeNull();
    for (let read = 0; read < 20; read++) expectWholeList();
  });
});

describe('a process that starts while the registry is down', () => {
  let fleet: Fleet;
  let registry: RegistryServer;
  beforeEach(async () => {
    [fleet, registry] = await Promise.all([startFleet({ size: 2 }), startRegistryServer()]);
    await registry.set('orders', fleet.addresses);
  });
  afterEach(() => Promise.all([fleet.close(), registry.close()]));

  const run = async (
    wait: 'answer' | 'call' = 'call',
  ): Promise<{ events: string[]; result: Record<string, unknown> }> => {
    const env = { ...process.env, ROLE: 'reader', FILE: file, REGISTRY: registry.urlOf('orders'), WAIT: wait };
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM], { env, timeout: 30_000 });
    const lines = stdout.trim().split('\n');
    const result = lines.find((line) => line.startsWith('{')) ?? '{}';
    return {
      events: lines.filter((line) => !line.startsWith('{')).map((line) => line.trim()),
      result: JSON.parse(result) as Record<string, unknown>,
    };
  };

  it('begins with the last known list, whose age it shows', async () => {
    const first = await run();
    expect(first.events).toEqual(['written']);
    expect(first.result).toMatchObject({ code: 200, status: 'found', stale: false, restored: false });

    await registry.kill();
    const cold = await run();
    expect(cold.events).toEqual(['restored']);
    expect(cold.result).toMatchObject({ code: 200, status: 'found', stale: true, restored: true });
    expect(cold.result['ageMs']).toBeGreaterThan(0);
    expect(cold.result['ageMs']).toBeLessThan(60_000);

    // And while the registry hangs, or has lost everything.
    await registry.restart();
    await registry.setMode({ kind: 'hang' });
    expect((await run()).result).toMatchObject({ code: 200, status: 'found', restored: true });
    await registry.setMode({ kind: 'ok' });
    expect((await run('answer')).result).toMatchObject({ code: 200, status: 'found', restored: true, held: 'empty' });

    await registry.set('orders', fleet.addresses);
    expect((await run('answer')).result).toMatchObject({ code: 200, status: 'found', stale: false, restored: false });
  });

  it('fails as it would without a file when there is none', async () => {
    await registry.kill();
    await expect(run()).rejects.toThrow('ERR_RESOLUTION_FAILED');
  });
});
