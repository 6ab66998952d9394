/**
 * One event stream from a registry, distrustful: opened in time, its events bounded in size, in depth and in the time
 * from their first byte to their last, and given up when it is silent for too long.
 *
 * Each event is the whole list, so only the newest counts: one that comes before the last was looked at takes its place.
 */

import type { Clock } from '../../core/clock.js';
import type { EndpointInput } from '../../core/endpoint.js';
import { createEventStreamParser, type StreamEvent } from '../../kit/event-stream.js';
import { linkSignal } from '../../kit/link-signal.js';
import { parseJson } from '../../kit/safe-json.js';
import { askOnce } from '../discovery/ask-once.js';
import { discardBody, registryExchange } from './registry-exchange.js';
import type { RegistryRequester } from './registry-request.js';

export interface StreamSettings {
  /** Type of the events that hold the list. */
  readonly event: string;
  /** For the answer's headers, then for the first list, and for each event from its first byte to its last. */
  readonly timeoutMs: number;
  /** A stream that sends nothing for so long is over. */
  readonly idleTimeoutMs: number;
}

export interface StreamQuestion {
  /** Of the last stream of this registry: an unchanged list need not be sent again. */
  readonly lastEventId?: string | undefined;
  /** Until the stream is open; {@link ListStream.close} ends it later. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export type StreamStep =
  | { readonly kind: 'list'; readonly endpoints: readonly EndpointInput[] }
  /** The registry ended it in good order, or was silent for too long, or we closed it. */
  | { readonly kind: 'ended' | 'silent' | 'closed' }
  /** The connection broke. */
  | { readonly kind: 'lost'; readonly error: Error };

export interface ListStream {
  /** The newest list when there is one, or the end. Rejects when what came cannot be used; the stream is closed then. */
  next(): Promise<StreamStep>;
  close(): void;
  /** Of the newest list. */
  readonly lastEventId: string;
  /** The wait before the next stream that this one asked for, in milliseconds. */
  readonly retryMs: number | undefined;
}

export interface OpenedStream {
  readonly stream: ListStream;
  /** Undefined when the stream goes on where another one ended. */
  readonly first: readonly EndpointInput[] | undefined;
}

/** Servers take headers of some kilobytes; one that gives longer ids sends the whole list again. */
const LONGEST_ID = 1_000;

/** Resolves with the first list: a registry that accepts a stream and says nothing has not answered. */
export async function openListStream(
  requester: RegistryRequester,
  settings: StreamSettings,
  { lastEventId = '', signal, clock }: StreamQuestion,
): Promise<OpenedStream> {
  const id = idHeader(lastEventId);
  const exchange = registryExchange({
    ...requester,
    openHeaders: { accept: 'text/event-stream', 'cache-control': 'no-store', ...(id && { 'last-event-id': id }) },
  });
  const asked = (askSignal: AbortSignal): Promise<Response> =>
    exchange.send(askSignal).then(async ({ response, refuseFailure }) => {
      try {
        await refuseFailure();
        refuseNoStream(response);
        return response;
      } catch (error) {
        discardBody(response);
        throw error;
      }
    });
  let response: Response;
  try {
    response = await askOnce(asked, { timeoutMs: settings.timeoutMs, signal, clock });
  } catch (error) {
    throw exchange.failure(error);
  }
  const resumed = id === undefined ? undefined : lastEventId;
  const stream = readStream(response, requester, settings, { clock, resumed, failure: exchange.failure });
  if (resumed !== undefined) return { stream, first: undefined };
  const unlink = linkSignal(signal, () => stream.close());
  const step = await stream.next().finally(unlink);
  if (step.kind === 'list') return { stream, first: step.endpoints };
  if (step.kind === 'lost') throw step.error;
  throw exchange.failure(new Error('the stream ended before its first list'));
}

interface ReadOptions {
  readonly clock: Clock;
  /** The id of the last event of the stream that this one goes on from. */
  readonly resumed: string | undefined;
  /** Names the registry. */
  readonly failure: (error: unknown) => Error;
}

type End = Exclude<StreamStep, { kind: 'list' }> | { readonly kind: 'failed'; readonly error: Error };

function readStream(
  { headers, body }: Response,
  requester: RegistryRequester,
  settings: StreamSettings,
  { clock, resumed, failure }: ReadOptions,
): ListStream {
  const { timeoutMs, idleTimeoutMs } = settings;
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  let newest: StreamEvent | undefined;
  let lastEventId = resumed ?? '';
  let retryMs: number | undefined;
  let end: End | undefined;
  let wake: (() => void) | undefined;

  let events = 0;
  let heardAtMs = clock.now();
  /** Since when a list, or the rest of an event, has been due. */
  let dueSinceMs: number | undefined = resumed === undefined ? heardAtMs : undefined;
  let isFirstDue = resumed === undefined;
  let timer: Disposable | undefined;

  const parser = createEventStreamParser({
    maxBytes: requester.maxBytes,
    onEvent(event) {
      events++;
      // Some servers show that they live by events without data.
      if (event.type !== settings.event || event.data === '') return;
      newest = event;
      isFirstDue = false;
    },
    onRetry: (ms) => (retryMs = ms),
  });

  function finish(how: End): void {
    if (end !== undefined) return;
    end = how;
    timer?.[Symbol.dispose]();
    reader.cancel().catch(() => {});
    wake?.();
  }

  function fail(error: unknown): void {
    finish({ kind: 'failed', error: failure(error) });
  }

  function watch(): void {
    timer?.[Symbol.dispose]();
    const nowMs = clock.now();
    const lateInMs = dueSinceMs === undefined ? Infinity : dueSinceMs + timeoutMs - nowMs;
    const silentInMs = heardAtMs + idleTimeoutMs - nowMs;
    timer =
      lateInMs <= silentInMs
        ? clock.setTimer(() => fail(new Error(`no whole list within ${timeoutMs} ms`)), lateInMs)
        : clock.setTimer(() => finish({ kind: 'silent' }), silentInMs);
  }

  function take(chunk: Uint8Array): void {
    heardAtMs = clock.now();
    const eventsBefore = events;
    parser.push(chunk);
    if (!isFirstDue) {
      if (events > eventsBefore || !parser.unfinished) dueSinceMs = undefined;
      if (parser.unfinished) dueSinceMs ??= heardAtMs;
    }
    watch();
    if (newest !== undefined) wake?.();
  }

  async function pump(): Promise<void> {
    for (;;) {
      let read;
      try {
        read = await reader.read();
      } catch (error) {
        return finish({ kind: 'lost', error: failure(error) });
      }
      if (end !== undefined) return;
      if (read.done) return finish({ kind: 'ended' });
      try {
        take(read.value);
      } catch (error) {
        return fail(error);
      }
    }
  }

  watch();
  void pump();

  return {
    async next() {
      if (newest === undefined && end === undefined) {
        await new Promise<void>((resolve) => (wake = resolve));
        wake = undefined;
      }
      if (newest !== undefined && end?.kind !== 'closed') {
        const event = newest;
        newest = undefined;
        try {
          const endpoints = requester.parse(parseJson(event.data, requester.maxDepth), { headers });
          lastEventId = event.lastEventId;
          return { kind: 'list', endpoints };
        } catch (error) {
          fail(error);
          throw failure(error);
        }
      }
      const how = end ?? { kind: 'closed' };
      if (how.kind === 'failed') throw how.error;
      return how;
    },
    close: () => finish({ kind: 'closed' }),
    get lastEventId() {
      return lastEventId;
    },
    get retryMs() {
      return retryMs;
    },
  };
}

/** WHATWG HTML §9.2.5: the id is sent as UTF-8; undefined for none, and for one that HTTP does not allow in a header. */
function idHeader(lastEventId: string): string | undefined {
  const bytes = Buffer.from(lastEventId, 'utf8').toString('latin1');
  return bytes.length <= LONGEST_ID &&
    /^[\x21-\x7e\x80-\xff](?:[\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$/.test(bytes)
    ? bytes
    : undefined;
}

function refuseNoStream({ headers, body }: Response): void {
  const contentType = headers.get('content-type') ?? 'none';
  if (!/^text\/event-stream *(?:;|$)/i.test(contentType)) {
    throw new Error(`the content type is no event stream: ${contentType.slice(0, 100)}`);
  }
  if (body === null) throw new Error('the event stream has no body');
}
