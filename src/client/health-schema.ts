/** What options about the health of endpoints may be. */

import { object, offOr } from '../kit/option-structures.js';
import { boolean, durationMs, func, number, ratio, string, type Schema } from '../kit/option-schema.js';
import type { DrainOptions, EjectionOptions, HealthCheckOptions } from './options.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

type SuccessRateOptions = Exclude<NonNullable<EjectionOptions['successRate']>, false>;
type LatencyOutlierOptions = Exclude<NonNullable<EjectionOptions['latency']>, false>;

const successRate: Schema<SuccessRateOptions> = object<SuccessRateOptions>({
  stdevFactor: number({ min: 0.1, max: 100 }),
  minEndpoints: number({ min: 2, max: 10_000, integer: true }),
  minVolume: number({ min: 1, max: 1_000_000, integer: true }),
});

const latency: Schema<LatencyOutlierOptions> = object<LatencyOutlierOptions>({
  factor: number({ min: 1.1, max: 1_000 }),
  minDifferenceMs: durationMs(0, HOUR_MS),
  minEndpoints: number({ min: 3, max: 10_000, integer: true }),
  minVolume: number({ min: 1, max: 1_000_000, integer: true }),
});

export const ejection: Schema<EjectionOptions> = object<EjectionOptions>({
  consecutiveFailures: number({ min: 0, max: 1_000, integer: true }),
  failureThreshold: ratio(),
  minVolume: number({ min: 1, max: 1_000_000, integer: true }),
  windowMs: durationMs(100, HOUR_MS),
  baseEjectionMs: durationMs(1, DAY_MS),
  maxEjectionMs: durationMs(1, DAY_MS),
  jitterRatio: ratio(),
  maxEjectedRatio: ratio(),
  silence: boolean(),
  contrast: boolean(),
  successRate: offOr(successRate),
  latency: offOr(latency),
  splitLocalOrigin: boolean(),
  consecutiveLocalFailures: number({ min: 0, max: 1_000, integer: true }),
  detectOnly: boolean(),
  probeTimeoutMs: durationMs(1, HOUR_MS),
});

const headerName: Schema<string> = string({
  expected: "the name of a header, such as 'x-draining'",
  accepts: (text) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(text),
});

export const drain: Schema<DrainOptions> = object<DrainOptions>({
  connectionClose: boolean(),
  goAway: boolean(),
  header: headerName,
  holdMs: durationMs(1, DAY_MS),
});

export const healthCheck: Schema<HealthCheckOptions> = object<HealthCheckOptions>({
  path: string({ expected: "a path that begins with '/'", accepts: (text) => /^\/[^\s#]*$/.test(text) }),
  check: func(),
  intervalMs: durationMs(10, HOUR_MS),
  jitterRatio: ratio(),
  timeoutMs: durationMs(1, HOUR_MS),
  rise: number({ min: 1, max: 1_000, integer: true }),
  fall: number({ min: 1, max: 1_000, integer: true }),
  maxPerInterval: number({ min: 1, max: 100_000, integer: true }),
  uneject: boolean(),
});
