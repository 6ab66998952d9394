/** What can be said about whom a service lets in. */

import { durationMs, func, number, ratio, type Schema } from '../kit/option-schema.js';
import { object } from '../kit/option-structures.js';
import type { BreakerOptions, ThrottleOptions } from './options.js';

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
