/**
 * What a feed gives to the watchers it runs beyond the public contract, for our own combinators: their children are
 * feeds too, live by the same settings, are asked again when their parent is, and report through it.
 */

import type { WatchContext } from '../../core/resolver.js';
import { DEFAULT_CACHE_SETTINGS, type CacheSettings } from './cache-settings.js';
import type { Refusal } from './read-answer.js';

export interface FeedContext extends WatchContext {
  readonly cache: CacheSettings;
  /** Calls `listener` whenever somebody wants discovery to be asked again now. */
  readonly onRefresh: (listener: () => void) => void;
  /** A part of the answer could not be asked, which is no failure of the whole. */
  readonly reportError: (error: unknown) => void;
  readonly reportRefused: (refused: readonly Refusal[]) => void;
}

/** The context with what is missing filled in: a watcher around a combinator may have passed on the public part only. */
export function feedContext(ctx: WatchContext & Partial<FeedContext>): FeedContext {
  return {
    signal: ctx.signal,
    clock: ctx.clock,
    random: ctx.random,
    service: ctx.service,
    cache: ctx.cache ?? DEFAULT_CACHE_SETTINGS,
    onRefresh: (listener) => ctx.onRefresh?.(listener),
    reportError: (error) => ctx.reportError?.(error),
    reportRefused: (refused) => ctx.reportRefused?.(refused),
  };
}
