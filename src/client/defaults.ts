/**
 * Every default in one place. What an option does, its unit and its range stand at its declaration; here is the number
 * and where it comes from. Two groups are needed below the client as well and keep their numbers there.
 */

import { DEFAULT_CACHE_SETTINGS } from '../control/discovery/cache-settings.js';
import type { HealthCheckSettings } from '../control/health/health-check-settings.js';
import type { LatencyOutlierSettings } from '../control/health/latency-outlier.js';
import type { SuccessRateSettings } from '../control/health/success-rate.js';
import type { SlowStartSettings } from '../control/slow-start-settings.js';
import type { SubsetSettings } from '../control/subset-settings.js';
import { DEFAULT_THROTTLE_SETTINGS } from '../data/admission/throttle-settings.js';
import { DEFAULT_LIMITS } from '../data/balancer-settings.js';
import { DEFAULT_HEDGE_SETTINGS } from '../data/hedging/hedge-settings.js';
import { IDEMPOTENT_METHODS } from '../data/idempotency.js';
import type { ServiceSettings } from './options.js';

/** Everything but the resolver, which has no default. */
export const SERVICE_DEFAULTS: Omit<ServiceSettings, 'resolver' | 'tls' | 'classify' | 'bodyIdleTimeoutMs'> = {
  balancer: 'adaptive',
  // A caller who says nothing is a person or another service's handler: both have given up by then.
  timeoutMs: 30_000,
  // A third of the call: two endpoints may hang and the third still answers in time.
  attemptTimeoutMs: 10_000,
  // A process that starts together with its registry; after that, the cause is worth more than the wait.
  selectionTimeoutMs: 5_000,
  cache: DEFAULT_CACHE_SETTINGS,
  retry: {
    maxAttempts: 3,
    backoffBaseMs: 50,
    backoffMaxMs: 1_000,
    // Not `connect`: failover has tried other endpoints by then, and a wait is worth it only where there is one.
    retryOn: ['status', 'overload', 'reset', 'timeout', 'protocol'],
    statuses: [502, 503, 504],
    methods: IDEMPOTENT_METHODS,
    retryAfterMaxMs: 10_000,
    // It costs memory for every upload, and only the service's owner knows how long they are.
    replayBufferBytes: 0,
    budget: { ratio: 0.2, minPerSecond: 3, ttlMs: 10_000 },
  },
  // On retries only: a healthy request carries nothing of ours.
  propagate: { noRetryHeader: 'fairlead-no-retry' },
  hedge: DEFAULT_HEDGE_SETTINGS,
  ejection: {
    consecutiveFailures: 5,
    failureThreshold: 0.5,
    minVolume: 10,
    windowMs: 10_000,
    baseEjectionMs: 30_000,
    maxEjectionMs: 300_000,
    jitterRatio: 0.1,
    maxEjectedRatio: 0.5,
    silence: true,
    contrast: true,
    successRate: false,
    latency: false,
    splitLocalOrigin: false,
    consecutiveLocalFailures: 5,
    detectOnly: false,
    probeTimeoutMs: 30_000,
  },
  // Adaptive throttling is the softer half of it, and on.
  breaker: false,
  // It costs requests, and only the service's owner knows what to ask.
  healthCheck: false,
  drain: { connectionClose: true, goAway: true, holdMs: 30_000 },
  throttle: DEFAULT_THROTTLE_SETTINGS,
  limits: DEFAULT_LIMITS,
  panicThreshold: 0.5,
  // Only its owner knows that a service is slow when it is cold; to others it would cost even shares for nothing.
  slowStart: false,
  // Of a small service every client should use everybody; only its owner knows that it is large.
  subset: false,
  // Has an effect only in a client that says where it is.
  locality: { minEndpoints: 6, preferRatio: 1 },
  transport: {
    // One retransmission of the SYN, which TCP sends after a second, fits.
    connectTimeoutMs: 2_000,
    maxConnections: 512,
    // Shorter than the five seconds after which Node's servers close an idle connection.
    keepAliveTimeoutMs: 4_000,
    keepAliveMaxTimeoutMs: 600_000,
    maxConnectionAgeMs: 300_000,
    idlePoolTimeoutMs: 300_000,
    http2: false,
    prewarm: 0,
  },
  allow: {},
  // Those that fetch itself keeps back are kept back in any case.
  credentialHeaders: [],
};

/** For a service that asks for a slow start. */
export const SLOW_START_DEFAULTS: SlowStartSettings = { windowMs: 30_000, aggression: 1, minWeightRatio: 0.1 };

/** For a service that asks for a subset. */
export const SUBSET_DEFAULTS: SubsetSettings = { size: 20 };

/** For a service that asks for active health checks. */
export const HEALTH_CHECK_DEFAULTS: HealthCheckSettings = {
  path: '/',
  intervalMs: 10_000,
  jitterRatio: 0.1,
  timeoutMs: 2_000,
  rise: 2,
  fall: 3,
  maxPerInterval: 100,
  uneject: true,
};

/** For ejection that compares success rates: those of gRFC A50 and Envoy. */
export const SUCCESS_RATE_DEFAULTS: SuccessRateSettings = { stdevFactor: 1.9, minEndpoints: 5, minVolume: 100 };

/** For ejection that compares latencies. */
export const LATENCY_OUTLIER_DEFAULTS: LatencyOutlierSettings = {
  factor: 3,
  minDifferenceMs: 20,
  minEndpoints: 3,
  minVolume: 20,
};

export const MAX_SERVICES = 1_000;
