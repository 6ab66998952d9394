/**
 * Asks a prober again and again, in the background. Nobody ever waits for this loop: readers take what the keeper
 * holds, and the next answer is fetched before the last one is stale.
 */

import type { Clock } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { Prober } from '../../core/resolver.js';
import type { CacheSettings } from './cache-settings.js';
import { readAnswer } from './read-answer.js';
import { createResolutionCache } from './resolution-cache.js';
import type { Session, SessionSink } from './session.js';

export interface ProbeLoopOptions extends SessionSink {
  readonly prober: Prober;
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly service?: string | undefined;
  /** A part of the source could not be asked, which is no failure of the whole. */
  readonly reportError: (error: unknown) => void;
  /** Whether the last answer is being doubted, so that the next should come soon. */
  doubtful(): boolean;
}

/**
 * The share of an answer's life after which the next one is fetched. What is left covers a slow source: a tenth of the
 * default 30 s is three seconds.
 */
const REFRESH_AHEAD_RATIO = 0.9;

/** No settings and no source make the loop ask more often than this. */
const LEAST_INTERVAL_MS = 100;

export function createProbeLoop(options: ProbeLoopOptions): Session {
  const { prober, settings, clock, random, service } = options;
  const cache = createResolutionCache<Prober>({
    settings,
    clock,
    random,
    maxQuestions: 1,
    ask: async (asked, { signal }) => {
      // The rest is for our own probers; the contract does not promise it.
      const ctx = { signal, clock, random, service, reportError: options.reportError };
      return readAnswer(await asked.resolve(ctx), options.known());
    },
  });
  let asking = false;
  let lastAskedMs = -Infinity;
  /** Somebody wanted a refresh that could not be had at once. */
  let refreshDue = false;
  let timer: Disposable | undefined;
  let plannedAtMs = -Infinity;
  let closed = false;

  function ask(): void {
    timer?.[Symbol.dispose]();
    timer = undefined;
    // A platform timer may fire a hair early; asking within the backoff would only get the last error again.
    const retryInMs = cache.retryInMs(prober);
    if (retryInMs > 0) return askIn(retryInMs);
    asking = true;
    refreshDue = false;
    lastAskedMs = clock.now();
    cache.ask(prober, { ahead: true }).then(
      ({ answer, freshUntilMs }) => {
        asking = false;
        if (closed) return;
        options.answer(answer);
        const lifeMs = (freshUntilMs - clock.now()) * REFRESH_AHEAD_RATIO;
        askIn(options.doubtful() ? Math.min(lifeMs, settings.minRefreshIntervalMs) : lifeMs);
      },
      (error: unknown) => {
        asking = false;
        if (closed) return;
        options.failure(error);
        askIn(cache.retryInMs(prober));
      },
    );
  }

  /** Sets the one timer: after `delayMs`, or earlier when a refresh is due. A listener may have closed the loop meanwhile. */
  function askIn(delayMs: number): void {
    if (closed) return;
    const soonestMs = Math.max(LEAST_INTERVAL_MS - sinceAskedMs(), cache.retryInMs(prober), 0);
    const wantedMs = refreshDue ? Math.min(delayMs, settings.minRefreshIntervalMs - sinceAskedMs()) : delayMs;
    const waitMs = Math.max(wantedMs, soonestMs);
    timer?.[Symbol.dispose]();
    timer = clock.setTimer(ask, waitMs);
    plannedAtMs = clock.now() + waitMs;
  }

  function sinceAskedMs(): number {
    return clock.now() - lastAskedMs;
  }

  return {
    start: ask,
    refresh() {
      if (closed) return false;
      const floorMs = Math.max(settings.minRefreshIntervalMs, LEAST_INTERVAL_MS);
      const mayAsk = !asking && sinceAskedMs() >= floorMs && cache.retryInMs(prober) === 0;
      if (mayAsk) {
        ask();
        return true;
      }
      if (refreshDue) return false;
      refreshDue = true;
      // While a question is out, its end sets the timer.
      if (!asking) askIn(plannedAtMs - clock.now());
      return false;
    },
    close() {
      closed = true;
      timer?.[Symbol.dispose]();
      timer = undefined;
      cache.close();
    },
  };
}
