/**
 * Runs a watcher. It is supposed to reconnect by itself and to report its failures; this keeps it honest: one that
 * throws is started again after a backoff, one that stays silent is reported, and what it says after its end is dropped.
 */

import type { Clock } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { Receiver, ResolverAnswer, Watcher } from '../../core/resolver.js';
import { fullJitter } from '../../kit/backoff.js';
import type { CacheSettings } from './cache-settings.js';
import type { FeedContext } from './feed-context.js';
import { readAnswer, type Refusal } from './read-answer.js';
import type { Session, SessionSink } from './session.js';

/** However short the settings are, a watcher that throws at once is not started in a spin, nor a source asked again in one. */
const LEAST_INTERVAL_MS = 100;

export interface WatchSessionOptions extends SessionSink {
  readonly watcher: Watcher;
  readonly settings: CacheSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly service?: string | undefined;
  reportError(error: unknown): void;
  reportRefused(refused: readonly Refusal[]): void;
}

export function createWatchSession(options: WatchSessionOptions): Session {
  const { watcher, settings, clock, random, service } = options;
  let controller: AbortController | undefined;
  let onRefresh: (() => void) | undefined;
  let lastRefreshMs = -Infinity;
  let crashesInARow = 0;
  /** For the first answer, or for the next start after a crash. */
  let timer: Disposable | undefined;
  let refreshTimer: Disposable | undefined;
  let closed = false;

  function start(): void {
    const mine = new AbortController();
    controller = mine;
    onRefresh = undefined;
    const { signal } = mine;
    const heard = (): boolean => {
      if (signal.aborted) return false;
      timer?.[Symbol.dispose]();
      timer = undefined;
      return true;
    };
    const receiver: Receiver = {
      update: (answer) => {
        if (!heard()) return;
        crashesInARow = 0;
        deliver(answer);
      },
      error: (error) => {
        if (heard()) options.failure(error);
      },
    };
    const ctx: FeedContext = {
      signal,
      clock,
      random,
      service,
      cache: settings,
      onRefresh: (listener) => {
        if (!signal.aborted) onRefresh = listener;
      },
      reportError: (error) => {
        if (!signal.aborted) options.reportError(error);
      },
      reportRefused: (refused) => {
        if (!signal.aborted) options.reportRefused(refused);
      },
    };
    timer = clock.setTimer(() => {
      if (heard()) options.failure(new Error(`no answer within ${settings.askTimeoutMs} ms`));
    }, settings.askTimeoutMs);
    const crash = (error: unknown): void => {
      if (signal.aborted) return;
      mine.abort();
      restartLater();
      options.failure(error);
    };
    try {
      // The contract says void, but an async function is easily written, and its rejection would end the process.
      const returned = watcher.watch(receiver, ctx) as unknown;
      if (typeof (returned as PromiseLike<unknown> | undefined)?.then === 'function') {
        (returned as PromiseLike<unknown>).then(undefined, crash);
      }
    } catch (error) {
      crash(error);
    }
  }

  function deliver(answer: ResolverAnswer): void {
    let checked;
    try {
      checked = readAnswer(answer, options.known());
    } catch (error) {
      return options.failure(error);
    }
    options.answer(checked);
  }

  function restartLater(): void {
    const { retryBaseMs, retryMaxMs } = settings;
    const delayMs = retryBaseMs / 2 + fullJitter(retryBaseMs, retryMaxMs, crashesInARow++, random);
    timer?.[Symbol.dispose]();
    timer = clock.setTimer(start, Math.max(delayMs, LEAST_INTERVAL_MS));
  }

  function refreshNow(): void {
    refreshTimer = undefined;
    lastRefreshMs = clock.now();
    onRefresh?.();
  }

  return {
    start,
    refresh() {
      if (closed || onRefresh === undefined || refreshTimer !== undefined) return false;
      const floorMs = Math.max(settings.minRefreshIntervalMs, LEAST_INTERVAL_MS);
      const waitMs = floorMs - (clock.now() - lastRefreshMs);
      if (waitMs <= 0) {
        refreshNow();
        return true;
      }
      refreshTimer = clock.setTimer(refreshNow, waitMs);
      return false;
    },
    close() {
      closed = true;
      timer?.[Symbol.dispose]();
      refreshTimer?.[Symbol.dispose]();
      controller?.abort();
    },
  };
}
