/**
 * Files that are whole or not there. What is written goes into a file beside the target, to the disk, and only then
 * under the target's name: whoever reads, and whoever is killed in the middle, sees the old text or the new one.
 */

import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Owner only: a list of endpoints says where the machines of a company are. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** A write takes milliseconds, so what is left of one after an hour belongs to a process that was killed. */
const LEFTOVER_AGE_MS = 3_600_000;

/** Thrown for a file that is larger than it may be. */
export class FileTooLarge extends Error {
  override readonly name = 'FileTooLarge';
}

/**
 * The whole text, UTF-8; undefined when there is no such file.
 * @throws FileTooLarge above `maxBytes`; Error for what is no plain file or cannot be read
 */
export async function readWholeFile(file: string, maxBytes: number): Promise<string | undefined> {
  let handle;
  try {
    // Without blocking, or a named pipe would be waited for until somebody writes into it.
    handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile()) throw new Error('it is no plain file');
    if (stats.size > maxBytes) throw new FileTooLarge(`it has ${stats.size} bytes, more than ${maxBytes}`);
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/**
 * Replaces the file, or makes it with its folder. Any number of processes may do so at once: the last one wins.
 * @param chunks taken one by one, with the event loop free in between
 * @throws FileTooLarge above `maxBytes`; whatever the disk says. The old file is untouched then
 */
export async function replaceFile(file: string, chunks: Iterable<string>, maxBytes: number): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: FOLDER_MODE });
  const beside = `${file}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`;
  const handle = await open(beside, 'wx', FILE_MODE);
  try {
    try {
      let bytes = 0;
      for (const chunk of chunks) {
        bytes += Buffer.byteLength(chunk);
        if (bytes > maxBytes) throw new FileTooLarge(`it would have more than ${maxBytes} bytes`);
        await handle.appendFile(chunk);
      }
      // Before the name: after a power cut the name must not lead to a file whose content never reached the disk.
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(beside, file);
  } catch (error) {
    await unlink(beside).catch(() => {});
    throw error;
  }
}

/** Removes what processes that were killed while they wrote this file have left. @param nowMs calendar time */
export async function removeLeftovers(file: string, nowMs: number): Promise<void> {
  const folder = dirname(file);
  const prefix = `${basename(file)}.`;
  for (const name of await readdir(folder)) {
    if (!name.startsWith(prefix) || !/^\d+\.[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length))) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path);
    if (nowMs - mtimeMs > LEFTOVER_AGE_MS) await unlink(path);
  }
}
