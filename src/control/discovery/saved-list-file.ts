/**
 * The last known list of one service on disk (`cache.file`), so that a process that starts while discovery is down
 * begins with it.
 *
 * Nothing waits for the disk but the start of discovery, and that only for {@link LOAD_TIMEOUT_MS}. Writing happens in
 * the background, after changes have settled, one write at a time; a list that is only confirmed is rewritten now and
 * then, because its age counts when it is read. Suspicious and failed answers are not written: the file holds what is in
 * use. A file that cannot be believed or written is reported, and otherwise as good as none.
 */

import { resolve } from 'node:path';

import type { Clock } from '../../core/clock.js';
import { wallNow } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import type { CacheFileEvent } from '../../core/events.js';
import { UNKNOWN_RESOLUTION, type Resolution } from '../../core/resolution.js';
import { FileTooLarge, readWholeFile, removeLeftovers, replaceFile } from './atomic-file.js';
import { decodeSavedList, encodeSavedList, type DecodedFile, type ListOwner } from './saved-list-format.js';

/** Ten thousand endpoints take two to four megabytes; only with much metadata more than this. */
const MAX_BYTES = 16_777_216;

/** A disk that does not answer by then is a network's, and no reason not to ask discovery. */
const LOAD_TIMEOUT_MS = 1_000;

/** From the first change to the write: a deploy changes a service many times in a few seconds. */
const SETTLE_MS = 1_000;

/** A list that is confirmed again and again is rewritten after a tenth of the age up to which it is believed, at most so late. */
const MOST_UNCONFIRMED_MS = 600_000;

export interface SavedListFileOptions {
  /** Path; `{service}` in it stands for the service's name. */
  readonly file: string;
  readonly maxAgeMs: number;
  readonly owner: ListOwner;
  readonly clock: Clock;
  /** Calendar time. @default the system's */
  readonly calendar?: () => number;
  readonly report: (event: CacheFileEvent) => void;
}

export interface SavedListFile {
  /** Absolute path. */
  readonly path: string;
  /** What the file says, as a resolution to begin with; undefined when there is nothing to believe. Never rejects. */
  load(): Promise<Resolution | undefined>;
  /** Discovery has answered; this is what is known now. */
  note(resolution: Resolution): void;
  /** Writes what is still to be written. Never rejects. */
  close(): Promise<void>;
}

/** Where the list of `service` is kept. The name cannot lead out of the folder. */
export function savedListPath(file: string, service: string): string {
  const name = encodeURIComponent(service).replace(/^\.+/, (dots) => '%2E'.repeat(dots.length));
  return resolve(file.replaceAll('{service}', () => name));
}

export function createSavedListFile(options: SavedListFileOptions): SavedListFile {
  const { maxAgeMs, owner, clock, report, calendar = wallNow } = options;
  const path = savedListPath(options.file, owner.service);
  const rewriteAfterMs = Math.min(maxAgeMs / 10, MOST_UNCONFIRMED_MS);
  /** What is on disk, or on its way there. */
  let written: Resolution | undefined;
  /** What is to be written next. */
  let pending: Resolution | undefined;
  let settling: Disposable | undefined;
  let writing: Promise<void> | undefined;
  let tidied = false;
  /** The last failure has been reported. */
  let failing = false;

  async function read(): Promise<DecodedFile | undefined> {
    try {
      const text = await readWholeFile(path, MAX_BYTES);
      return text === undefined ? undefined : decodeSavedList(text, owner, calendar(), maxAgeMs);
    } catch (error) {
      return {
        ignored: (error as Error).name === FileTooLarge.name ? 'too-large' : 'unreadable',
        detail: describeError(error),
      };
    }
  }

  async function write(resolution: Resolution): Promise<void> {
    const { endpoints, answeredAtMs = clock.now() } = resolution;
    const confirmedAtMs = Math.round(calendar() - (clock.now() - answeredAtMs));
    try {
      await replaceFile(path, encodeSavedList({ endpoints, confirmedAtMs }, owner), MAX_BYTES);
      failing = false;
      report({ action: 'written', endpoints: endpoints.length });
      if (tidied) return;
      tidied = true;
      await removeLeftovers(path, calendar()).catch(() => {});
    } catch (error) {
      // What is on disk is not this; and a full disk is news once, not with every answer.
      written = undefined;
      if (!failing) report({ action: 'failed', error });
      failing = true;
    }
  }

  function writePending(): Promise<void> {
    settling?.[Symbol.dispose]();
    settling = undefined;
    if (writing !== undefined) return writing.then(writePending);
    if (pending === undefined) return Promise.resolve();
    written = pending;
    pending = undefined;
    writing = write(written).finally(() => (writing = undefined));
    return writing;
  }

  function isNews(resolution: Resolution): boolean {
    const last = pending ?? written;
    if (last === undefined || last.endpoints !== resolution.endpoints) return true;
    return (resolution.answeredAtMs ?? 0) - (last.answeredAtMs ?? 0) >= rewriteAfterMs;
  }

  return {
    path,
    async load() {
      let timer: Disposable | undefined;
      const late = new Promise<DecodedFile>((give) => {
        const detail = `no answer of the disk within ${LOAD_TIMEOUT_MS} ms`;
        timer = clock.setTimer(() => give({ ignored: 'unreadable', detail }), LOAD_TIMEOUT_MS);
      });
      const found = await Promise.race([read(), late]);
      timer?.[Symbol.dispose]();
      if (found === undefined) return undefined;
      if ('ignored' in found) {
        report({ action: 'ignored', reason: found.ignored, detail: found.detail });
        return undefined;
      }
      const { endpoints } = found;
      // Nobody served it: nothing to begin with.
      if (endpoints.length === 0) return undefined;
      const ageMs = Math.max(0, calendar() - found.confirmedAtMs);
      report({ action: 'restored', endpoints: endpoints.length, ageMs });
      const answeredAtMs = clock.now() - ageMs;
      return Object.freeze({ ...UNKNOWN_RESOLUTION, status: 'found', endpoints, answeredAtMs, restored: true });
    },
    note(resolution) {
      const { status, held, failingSinceMs, restored } = resolution;
      if (held !== undefined || failingSinceMs !== undefined || restored) return;
      if ((status !== 'found' && status !== 'none') || !isNews(resolution)) return;
      pending = resolution;
      settling ??= clock.setTimer(() => void writePending(), SETTLE_MS);
    },
    close: () => writePending(),
  };
}
