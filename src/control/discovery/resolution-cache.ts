/**
 * Answers of discovery, kept for as long as they are fresh, and the manners in which they are asked for.
 *
 * - One question at a time per key, however many want to know.
 * - A failure is never kept as an answer. It is kept as a failure: until its backoff is over nobody asks again, which
 *   lru-cache alone would do on every call while a source is down.
 * - What was known stays known after it has gone stale, for {@link ResolutionCache.peek}.
 */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import { fullJitter, jittered } from '../../kit/backoff.js';
import { askOnce } from './ask-once.js';
import type { CacheSettings } from './cache-settings.js';
import type { CheckedAnswer } from './read-answer.js';
import { retryAfterOf } from './retry-after-of.js';

export interface CachedAnswer {
  readonly answer: CheckedAnswer;
  /** Clock time of the answer. */
  readonly answeredAtMs: number;
  /** Clock time until which it is fresh. */
  readonly freshUntilMs: number;
}

export interface ResolutionCache<K> {
  /**
   * The fresh answer, or a new one. Rejects with what went wrong, and with the same again until the backoff is over.
   * @param options.ahead asks although the known answer is still fresh
   */
  ask(key: K, options?: { readonly ahead?: boolean }): Promise<CachedAnswer>;
  /** The last answer, fresh, or stale up to `staleMs`; never asks. */
  peek(key: K): CachedAnswer | undefined;
  /** Milliseconds until a question may be asked again after failures; 0 when it may be now. */
  retryInMs(key: K): number;
  /** Abandons every question; whoever waits for one gets an error. */
  close(): void;
}

export interface ResolutionCacheOptions<K> {
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** How many keys are kept; the least recently asked one goes first. */
  readonly maxQuestions: number;
  ask(key: K, ctx: { readonly signal: AbortSignal }): Promise<CheckedAnswer>;
}

interface Failure {
  readonly error: unknown;
  readonly inARow: number;
  readonly retryAtMs: number;
}

export function createResolutionCache<K extends string | object>(
  options: ResolutionCacheOptions<K>,
): ResolutionCache<K> {
  const { settings, clock, random, maxQuestions: max } = options;
  let closed = false;
  const failures = new LRUCache<K, Failure>({ max });

  const answers = new LRUCache<K, CachedAnswer>({
    max,
    // Zero means "never" to lru-cache, as a time and as a life. With a resolution above zero it would keep the time
    // with a timer of its own, which fake time does not move.
    perf: { now: () => clock.now() + 1 },
    ttlResolution: 0,
    noDeleteOnStaleGet: true,
    noDeleteOnFetchRejection: true,
    fetchMethod: async (key, _known, { options: entry, signal }) => {
      try {
        const answer = await askOnce((askSignal) => options.ask(key, { signal: askSignal }), {
          clock,
          timeoutMs: settings.askTimeoutMs,
          // The cache's own signal, which only eviction aborts. A caller's would end the question for everybody.
          signal,
        });
        failures.delete(key);
        entry.ttl = lifeMs(answer);
        const answeredAtMs = clock.now();
        return { answer, answeredAtMs, freshUntilMs: answeredAtMs + entry.ttl };
      } catch (error) {
        if (!signal.aborted) failures.set(key, nextFailure(failures.peek(key), error));
        throw error;
      }
    },
  });

  function lifeMs({ endpoints, ttlMs }: CheckedAnswer): number {
    const { minTtlMs, maxTtlMs, defaultTtlMs, negativeTtlMs, jitterRatio } = settings;
    const stated =
      endpoints.length === 0 ? negativeTtlMs : Math.min(Math.max(ttlMs ?? defaultTtlMs, minTtlMs), maxTtlMs);
    return Math.max(1, Math.round(jittered(stated, jitterRatio, random)));
  }

  function nextFailure(last: Failure | undefined, error: unknown): Failure {
    const { retryBaseMs, retryMaxMs } = settings;
    const inARow = (last?.inARow ?? 0) + 1;
    // Half a step on top: full jitter alone may draw zeros, and a source that is down would be asked in a spin.
    const floorMs = retryBaseMs / 2;
    const delayMs = floorMs + fullJitter(retryBaseMs, retryMaxMs - floorMs, inARow - 1, random);
    const peaceMs = retryAfterOf(error);
    // Not all at the same moment: every client was told the same.
    const leastMs = peaceMs === undefined ? 0 : peaceMs + fullJitter(retryBaseMs, retryBaseMs, 0, random);
    return { error, inARow, retryAtMs: clock.now() + Math.max(delayMs, leastMs) };
  }

  function retryInMs(key: K): number {
    return Math.max(0, (failures.peek(key)?.retryAtMs ?? 0) - clock.now());
  }

  return {
    async ask(key, { ahead = false } = {}) {
      if (closed) throw abandoned();
      const fresh = ahead ? undefined : answers.get(key);
      if (fresh !== undefined) return fresh;
      const failure = failures.peek(key);
      if (failure !== undefined && retryInMs(key) > 0) throw failure.error;
      const asked = await answers.fetch(key, { forceRefresh: ahead });
      if (asked === undefined) throw abandoned();
      return asked;
    },
    peek(key) {
      const known = answers.peek(key, { allowStale: true });
      if (known === undefined) return undefined;
      const nowMs = clock.now();
      return nowMs <= known.freshUntilMs || nowMs - known.answeredAtMs <= settings.staleMs ? known : undefined;
    },
    retryInMs,
    close() {
      closed = true;
      answers.clear();
      failures.clear();
    },
  };
}

function abandoned(): Error {
  return new Error('the question was abandoned');
}
