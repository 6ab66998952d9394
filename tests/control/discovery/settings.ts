import type { CacheSettings } from '../../../src/control/discovery/cache-settings.js';

/** What the tests of this folder reckon with, whatever the defaults become. */
export const SETTINGS: CacheSettings = {
  minTtlMs: 5_000,
  maxTtlMs: 300_000,
  defaultTtlMs: 30_000,
  negativeTtlMs: 5_000,
  staleMs: 86_400_000,
  emptyGraceMs: 30_000,
  shrinkThreshold: 0.5,
  jitterRatio: 0.1,
  minRefreshIntervalMs: 5_000,
  askTimeoutMs: 10_000,
  retryBaseMs: 250,
  retryMaxMs: 30_000,
};
