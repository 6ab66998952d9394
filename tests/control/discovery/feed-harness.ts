import type { Random } from '../../../src/core/random.js';
import type { Resolution } from '../../../src/core/resolution.js';
import type { Prober, Resolver, ResolverAnswer } from '../../../src/core/resolver.js';
import type { CacheSettings } from '../../../src/control/discovery/cache-settings.js';
import { createFeed, type Feed } from '../../../src/control/discovery/feed.js';
import type { Refusal } from '../../../src/control/discovery/read-answer.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';
import { SETTINGS } from './settings.js';

export interface FeedHarness {
  readonly clock: FakeClock;
  readonly feed: Feed;
  readonly changes: Resolution[];
  readonly errors: unknown[];
  readonly answers: number[];
  readonly refused: (readonly Refusal[])[];
}

/** A feed under fake time, with everything it says written down. Jitter is at its middle unless told otherwise. */
export function startFeed(
  resolver: Resolver,
  options: {
    random?: Random;
    settings?: Partial<CacheSettings>;
    clock?: FakeClock;
    initial?: Resolution;
    onChange?: (now: Resolution) => void;
  } = {},
): FeedHarness {
  const clock = options.clock ?? createFakeClock();
  const changes: Resolution[] = [];
  const errors: unknown[] = [];
  const answers: number[] = [];
  const refused: (readonly Refusal[])[] = [];
  const feed = createFeed({
    resolver,
    cache: { ...SETTINGS, ...options.settings },
    clock,
    random: options.random ?? { next: () => 0.5 },
    service: 'orders',
    onChange: (resolution) => {
      changes.push(resolution);
      options.onChange?.(resolution);
    },
    onAnswer: (_resolution, count) => answers.push(count),
    onError: (error) => errors.push(error),
    onRefused: (list) => refused.push(list),
  });
  feed.start(options.initial);
  return { clock, feed, changes, errors, answers, refused };
}

export interface ScriptedProber extends Prober {
  /** Clock times of the questions. */
  readonly askedAtMs: number[];
  readonly signals: AbortSignal[];
}

export type Step = ResolverAnswer | 'hang' | Error | (() => unknown);

/** Answers one step per question; the last one for ever. */
export function scriptedProber(clock: FakeClock, ...steps: Step[]): ScriptedProber {
  const askedAtMs: number[] = [];
  const signals: AbortSignal[] = [];
  return {
    kind: 'scripted',
    askedAtMs,
    signals,
    resolve({ signal }) {
      const step = steps[Math.min(askedAtMs.length, steps.length - 1)];
      askedAtMs.push(clock.now());
      signals.push(signal);
      if (step === 'hang') return new Promise(() => {});
      if (typeof step === 'function') return step() as Promise<ResolverAnswer>;
      return step instanceof Error ? Promise.reject(step) : Promise.resolve(step as ResolverAnswer);
    },
  };
}

export const endpoints = (count: number): string[] => Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}:80`);
export const ids = (resolution: Resolution): string[] =>
  resolution.endpoints.map(({ id }) => id.replace('http://', ''));
