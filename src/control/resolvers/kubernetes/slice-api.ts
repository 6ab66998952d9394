/**
 * The two questions to the API server about the EndpointSlices of one service: the list, in pages, and the watch, a stream
 * of events. Distrustful: bounded in time, size and depth, JSON only, and no error repeats a token.
 */

import { wallNow, type Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { createJsonFrames, type JsonFrames } from '../../../kit/json-frames.js';
import { createMovableDeadline } from '../../../kit/movable-deadline.js';
import { readCapped } from '../../../kit/read-capped.js';
import { parseRetryAfter } from '../../../kit/retry-after.js';
import { parseJson } from '../../../kit/safe-json.js';
import { askOnce } from '../../discovery/ask-once.js';
import type { Credentials } from './credentials.js';
import type { EndpointSlice } from './endpoint-slice.js';
import { KubernetesFailure, statusMessage, UNREADABLE } from './kubernetes-failure.js';
import { readSlicePage, type SliceList, type SlicePage } from './slice-page.js';
import { readWatchEvent, type WatchEvent } from './watch-event.js';

export interface SliceApi {
  /** Everything, with the version to watch from. @throws Error that names the address and says what went wrong */
  list(signal: AbortSignal): Promise<SliceList>;
  /** Resolves when the server ends the stream. @throws Error as {@link list}; what the options throw ends the stream */
  watch(options: WatchOptions): Promise<void>;
}

export interface WatchOptions {
  /** Events after this one. */
  readonly version: string;
  /** After so long the server ends the stream. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
  /** The server has accepted. */
  onOpen(): void;
  /** What arrived together. */
  onEvents(events: readonly WatchEvent[]): void;
}

export interface SliceApiOptions {
  readonly url: URL;
  readonly namespace: string;
  readonly service: string;
  readonly credentials: Credentials;
  readonly timeoutMs: number;
  readonly idleMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
}

/** As in kubectl and client-go. */
const PAGE_SIZE = 500;

/** Shorter ones are no secrets, and hiding them would blot out words. */
const SHORTEST_SECRET = 6;

/** A server that gives one continuation after the other gives no list. */
const MAX_PAGES = 100;

export function createSliceApi(options: SliceApiOptions): SliceApi {
  const { credentials, timeoutMs, idleMs, maxBytes, clock } = options;
  const resource = new URL(options.url);
  const base = resource.pathname.replace(/\/$/, '');
  resource.pathname = `${base}/apis/discovery.k8s.io/v1/namespaces/${options.namespace}/endpointslices`;
  const selector = { labelSelector: `kubernetes.io/service-name=${options.service}` };

  /** @throws KubernetesFailure for any status but 200 */
  async function get(parameters: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const { fetch, token } = await credentials.current();
    try {
      const url = new URL(resource);
      for (const [name, value] of Object.entries({ ...selector, ...parameters })) url.searchParams.set(name, value);
      const headers = new Headers({ accept: 'application/json' });
      if (token !== undefined) headers.set('authorization', `Bearer ${token}`);
      const response = await fetch(url, { headers, signal, redirect: 'manual' });
      try {
        if (response.status !== 200) throw await failureOf(response);
        const contentType = response.headers.get('content-type') ?? 'none';
        if (!/^application\/json *(?:;|$)/i.test(contentType)) {
          throw new Error(`the content type is no JSON: ${contentType.slice(0, 100)}`);
        }
        return response;
      } catch (error) {
        discard(response);
        throw error;
      }
    } catch (error) {
      if (token === undefined) throw error;
      throw redacted(error, token);
    }
  }

  async function failureOf(response: Response): Promise<KubernetesFailure> {
    const { status, headers } = response;
    if (status === 401) credentials.refused();
    const said = await readJson(response, maxBytes).then(statusMessage, () => undefined);
    const words = said === undefined ? `status ${status}` : `status ${status}: ${said}`;
    return new KubernetesFailure(words, status, parseRetryAfter(headers.get('retry-after') ?? undefined, wallNow()));
  }

  async function page(token: string, leftBytes: number, signal: AbortSignal): Promise<[SlicePage, number]> {
    const parameters = { limit: String(PAGE_SIZE), ...(token !== '' && { continue: token }) };
    const question = async (bounded: AbortSignal): Promise<[SlicePage, number]> => {
      const response = await get(parameters, bounded);
      try {
        const text = await readText(response, leftBytes);
        return [readSlicePage(parseJson(text)), text.length];
      } finally {
        discard(response);
      }
    };
    return askOnce(question, { timeoutMs, signal, clock });
  }

  async function list(signal: AbortSignal): Promise<SliceList> {
    const slices: EndpointSlice[] = [];
    let leftBytes = maxBytes;
    let token = '';
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const [next, bytes] = await page(token, leftBytes, signal);
      slices.push(...next.slices);
      leftBytes -= bytes;
      token = next.continueToken;
      if (token === '') return { slices, version: next.version };
    }
    throw new Error(`the list has more than ${MAX_PAGES} pages`);
  }

  async function watch(given: WatchOptions): Promise<void> {
    const { version, timeoutSeconds, signal } = given;
    const deadline = createMovableDeadline(clock, signal);
    const silent = `the watch was silent for ${idleMs} ms`;
    const follow = async (): Promise<void> => {
      const response = await get(
        {
          watch: '1',
          resourceVersion: version,
          allowWatchBookmarks: 'true',
          timeoutSeconds: String(timeoutSeconds),
        },
        deadline.signal,
      );
      deadline.set(idleMs, silent);
      given.onOpen();
      const frames = createJsonFrames(maxBytes);
      // Leaving the loop by an error returns the iterator, and that cancels the stream.
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
        if (deadline.signal.aborted) return;
        deadline.set(idleMs, silent);
        const events = readEvents(frames, chunk);
        if (events.length > 0) given.onEvents(events);
      }
      if (frames.isWithin) throw new Error('the watch broke off within an event');
    };
    try {
      deadline.set(timeoutMs, `no answer within ${timeoutMs} ms`);
      await Promise.race([follow(), deadline.expired]);
    } finally {
      deadline[Symbol.dispose]();
    }
  }

  async function named<T>(question: Promise<T>): Promise<T> {
    try {
      return await question;
    } catch (error) {
      const words = `GET ${resource.origin}${resource.pathname}: ${describeError(error)}`;
      if (error instanceof KubernetesFailure) throw new KubernetesFailure(words, error.status, error.retryAfterMs);
      throw new Error(words);
    }
  }

  return { list: (signal) => named(list(signal)), watch: (given) => named(watch(given)) };
}

/** @throws KubernetesFailure: to go on from before what cannot be read would be to read it again */
function readEvents(frames: JsonFrames, chunk: Uint8Array): WatchEvent[] {
  try {
    return frames.push(chunk).map((text) => readWatchEvent(parseJson(text)));
  } catch (error) {
    throw error instanceof KubernetesFailure ? error : new KubernetesFailure(describeError(error), UNREADABLE);
  }
}

function redacted(error: unknown, token: string): unknown {
  const words = describeError(error);
  if (token.length < SHORTEST_SECRET || !words.includes(token)) return error;
  const hidden = words.replaceAll(token, '***');
  return error instanceof KubernetesFailure
    ? new KubernetesFailure(hidden, error.status, error.retryAfterMs)
    : new Error(hidden);
}

async function readJson(response: Response, maxBytes: number): Promise<unknown> {
  return parseJson(await readText(response, maxBytes));
}

function readText(response: Response, maxBytes: number): Promise<string> {
  return readCapped(response as { body: AsyncIterable<Uint8Array> | null }, maxBytes);
}

/** A body that is not read to its end keeps its connection. */
function discard(response: Response): void {
  if (!response.bodyUsed) response.body?.cancel().catch(() => {});
}
