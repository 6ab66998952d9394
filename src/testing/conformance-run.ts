/** One resolver at work within the conformance suite: driven as a client drives it, and watched. */

import { systemClock } from '../core/clock.js';
import { describeError } from '../core/errors.js';
import { systemRandom } from '../core/random.js';
import type { Resolution } from '../core/resolution.js';
import type { Resolver } from '../core/resolver.js';
import { DEFAULT_CACHE_SETTINGS } from '../control/discovery/cache-settings.js';
import { createFeed } from '../control/discovery/feed.js';
import type { ServedEndpoint } from './conformance-options.js';

/** As a client by its defaults, but that nothing is kept for long, so that changes are seen at once. */
const CACHE = {
  ...DEFAULT_CACHE_SETTINGS,
  minTtlMs: 100,
  maxTtlMs: 300,
  defaultTtlMs: 200,
  negativeTtlMs: 100,
  minRefreshIntervalMs: 100,
  retryBaseMs: 100,
  retryMaxMs: 300,
};

export interface ConformanceRun {
  resolution(): Resolution;
  /** How often the resolver, or what drives it, has reported "could not ask". */
  readonly failures: number;
  /** What the resolver handed over that is no endpoint. */
  readonly refused: readonly string[];
  /** Waits until what is known satisfies `is`; rejects with what is known instead. */
  until(what: string, is: (known: Resolution) => boolean): Promise<void>;
  /** Waits until exactly these are known, from an answer that was given. */
  untilServed(endpoints: readonly ServedEndpoint[]): Promise<void>;
  close(): void;
}

export function startConformanceRun(resolver: Resolver, timeoutMs: number): ConformanceRun {
  let failures = 0;
  const refused: string[] = [];
  const feed = createFeed({
    resolver,
    // A watcher that stays silent is reported within the time that the case waits.
    cache: { ...CACHE, askTimeoutMs: Math.min(3_000, timeoutMs / 2) },
    clock: systemClock,
    random: systemRandom,
    service: 'conformance',
    onChange: () => {},
    onError: () => void failures++,
    onRefused: (list) => refused.push(...list.map(({ input, reason }) => `${input}: ${reason}`)),
  });
  // What changes at the source may be asked for early, as a client does when connections fail.
  const asking = setRepeating(() => void feed.refresh(), 200);
  feed.start();

  const run: ConformanceRun = {
    resolution: () => feed.resolution(),
    get failures() {
      return failures;
    },
    refused,
    async until(what, is) {
      const untilMs = systemClock.now() + timeoutMs;
      while (!is(feed.resolution())) {
        if (systemClock.now() > untilMs)
          throw new Error(`waited ${timeoutMs} ms in vain until ${what}; known is: ${inWords(feed.resolution())}`);
        await pause(20);
      }
    },
    untilServed(endpoints) {
      const wanted = addresses(endpoints);
      return run.until(
        `it answers ${wanted}`,
        (known) => known.held === undefined && known.error === undefined && addresses(known.endpoints) === wanted,
      );
    },
    close() {
      asking[Symbol.dispose]();
      feed.close();
    },
  };
  return run;
}

/** Lets real time pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.setTimer(resolve, ms));
}

export function inWords({ status, endpoints, error, held }: Resolution): string {
  const reason = error === undefined ? '' : `, ${describeError(error)}`;
  return `${status} [${addresses(endpoints)}]${held === undefined ? '' : `, an answer that is ${held} kept back`}${reason}`;
}

/** By host alone: a source may say nothing of ports. */
function addresses(endpoints: readonly { readonly host: string }[]): string {
  return [...new Set(endpoints.map(({ host }) => host))].sort().join(' ');
}

function setRepeating(callback: () => void, everyMs: number): Disposable {
  let timer = systemClock.setTimer(again, everyMs);
  function again(): void {
    timer = systemClock.setTimer(again, everyMs);
    callback();
  }
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
