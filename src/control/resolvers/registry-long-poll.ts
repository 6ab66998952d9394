/**
 * Blocking queries: the registry holds each request until something changes, so that changes arrive at once and an
 * unchanged service costs one request per wait. Consul's protocol, which others have copied.
 *
 * By Consul's rules for clients: the index is forgotten when it goes down (a registry that was restored) and after a
 * failure, so that the next answer comes at once; and a registry that does not hold requests is not asked in a spin.
 */

import type { Clock } from '../../core/clock.js';
import type { Receiver, WatchContext } from '../../core/resolver.js';
import { fullJitter } from '../../kit/backoff.js';
import { linkSignal } from '../../kit/link-signal.js';
import { askRegistry, type RegistryReply, type RegistryRequester } from './registry-request.js';

export interface LongPollOptions {
  /** How long the registry may hold a request, in milliseconds, 1_000–600_000. @default 60_000 */
  readonly waitMs?: number;
  /** Query parameter for the index of the last answer. @default 'index' */
  readonly indexParameter?: string;
  /** Query parameter for the wait, sent as `60s` or `1500ms`. @default 'wait' */
  readonly waitParameter?: string;
  /** Response header with the index. @default 'x-index' */
  readonly indexHeader?: string;
}

export interface LongPoll extends Required<LongPollOptions> {
  /** Between questions to a registry that does not hold them. */
  readonly ttlMs: number;
  /** For an answer, on top of the wait. */
  readonly timeoutMs: number;
}

/** Between the starts of two questions, however fast answers come: a deploy changes a service many times a second. */
const LEAST_INTERVAL_MS = 500;

const RETRY_BASE_MS = 250;
const RETRY_MAX_MS = 30_000;

export async function longPoll(
  requester: RegistryRequester,
  settings: LongPoll,
  receiver: Receiver,
  { signal, clock, random }: WatchContext,
): Promise<void> {
  let index: number | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const askedAtMs = clock.now();
    let pauseMs: number;
    try {
      const reply = await askRegistry(requester, { ...questionAfter(index, settings), signal, clock });
      if (signal.aborted) return;
      failures = 0;
      receiver.update({ endpoints: reply.endpoints ?? [] });
      const next = indexOf(reply, settings);
      const tookMs = clock.now() - askedAtMs;
      const held = next !== undefined && (next !== index || tookMs >= LEAST_INTERVAL_MS);
      pauseMs = (held ? LEAST_INTERVAL_MS : settings.ttlMs) - tookMs;
      index = next !== undefined && next < (index ?? 0) ? undefined : next;
    } catch (error) {
      if (signal.aborted) return;
      index = undefined;
      receiver.error(error);
      pauseMs = LEAST_INTERVAL_MS / 2 + fullJitter(RETRY_BASE_MS, RETRY_MAX_MS, failures++, random);
    }
    await pause(clock, pauseMs, signal);
  }
}

function questionAfter(
  index: number | undefined,
  { waitMs, indexParameter, waitParameter, timeoutMs }: LongPoll,
): { parameters?: Record<string, string>; timeoutMs: number } {
  if (index === undefined) return { timeoutMs };
  const wait = waitMs % 1_000 === 0 ? `${waitMs / 1_000}s` : `${waitMs}ms`;
  // Consul adds up to a sixteenth to the wait, to spread the answers.
  return {
    parameters: { [indexParameter]: String(index), [waitParameter]: wait },
    timeoutMs: waitMs + waitMs / 16 + timeoutMs,
  };
}

/** Consul: an index is greater than zero, and one that is not must not be used. */
function indexOf({ headers }: RegistryReply, { indexHeader }: LongPoll): number | undefined {
  const text = headers.get(indexHeader) ?? '';
  return /^[1-9]\d{0,15}$/.test(text) ? Number(text) : undefined;
}

/** Waits without keeping the process alive; nobody waits for this loop. */
function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (ms <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = clock.setTimer(() => {
      unlink();
      resolve();
    }, ms);
    const unlink = linkSignal(signal, () => {
      timer[Symbol.dispose]();
      resolve();
    });
  });
}
