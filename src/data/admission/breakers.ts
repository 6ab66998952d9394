/** The breakers of one service: its own, and one for each key that the `key` option tells apart, in an LRU. */

import { LRUCache } from 'lru-cache';

import { describeError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { createBreaker, type Breaker, type BreakerChange, type BreakerView } from './breaker.js';
import type { BreakerRequest, BreakerSettings } from './breaker-settings.js';

export interface Breakers {
  /** The one that a request goes by. */
  of(request: BreakerRequest): Breaker;
  /** By its key; the service's own for undefined. */
  named(key: string | undefined): Breaker;
  /** All that are kept now; the service's own first. */
  views(nowMs: number): BreakerView[];
}

export interface BreakersInput {
  readonly settings: BreakerSettings;
  readonly random: Random;
  readonly onChange: (change: BreakerChange) => void;
  /** The `key` function threw or returned no string; the request goes by the service's own breaker. */
  readonly onBadKey: (what: string) => void;
}

export function createBreakers({ settings, random, onChange, onBadKey }: BreakersInput): Breakers {
  const { key: keyOf, maxKeys } = settings;
  /** Somebody took these out of use by hand, and counts on it: they must not be forgotten. */
  const isolated = new Map<string, Breaker>();
  const kept = keyOf === undefined ? undefined : new LRUCache<string, Breaker>({ max: maxKeys });

  const changed = (change: BreakerChange): void => {
    const { key, to, from } = change;
    if (key !== undefined && to === 'isolated') isolated.set(key, named(key));
    if (key !== undefined && from === 'isolated') isolated.delete(key);
    onChange(change);
  };
  const own = createBreaker(undefined, settings, random, changed);

  function named(key: string | undefined): Breaker {
    if (key === undefined || kept === undefined) return own;
    let breaker = kept.get(key) ?? isolated.get(key);
    if (breaker === undefined) kept.set(key, (breaker = createBreaker(key, settings, random, changed)));
    return breaker;
  }

  function keyIn(request: BreakerRequest): string | undefined {
    try {
      const key: unknown = keyOf?.(request);
      if (key === undefined || typeof key === 'string') return key;
      onBadKey(`returned a ${typeof key}, which is no key`);
    } catch (error) {
      onBadKey(`threw: ${describeError(error)}`);
    }
    return undefined;
  }

  return {
    of: (request) => (keyOf === undefined ? own : named(keyIn(request))),
    named,
    views(nowMs) {
      const all = new Set([own, ...isolated.values(), ...(kept?.values() ?? [])]);
      return [...all].map((breaker) => breaker.view(nowMs));
    },
  };
}
