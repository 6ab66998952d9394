/**
 * Push by server-sent events (WHATWG HTML §9.2): the registry keeps a response open and sends the whole list at once and
 * after every change.
 *
 * A browser's EventSource trusts its server, waits for ever, and stops for good at a 204 or a wrong content type. This
 * does none of that, since a stream that says nothing may be a stream that is dead:
 * - silence beyond `idleTimeoutMs` ends a stream, and a new one is opened; servers send comments to prevent that;
 * - every `maxAgeMs` the list is taken anew, however well the stream looks, which bounds for how long a registry that
 *   forgot us, or a proxy that swallows events, can go unnoticed; it lets tokens rotate, too;
 * - `Last-Event-ID` is sent only where it can be trusted: to the same address, right after a stream that ended in good
 *   order or in silence. After a failure the registry may be another one that counts anew, and all is asked for;
 * - reconnecting backs off with jitter, never sooner than the stream's own `retry`, and never stops.
 */

import type { EndpointInput } from '../../core/endpoint.js';
import type { Receiver, WatchContext } from '../../core/resolver.js';
import { fullJitter, jittered } from '../../kit/backoff.js';
import { pause } from '../../kit/pause.js';
import { feedContext } from '../discovery/feed-context.js';
import { retryAfterOf } from '../discovery/retry-after-of.js';
import type { OpenedStream, StreamQuestion, StreamStep } from './registry-stream.js';

export interface Push {
  readonly maxAgeMs: number;
  /** The most between two streams that end soon after they began, in good order. */
  readonly ttlMs: number;
}

export type OpenStream = (question: StreamQuestion) => Promise<OpenedStream>;

/**
 * Between two lists that are handed on, at least and for each endpoint: a deploy changes a service many times a second,
 * and a list takes about 25 µs of the event loop per endpoint to read.
 */
const LEAST_LIST_INTERVAL_MS = 100;
const LIST_INTERVAL_PER_ENDPOINT_MS = 0.5;

/** Between the starts of two streams. */
const LEAST_STREAM_INTERVAL_MS = 500;

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 30_000;

/** A stream that lasted so long was no accident: what comes after it is a first failure again. */
const STEADY_MS = 10_000;

/** So that clients which connected together, after a restart, do not do it together for ever. */
const AGE_JITTER_RATIO = 0.1;

export async function followStream(
  open: OpenStream,
  settings: Push,
  receiver: Receiver,
  ctx: WatchContext,
): Promise<void> {
  const { signal, clock, random } = ctx;
  const { onRefresh, reportError } = feedContext(ctx);
  let lastEventId: string | undefined;
  let retryMs = 0;
  /** Streams in a row that did not last. */
  let brief = 0;
  let renew: (() => void) | undefined;
  onRefresh(() => renew?.());

  /** Hands lists on until the stream ends or is old, or somebody wants a new one. */
  async function follow({ stream, first }: OpenedStream): Promise<StreamStep['kind']> {
    const close = (): void => stream.close();
    const age = clock.setTimer(close, jittered(settings.maxAgeMs, AGE_JITTER_RATIO, random));
    signal.addEventListener('abort', close, { once: true });
    renew = close;
    try {
      let list: readonly EndpointInput[] | undefined = first;
      for (;;) {
        if (list !== undefined) {
          receiver.update({ endpoints: list });
          const restMs = LIST_INTERVAL_PER_ENDPOINT_MS * list.length;
          await pause(clock, Math.max(LEAST_LIST_INTERVAL_MS, restMs), signal);
        }
        const step = await stream.next();
        retryMs = Math.min(stream.retryMs ?? retryMs, RETRY_MAX_MS);
        if (step.kind === 'list') list = step.endpoints;
        else {
          lastEventId = step.kind === 'ended' || step.kind === 'silent' ? stream.lastEventId : undefined;
          if (step.kind === 'lost') reportError(step.error);
          return step.kind;
        }
      }
    } finally {
      renew = undefined;
      age[Symbol.dispose]();
      signal.removeEventListener('abort', close);
      stream.close();
    }
  }

  while (!signal.aborted) {
    const openedAtMs = clock.now();
    const resumesFrom = lastEventId;
    let end: StreamStep['kind'] | 'failed';
    let peaceMs = 0;
    try {
      const opened = await open({ lastEventId: resumesFrom, signal, clock });
      if (signal.aborted) return opened.stream.close();
      end = await follow(opened);
    } catch (error) {
      if (signal.aborted) return;
      end = 'failed';
      lastEventId = undefined;
      peaceMs = retryAfterOf(error) ?? 0;
      receiver.error(error);
    }
    if (signal.aborted) return;
    const tookMs = clock.now() - openedAtMs;
    if (tookMs >= STEADY_MS) brief = 0;
    const restMs = LEAST_STREAM_INTERVAL_MS - tookMs;
    if (end === 'closed') await pause(clock, restMs, signal);
    else if (end === 'failed') {
      const backoffMs = LEAST_STREAM_INTERVAL_MS / 2 + fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, brief++, random);
      await pause(clock, Math.max(retryMs, backoffMs, peaceMs), signal);
    } else {
      const gapMs = Math.min(settings.ttlMs, LEAST_STREAM_INTERVAL_MS * 2 ** brief++) - tookMs;
      await pause(clock, Math.max(retryMs, gapMs) + fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, 0, random), signal);
    }
  }
}
