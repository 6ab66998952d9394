/**
 * The contract that a resolver author implements. There are two kinds: a {@link Prober} answers when asked, a
 * {@link Watcher} pushes. Both give the full set each time, never a delta, and both say "could not ask" by an error,
 * never by an empty list. Caching, retries, stale answers and suspicion of sudden emptiness are the library's part.
 */

import type { Clock } from './clock.js';
import type { EndpointInput } from './endpoint.js';
import type { Random } from './random.js';

/** A full set of endpoints, as a resolver hands it over. */
export interface ResolverAnswer {
  /** Everybody who serves the name now; empty only for "nobody serves this". */
  readonly endpoints: readonly EndpointInput[];
  /** How long the answer is fresh, in milliseconds. @default the service's `cache.defaultTtlMs` */
  readonly ttlMs?: number;
  /** The source vouches for it: an empty or sharply shrunk answer is applied at once, without the grace period. @default false */
  readonly authoritative?: boolean;
}

/** What a {@link Prober} gets with each question. */
export interface AskContext {
  /** Aborts when the answer is not waited for any more. */
  readonly signal: AbortSignal;
  /** The service that is asked for, as the client calls it; undefined outside of a client. */
  readonly service?: string | undefined;
}

/**
 * One question, one answer. Throw for "could not ask"; return an empty list only for "nobody serves this". An error may carry
 * `retryAfterMs`, in milliseconds: for so long, a minute at most, the source is not asked again.
 */
export interface Prober {
  /** What kind of source this is, for events and snapshots, for example `'dns'`. */
  readonly kind: string;
  /**
   * Which source of its kind is asked, for example a name or a URL, without credentials: a list that was saved to disk
   * is believed only for the same kind and source. @default the kind alone
   */
  readonly source?: string;
  resolve(ctx: AskContext): Promise<ResolverAnswer>;
}

/** Where a {@link Watcher} delivers. Calls after the signal aborted are ignored. */
export interface Receiver {
  update(answer: ResolverAnswer): void;
  error(error: unknown): void;
}

/** What a {@link Watcher} gets to work with. It must stop, and free everything it holds, when `signal` aborts. */
export interface WatchContext {
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  /** The service that is asked for, as the client calls it; undefined outside of a client. */
  readonly service?: string | undefined;
}

/** Continuous. For registries that push or long-poll. It reconnects by itself and reports each failure by `error`. */
export interface Watcher {
  readonly kind: string;
  /** As {@link Prober.source}. */
  readonly source?: string;
  watch(receiver: Receiver, ctx: WatchContext): void;
}

export type Resolver = Prober | Watcher;
