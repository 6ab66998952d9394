/**
 * Continuous knowledge of who serves a name, from any resolver.
 *
 * A prober is asked in the background (probe-loop.ts), a watcher is run (watch-session.ts); what either says goes
 * through the keeper, which decides what is known (resolution-keeper.ts). Reading never waits and never asks.
 */

import type { Clock } from '../../core/clock.js';
import type { Random } from '../../core/random.js';
import type { Resolution } from '../../core/resolution.js';
import type { Prober, Resolver, Watcher } from '../../core/resolver.js';
import { mustBe } from '../../kit/option-error.js';
import type { CacheSettings } from './cache-settings.js';
import { createProbeLoop } from './probe-loop.js';
import { createResolutionKeeper, type ResolutionListeners } from './resolution-keeper.js';
import type { Session } from './session.js';
import { createWatchSession } from './watch-session.js';

export interface Feed {
  /** What is known now. */
  resolution(): Resolution;
  /**
   * Asks discovery again now, at most once per `minRefreshIntervalMs`; what comes too early is not lost but leads to
   * one question when the time has come. Returns whether a question went out at once. Watchers are not asked.
   */
  refresh(): boolean;
  /**
   * Begins. A watcher that knows its answer at once, such as the static resolver, has delivered when this returns.
   * @param initial what was known before, for example from disk: announced, and served until discovery answers
   */
  start(initial?: Resolution): void;
  /** Aborts the question that is out, and drops every timer and listener. */
  close(): void;
}

export interface FeedOptions extends ResolutionListeners {
  readonly resolver: Resolver;
  readonly cache: CacheSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** For resolvers that go by it. */
  readonly service?: string | undefined;
}

/** @throws FairleadError `ERR_INVALID_OPTION` when the resolver is neither a prober nor a watcher. */
export function createFeed(options: FeedOptions): Feed {
  const { resolver, cache: settings, clock, random, service } = options;
  const keeper = createResolutionKeeper({ ...listenersOf(options), settings, clock });
  const session = createSession();
  let state: 'new' | 'running' | 'closed' = 'new';

  function createSession(): Session {
    const reportError = (error: unknown): void => {
      if (state !== 'closed') options.onError?.(error, keeper.current());
    };
    const { known, answer, failure } = keeper;
    const shared = { settings, clock, random, service, known, answer, failure, reportError };
    if (isWatcher(resolver)) {
      return createWatchSession({
        ...shared,
        watcher: resolver,
        reportRefused: (refused) => options.onRefused?.(refused),
      });
    }
    if (!isProber(resolver)) throw mustBe('resolver', 'an object with a resolve or watch method', resolver);
    return createProbeLoop({ ...shared, prober: resolver, doubtful: () => keeper.current().held !== undefined });
  }

  return {
    resolution: keeper.current,
    refresh: () => state === 'running' && session.refresh(),
    start(initial) {
      if (state !== 'new') return;
      state = 'running';
      if (initial !== undefined) keeper.begin(initial);
      // Whoever was told may have closed it.
      if ((state as string) === 'running') session.start();
    },
    close() {
      if (state === 'closed') return;
      state = 'closed';
      keeper.close();
      session.close();
    },
  };
}

function isWatcher(resolver: Resolver): resolver is Watcher {
  return typeof (resolver as Partial<Watcher> | undefined)?.watch === 'function';
}

function isProber(resolver: unknown): resolver is Prober {
  return typeof (resolver as Partial<Prober> | undefined)?.resolve === 'function';
}

/** Bound, so that a listener may be a method of the caller's object. */
function listenersOf(options: FeedOptions): ResolutionListeners {
  return {
    onChange: (resolution) => options.onChange(resolution),
    onAnswer: (resolution, count) => options.onAnswer?.(resolution, count),
    onError: (error, resolution) => options.onError?.(error, resolution),
    onRefused: (refused) => options.onRefused?.(refused),
  };
}
