/**
 * Blocking queries: the registry holds each request until something changes, so that changes arrive at once and an
 * unchanged service costs one request per wait. How the caller says what it has seen, and how long it waits, is the
 * style: Consul's index, which others have copied, or an entity tag with `Prefer: wait` (poll-style.ts).
 *
 * A mark says "tell me what came after this", and a registry that does not know it holds the request for the whole
 * wait, whatever happens. So it is never kept longer than it is known to be good (Consul, "Implementation Details" of
 * blocking queries, and what its agents were seen to do): it is forgotten, so that the next answer comes at once, when
 * an index goes down (a registry that was restored), after a failure, when a held request ends early without news (an
 * agent that shuts down), and when the caller sees connections fail.
 *
 * A registry that does not hold requests, or whose mark moves without news, is not asked in a spin.
 */

import type { EndpointInput } from '../../core/endpoint.js';
import type { Receiver, WatchContext } from '../../core/resolver.js';
import { fullJitter } from '../../kit/backoff.js';
import { linkSignal } from '../../kit/link-signal.js';
import { pause } from '../../kit/pause.js';
import { feedContext } from '../discovery/feed-context.js';
import { retryAfterOf } from '../discovery/retry-after-of.js';
import { pollStyle, type PollStyleSettings } from './poll-style.js';
import type { AskRegistry } from './registry-request.js';

export interface LongPoll extends PollStyleSettings {
  /** Between questions to a registry that does not hold them; the most between questions to one that answers without news. */
  readonly ttlMs: number;
  /** For an answer, on top of the wait. */
  readonly timeoutMs: number;
}

/** Between the starts of two questions, however fast answers come: a deploy changes a service many times a second. */
const LEAST_INTERVAL_MS = 500;

/**
 * The same, for each endpoint of the answer. Something changes all the time in a large service, and each answer is the
 * whole list, which takes about 25 µs of the event loop per endpoint to read: this keeps it at a twentieth of the time.
 */
const INTERVAL_PER_ENDPOINT_MS = 0.5;

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 30_000;

export async function longPoll(
  ask: AskRegistry,
  settings: LongPoll,
  receiver: Receiver,
  ctx: WatchContext,
): Promise<void> {
  const { signal, clock, random } = ctx;
  const style = pollStyle(settings);
  /** What has been seen, as the registry names it. */
  let mark: string | undefined;
  let known: readonly EndpointInput[] | undefined;
  let failures = 0;
  /** Answers in a row that came at once and said nothing new. */
  let idle = 0;
  let held: AbortController | undefined;
  feedContext(ctx).onRefresh(() => held?.abort());

  while (!signal.aborted) {
    const askedAtMs = clock.now();
    const question = new AbortController();
    const unlink = linkSignal(signal, (reason) => question.abort(reason));
    held = mark === undefined ? undefined : question;
    let pauseMs: number;
    try {
      const reply = await ask({
        ...(mark === undefined ? { timeoutMs: settings.timeoutMs } : heldQuestion(style.after(mark), settings)),
        signal: question.signal,
        clock,
      });
      if (signal.aborted) return;
      const endpoints = reply.endpoints ?? known ?? [];
      receiver.update({ endpoints });
      failures = 0;
      const next = style.markOf(reply, mark);
      const tookMs = clock.now() - askedAtMs;
      const holds = next !== undefined && (next !== mark || tookMs >= LEAST_INTERVAL_MS);
      const size = endpoints.length;
      idle = tookMs >= gapAfter(idle, size, settings) || !sameAnswer(known, endpoints) ? 0 : idle + 1;
      pauseMs = (holds ? gapAfter(idle, size, settings) : settings.ttlMs) - tookMs;
      known = endpoints;
      const isGood = mark === undefined || !holds || style.isGoodAfter(mark, next, tookMs, reply);
      mark = isGood ? next : undefined;
    } catch (error) {
      if (signal.aborted) return;
      mark = undefined;
      pauseMs = LEAST_INTERVAL_MS - (clock.now() - askedAtMs);
      if (!question.signal.aborted) {
        receiver.error(error);
        pauseMs = LEAST_INTERVAL_MS / 2 + fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, failures++, random);
        pauseMs = Math.max(pauseMs, retryAfterOf(error) ?? 0);
      }
    } finally {
      unlink();
      held = undefined;
    }
    await pause(clock, pauseMs, signal);
  }
}

/** Consul adds up to a sixteenth to the wait, to spread the answers. */
function heldQuestion<T>(question: T, { waitMs, timeoutMs }: LongPoll): T & { held: true; timeoutMs: number } {
  return { ...question, held: true, timeoutMs: waitMs + waitMs / 16 + timeoutMs };
}

/** Least time between the starts of two questions after so many idle answers, the last of so many endpoints. */
function gapAfter(idle: number, size: number, { ttlMs }: LongPoll): number {
  return Math.max(LEAST_INTERVAL_MS, INTERVAL_PER_ENDPOINT_MS * size, Math.min(ttlMs, LEAST_INTERVAL_MS * 2 ** idle));
}

/** Order counts: a registry that reorders its answers is taken for one with news, and asked at the pace of one. */
function sameAnswer(known: readonly EndpointInput[] | undefined, endpoints: readonly EndpointInput[]): boolean {
  return known?.length === endpoints.length && JSON.stringify(known) === JSON.stringify(endpoints);
}
