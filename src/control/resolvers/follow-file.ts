/** Reads a file whenever it has changed, for as long as somebody listens. */

import type { EndpointInput } from '../../core/endpoint.js';
import { describeError } from '../../core/errors.js';
import type { Receiver, ResolverAnswer } from '../../core/resolver.js';
import type { FeedContext } from '../discovery/feed-context.js';
import { createDirectoryWatch } from './directory-watch.js';
import { endpointsIn, fileVersion, parseFileText, readFileText, type FileFormat } from './endpoint-file.js';

export interface FollowSettings {
  /** Absolute. */
  readonly file: string;
  readonly directory: string;
  /** The file's name in its directory. */
  readonly entry: string;
  readonly format: FileFormat;
  readonly parse: ((content: unknown) => readonly EndpointInput[]) | undefined;
  readonly pollMs: number;
  readonly maxBytes: number;
}

/** One replacement makes several events within milliseconds, and a writer may pause between two of its parts. */
const SETTLE_MS = 50;

/** A file that is written to without a pause is read after so long all the same. */
const MAX_SETTLE_MS = 1_000;

/** So many readings in a row during which it was written to are bad luck; more are no way to write a file. */
const MAX_TORN = 20;

/**
 * How often a file that stays as it is counts as an answer anew. It keeps the age of what is known true, and what is
 * served when the file disappears is then as old as the last look at it, not as the file.
 */
const CONFIRM_MS = 60_000;

export function followFile(settings: FollowSettings, receiver: Receiver, ctx: FeedContext): void {
  const { file, entry, pollMs, maxBytes } = settings;
  const { clock, signal } = ctx;
  if (signal.aborted) return;
  /** Of the state that was read last, well or not; undefined when none could be. */
  let version: string | undefined;
  let answer: ResolverAnswer | undefined;
  let confirmedAtMs = -Infinity;
  /** Why the last look failed: said once, not with every look. */
  let problem: string | undefined;
  let tornInARow = 0;
  let lookingSinceMs: number | undefined;
  /** Something happened while the file was looked at. */
  let missed = false;
  /** The next look reads the file, even if it seems to be as it was. */
  let readDue = true;
  let poll: Disposable | undefined;
  let settling: Disposable | undefined;
  let settlingSinceMs: number | undefined;

  // Of other entries one may be the link by which the file is reached, so they make it looked at, but not read.
  const directory = createDirectoryWatch(settings.directory, (name) => settle(name === undefined || name === entry));

  async function look(): Promise<void> {
    if (lookingSinceMs !== undefined) {
      missed = true;
      return;
    }
    lookingSinceMs = clock.now();
    const read = readDue;
    readDue = false;
    const known = version;
    version = undefined;
    try {
      version = await fileVersion(file);
      if (read || version !== known) await readFile();
      else confirm();
    } catch (error) {
      fail(error, read);
    }
    lookingSinceMs = undefined;
    if (missed) settle(false);
    missed = false;
  }

  async function readFile(): Promise<void> {
    const { text, version: found } = await readFileText(file, maxBytes);
    version = found;
    if (found === undefined) {
      if (++tornInARow > MAX_TORN) throw new Error('it changes whenever it is read');
      settle(true);
      return;
    }
    tornInARow = 0;
    const endpoints = (settings.parse ?? endpointsIn)(await parseFileText(text, settings.format));
    answer = { endpoints };
    deliver(answer);
  }

  function deliver(known: ResolverAnswer): void {
    if (signal.aborted) return;
    problem = undefined;
    confirmedAtMs = clock.now();
    receiver.update(known);
  }

  function confirm(): void {
    if (answer !== undefined && problem === undefined && clock.now() - confirmedAtMs >= CONFIRM_MS) deliver(answer);
  }

  function fail(error: unknown, always: boolean): void {
    if (signal.aborted) return;
    const words = `${file}: ${describeError(error)}`;
    if (words === problem && !always) return;
    problem = words;
    receiver.error(new Error(words));
  }

  /** Looks when nothing has happened for a moment. */
  function settle(read: boolean): void {
    if (signal.aborted) return;
    readDue ||= read;
    const nowMs = clock.now();
    settlingSinceMs ??= nowMs;
    if (settling !== undefined && nowMs + SETTLE_MS - settlingSinceMs > MAX_SETTLE_MS) return;
    settling?.[Symbol.dispose]();
    settling = clock.setTimer(() => {
      settling = settlingSinceMs = undefined;
      void look();
    }, SETTLE_MS);
  }

  async function follow(): Promise<void> {
    poll = clock.setTimer(() => void follow(), pollMs);
    if (lookingSinceMs !== undefined && clock.now() - lookingSinceMs >= ctx.cache.askTimeoutMs)
      fail(new Error('reading it does not end'), false);
    // Before the file is read, so that no change is missed between the two.
    await directory.renew();
    if (!signal.aborted) await look();
  }

  ctx.onRefresh(() => {
    readDue = true;
    void look();
  });
  signal.addEventListener(
    'abort',
    () => {
      poll?.[Symbol.dispose]();
      settling?.[Symbol.dispose]();
      directory.close();
    },
    { once: true },
  );
  void follow();
}
