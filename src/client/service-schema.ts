/** Which options a client takes, and within what bounds. Checked once, when the client is made. */

import type { Resolver } from '../core/resolver.js';
import type { PickerFactory } from '../data/picker.js';
import { parseCidr } from '../kit/cidr.js';
import {
  arrayOf,
  object,
  offOr,
  partial,
  record,
  required,
  union,
  type ObjectSchema,
} from '../kit/option-structures.js';
import { any, boolean, durationMs, func, number, ratio, string, type Schema } from '../kit/option-schema.js';
import { breaker, limits, throttle } from './admission-schema.js';
import { balancer, balancerName } from './balancer-schema.js';
import { drain, ejection, healthCheck } from './health-schema.js';
import { propagate, retry } from './retry-schema.js';
import type {
  AddressPolicy,
  CacheOptions,
  HedgeOptions,
  LocalityOptions,
  ServiceOptions,
  SlowStartOptions,
  SubsetOptions,
} from './options.js';
import { tls, transport } from './wire-schema.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const resolver: Schema<Resolver> = any('a resolver (an object with `kind` and `resolve` or `watch`)', (value) => {
  const { kind, resolve, watch } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  return typeof kind === 'string' && (typeof resolve === 'function' || typeof watch === 'function');
});

const cache: Schema<CacheOptions> = object<CacheOptions>({
  minTtlMs: durationMs(100, HOUR_MS),
  maxTtlMs: durationMs(100, DAY_MS),
  defaultTtlMs: durationMs(100, DAY_MS),
  negativeTtlMs: durationMs(100, HOUR_MS),
  staleMs: durationMs(0, 7 * DAY_MS),
  emptyGraceMs: durationMs(0, HOUR_MS),
  shrinkThreshold: ratio(),
  jitterRatio: number({ min: 0, max: 0.5 }),
  minRefreshIntervalMs: durationMs(0, HOUR_MS),
  askTimeoutMs: durationMs(1, 600_000),
  retryBaseMs: durationMs(1, 600_000),
  retryMaxMs: durationMs(1, HOUR_MS),
  file: string(),
  fileMaxAgeMs: durationMs(1, 7 * DAY_MS),
});

const hedge: Schema<HedgeOptions> = object<HedgeOptions>({
  rescue: boolean(),
  rescueMinMs: durationMs(1, DAY_MS),
  rescueFactor: number({ min: 1, max: 1_000 }),
  quantile: number({ min: 0.5, max: 0.999 }),
  minDelayMs: durationMs(0, DAY_MS),
  maxRatio: ratio(),
});

const slowStart: Schema<SlowStartOptions> = object<SlowStartOptions>({
  windowMs: durationMs(100, HOUR_MS),
  aggression: number({ min: 0.1, max: 10 }),
  minWeightRatio: ratio(),
});

const subset: Schema<SubsetOptions> = object<SubsetOptions>({
  size: number({ min: 1, max: 10_000, integer: true }),
  clientId: string(),
});

const locality: Schema<LocalityOptions> = object<LocalityOptions>({
  minEndpoints: number({ min: 1, max: 10_000, integer: true }),
  callers: record(number({ min: 0, max: 1_000_000 })),
  preferRatio: ratio(),
});

const cidr: Schema<string> = string({
  expected: "a block of addresses such as '10.0.0.0/8'",
  accepts: (text) => parseCidr(text) !== undefined,
});

const allow: Schema<AddressPolicy> = object<AddressPolicy>({
  cidrs: arrayOf(cidr),
  ports: arrayOf(number({ min: 1, max: 65_535, integer: true })),
  loopback: boolean(),
  unixSockets: arrayOf(string({ expected: 'an absolute path', accepts: (path) => path.startsWith('/') })),
});

/** A token of RFC 9110 §5.6.2. */
const headerName: Schema<string> = string({
  expected: 'the name of a header',
  accepts: (text) => /^[\w!#$%&'*+.^`|~-]+$/.test(text),
});

export const serviceSchema: ObjectSchema<ServiceOptions> = object<ServiceOptions>({
  resolver: required(union(resolver, arrayOf(resolver))),
  balancer: union(balancerName, balancer, func<PickerFactory>()),
  timeoutMs: durationMs(1, DAY_MS),
  attemptTimeoutMs: durationMs(1, DAY_MS),
  bodyIdleTimeoutMs: durationMs(1, DAY_MS),
  selectionTimeoutMs: durationMs(0, DAY_MS),
  cache,
  retry: offOr(retry),
  propagate,
  hedge: offOr(hedge),
  ejection: offOr(ejection),
  healthCheck: offOr(healthCheck),
  drain: offOr(drain),
  breaker: offOr(breaker),
  throttle: offOr(throttle),
  limits,
  panicThreshold: ratio(),
  slowStart: offOr(slowStart),
  subset: offOr(subset),
  locality: offOr(locality),
  transport,
  tls,
  allow,
  credentialHeaders: arrayOf(headerName),
  classify: func(),
});

export const defaultsSchema: ObjectSchema<Partial<ServiceOptions>> = partial(serviceSchema);
