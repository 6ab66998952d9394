/** What Jest's workers, each a process of its own, need to share one folder. Synchronous; see `debian-packages.ts`. */

import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Longer than any download should take; then something is wrong and the suite should say so. */
const LOCK_PATIENCE_MS = 300_000;

/** Spares a machine without network the same timeouts in every test file, and is short enough to be forgotten by the next run. */
const FAILURE_MEMORY_MS = 120_000;

/** Runs `work` while no other process does. The lock of a process that died is broken. */
export function withLock<T>(path: string, work: () => T): T {
  const deadline = Date.now() + LOCK_PATIENCE_MS;
  while (!tryLock(path)) {
    if (ownerIsDead(path)) rmSync(path, { recursive: true, force: true });
    else if (Date.now() > deadline) throw new Error(`another process has held ${path} for too long`);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  try {
    return work();
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

function tryLock(path: string): boolean {
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(path, 'pid'), String(process.pid));
  return true;
}

function ownerIsDead(path: string): boolean {
  try {
    const pid = Number(readFileSync(join(path, 'pid'), 'utf8'));
    // Between the folder and the file there is a moment without an owner.
    if (pid > 0) process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

export function rememberFailure(path: string, reason: string): void {
  writeFileSync(path, reason);
}

export function rememberedFailure(path: string): string | undefined {
  try {
    return Date.now() - statSync(path).mtimeMs < FAILURE_MEMORY_MS ? readFileSync(path, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
