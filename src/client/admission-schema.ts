/** What can be said about whom a service lets in. */

import type { AdaptiveLimitSettings } from '../data/admission/gradient-settings.js';
import type { LimitQueueSettings } from '../data/admission/limit-queue-settings.js';
import { durationMs, func, number, ratio, type Schema } from '../kit/option-schema.js';
import { object, offOr } from '../kit/option-structures.js';
import type { BreakerOptions, LimitOptions, ThrottleOptions } from './options.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export const breaker: Schema<BreakerOptions> = object<BreakerOptions>({
  windowMs: durationMs(100, HOUR_MS),
  windowCalls: number({ min: 1, max: 100_000, integer: true }),
  minVolume: number({ min: 1, max: 100_000, integer: true }),
  failureThreshold: number({ min: 0.01, max: 1 }),
  slowCallMs: durationMs(1, DAY_MS),
  slowThreshold: number({ min: 0.01, max: 1 }),
  openMs: durationMs(1, DAY_MS),
  maxOpenMs: durationMs(1, DAY_MS),
  jitterRatio: ratio(),
  probes: number({ min: 1, max: 1_000, integer: true }),
  probeTimeoutMs: durationMs(1, HOUR_MS),
  key: func<NonNullable<BreakerOptions['key']>>(),
  maxKeys: number({ min: 1, max: 100_000, integer: true }),
});

export const throttle: Schema<ThrottleOptions> = object<ThrottleOptions>({
  factor: number({ min: 1.1, max: 10 }),
  windowMs: durationMs(1_000, 600_000),
  minVolume: number({ min: 1, max: 1_000_000, integer: true }),
  maxRatio: number({ min: 0.01, max: 0.99 }),
});

const queue: Schema<Partial<LimitQueueSettings>> = object<Partial<LimitQueueSettings>>({
  size: number({ min: 1, max: 100_000, integer: true }),
  timeoutMs: durationMs(1, DAY_MS),
});

const adaptive: Schema<Partial<AdaptiveLimitSettings>> = object<Partial<AdaptiveLimitSettings>>({
  initial: number({ min: 1, max: 1_000_000, integer: true }),
  min: number({ min: 1, max: 1_000_000, integer: true }),
  max: number({ min: 1, max: 1_000_000, integer: true }),
  smoothing: number({ min: 0.01, max: 1 }),
  queue: number({ min: 1, max: 1_000, integer: true }),
  tolerance: number({ min: 1, max: 10 }),
  windowMs: durationMs(100, 60_000),
});

export const limits: Schema<LimitOptions> = object<LimitOptions>({
  maxInFlight: number({ min: 1, max: 1_000_000, integer: true }),
  maxInFlightPerEndpoint: number({ min: 1, max: 1_000_000, integer: true }),
  queue: offOr(queue),
  adaptive: offOr(adaptive),
});
