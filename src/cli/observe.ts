/**
 * Runs a resolver as a client would, and tells what a client would know after each answer, beside what the resolver
 * itself said.
 */

import { DEFAULT_CACHE_SETTINGS, type CacheSettings } from '../control/discovery/cache-settings.js';
import { createFeed } from '../control/discovery/feed.js';
import type { Refusal } from '../control/discovery/read-answer.js';
import { getDnsReport, type DnsReport } from '../control/resolvers/dns/dns-report.js';
import { holdProcess, type Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { Resolution } from '../core/resolution.js';
import type { Prober, Resolver, ResolverAnswer, Watcher } from '../core/resolver.js';

export interface Observation {
  readonly resolver: string;
  /** Whether the resolver is told of changes, rather than asked for them. */
  readonly pushed: boolean;
  /** What a client knows now. */
  readonly resolution: Resolution;
  /** What the resolver said, unless it failed. */
  readonly answer: Pick<ResolverAnswer, 'ttlMs' | 'authoritative'> | undefined;
  /** Why it could not be asked; undefined when it answered. */
  readonly error: unknown;
  /** Failures of a part, which the answer had to do without. */
  readonly partial: readonly unknown[];
  /** Inputs that were no endpoints. */
  readonly refused: readonly Refusal[];
  readonly dns: DnsReport | undefined;
  /** From the question; of what is pushed, from the beginning. */
  readonly tookMs: number;
}

export interface ObserveOptions {
  readonly resolver: Resolver;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  /** Each answer and each failure. Returns whether to go on. */
  readonly onObservation: (observation: Observation) => boolean;
}

interface Said {
  readonly answer?: ResolverAnswer;
  readonly tookMs: number;
}

export function observeSettings(timeoutMs: number): CacheSettings {
  return { ...DEFAULT_CACHE_SETTINGS, askTimeoutMs: timeoutMs };
}

/** Resolves when an observation ended it, or the signal aborted. Keeps the process alive until then. */
export function observe(options: ObserveOptions): Promise<void> {
  const { resolver, clock, random, signal } = options;
  return new Promise((resolve) => {
    const hold = holdProcess();
    const startedAtMs = clock.now();
    let said: Said | undefined;
    let partial: unknown[] = [];
    let refused: readonly Refusal[] = [];
    let ended = false;

    const feed = createFeed({
      resolver: overheard(resolver, clock, (words) => (said = words)),
      cache: observeSettings(options.timeoutMs),
      clock,
      random,
      onChange: () => {},
      onAnswer: (resolution) => tell(resolution, undefined),
      onError: (error, resolution) => {
        // Failures of a part are reported while the whole does not fail.
        if (resolution.failingSinceMs === undefined) partial.push(error);
        else tell(resolution, error);
      },
      onRefused: (inputs) => (refused = inputs),
    });

    function tell(resolution: Resolution, error: unknown): void {
      if (ended) return;
      const source = error ?? said?.answer;
      const observation: Observation = {
        resolver: resolver.kind,
        pushed: 'watch' in resolver,
        resolution,
        answer: error === undefined ? said?.answer : undefined,
        error,
        partial,
        refused,
        dns: typeof source === 'object' && source !== null ? getDnsReport(source as ResolverAnswer) : undefined,
        tookMs: said?.tookMs ?? clock.now() - startedAtMs,
      };
      partial = [];
      said = undefined;
      if (!options.onObservation(observation)) end();
    }

    function end(): void {
      if (ended) return;
      ended = true;
      signal.removeEventListener('abort', end);
      // An answer may come while the feed is being started.
      queueMicrotask(() => feed.close());
      hold[Symbol.dispose]();
      resolve();
    }

    signal.addEventListener('abort', end);
    if (signal.aborted) end();
    else feed.start();
  });
}

/** The resolver, with everything that it says repeated to `hear` before anybody else hears it. */
function overheard(resolver: Resolver, clock: Clock, hear: (said: Said) => void): Resolver {
  if ('watch' in resolver) {
    const watcher: Watcher = {
      kind: resolver.kind,
      watch(receiver, ctx) {
        const fromMs = clock.now();
        const heard = (answer?: ResolverAnswer): void =>
          hear({ ...(answer && { answer }), tookMs: clock.now() - fromMs });
        return resolver.watch(
          {
            update(answer) {
              heard(answer);
              receiver.update(answer);
            },
            error(error) {
              heard();
              receiver.error(error);
            },
          },
          ctx,
        );
      },
    };
    return watcher;
  }
  const prober: Prober = {
    kind: resolver.kind,
    async resolve(ctx) {
      const fromMs = clock.now();
      try {
        const answer = await resolver.resolve(ctx);
        hear({ answer, tookMs: clock.now() - fromMs });
        return answer;
      } catch (error) {
        hear({ tookMs: clock.now() - fromMs });
        throw error;
      }
    },
  };
  return prober;
}
