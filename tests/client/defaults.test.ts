import { describe, expect, it } from '@jest/globals';

import { checkClientOptions } from '../../src/client/client-settings.js';
import {
  HEALTH_CHECK_DEFAULTS,
  LATENCY_OUTLIER_DEFAULTS,
  MAX_SERVICES,
  SERVICE_DEFAULTS,
  SLOW_START_DEFAULTS,
  SUBSET_DEFAULTS,
  SUCCESS_RATE_DEFAULTS,
} from '../../src/client/defaults.js';
import { DEFAULT_BREAKER_SETTINGS } from '../../src/data/admission/breaker-settings.js';
import type { ServiceOptions, ServiceSettings } from '../../src/client/options.js';
import { systemClock } from '../../src/core/clock.js';
import { systemRandom } from '../../src/core/random.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';

/** Written out a second time on purpose: a default is a promise, and whoever changes one should have to say so twice. */
const DOCUMENTED = {
  balancer: 'adaptive',
  timeoutMs: 30_000,
  attemptTimeoutMs: 10_000,
  selectionTimeoutMs: 5_000,
  cache: {
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
  },
  retry: {
    maxAttempts: 3,
    backoffBaseMs: 50,
    backoffMaxMs: 1_000,
    retryOn: ['status', 'overload', 'reset', 'timeout', 'protocol'],
    statuses: [502, 503, 504],
    methods: ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'],
    retryAfterMaxMs: 10_000,
    replayBufferBytes: 0,
    budget: { ratio: 0.2, minPerSecond: 3, ttlMs: 10_000 },
  },
  propagate: { noRetryHeader: 'fairlead-no-retry' },
  hedge: { rescue: true, rescueMinMs: 1_000, rescueFactor: 8, minDelayMs: 10, maxRatio: 0.1 },
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
  breaker: false,
  healthCheck: false,
  drain: { connectionClose: true, goAway: true, holdMs: 30_000 },
  throttle: { factor: 2, windowMs: 5_000, minVolume: 50, maxRatio: 0.8 },
  limits: { maxInFlight: 1_024, maxInFlightPerEndpoint: 512, queue: false, adaptive: false },
  panicThreshold: 0.5,
  slowStart: false,
  subset: false,
  locality: { minEndpoints: 6, preferRatio: 1 },
  transport: {
    connectTimeoutMs: 2_000,
    maxConnections: 512,
    keepAliveTimeoutMs: 4_000,
    keepAliveMaxTimeoutMs: 600_000,
    maxConnectionAgeMs: 300_000,
    idlePoolTimeoutMs: 300_000,
    http2: false,
    prewarm: 0,
  },
  allow: {},
  credentialHeaders: [],
};

const BREAKER = {
  windowMs: 10_000,
  minVolume: 20,
  failureThreshold: 0.5,
  slowThreshold: 0.5,
  openMs: 10_000,
  maxOpenMs: 60_000,
  jitterRatio: 0.1,
  probes: 5,
  probeTimeoutMs: 30_000,
  maxKeys: 1_000,
};

const resolver = createManualResolver();

function settingsOf(options: Partial<ServiceOptions> = {}, defaults?: Partial<ServiceOptions>): ServiceSettings {
  const { services } = checkClientOptions({ services: { orders: { resolver, ...options } }, defaults });
  return (services as ReadonlyMap<string, ServiceSettings>).get('orders') as ServiceSettings;
}

describe('defaults', () => {
  it('are the documented numbers', () => {
    expect(SERVICE_DEFAULTS).toEqual(DOCUMENTED);
    expect(MAX_SERVICES).toBe(1_000);
    expect(SUBSET_DEFAULTS).toEqual({ size: 20 });
    expect(SLOW_START_DEFAULTS).toEqual({ windowMs: 30_000, aggression: 1, minWeightRatio: 0.1 });
    expect(settingsOf({ slowStart: { windowMs: 500 } }).slowStart).toEqual({ ...SLOW_START_DEFAULTS, windowMs: 500 });
    expect(HEALTH_CHECK_DEFAULTS).toEqual({
      path: '/',
      intervalMs: 10_000,
      jitterRatio: 0.1,
      timeoutMs: 2_000,
      rise: 2,
      fall: 3,
      maxPerInterval: 100,
      uneject: true,
    });
    expect(SUCCESS_RATE_DEFAULTS).toEqual({ stdevFactor: 1.9, minEndpoints: 5, minVolume: 100 });
    expect(LATENCY_OUTLIER_DEFAULTS).toEqual({ factor: 3, minDifferenceMs: 20, minEndpoints: 3, minVolume: 20 });
    expect(DEFAULT_BREAKER_SETTINGS).toEqual(BREAKER);
  });

  it('of a queue and of an adaptive limit are taken by whoever asks for one', () => {
    const adaptive = { initial: 20, min: 20, max: 200, smoothing: 0.2, queue: 4, tolerance: 1.5, windowMs: 1_000 };
    const { limits } = settingsOf({ limits: { queue: {}, adaptive: {} } });
    expect(limits).toEqual({ ...DOCUMENTED.limits, queue: { size: 100, timeoutMs: 1_000 }, adaptive });
    expect(settingsOf({ limits: { queue: { size: 3 } } }).limits.queue).toEqual({ size: 3, timeoutMs: 1_000 });
    expect(() => settingsOf({ limits: { adaptive: { min: 30 } } })).toThrow(/adaptive.min: must be at most initial/);
    expect(() => settingsOf({ limits: { adaptive: { initial: 300 } } })).toThrow(/initial: must be at most max/);
  });

  it('of a breaker are taken by whoever asks for one', () => {
    expect(settingsOf({ breaker: {} }).breaker).toEqual(BREAKER);
    expect(settingsOf({ breaker: { probes: 2 } }).breaker).toEqual({ ...BREAKER, probes: 2 });
    expect(() => settingsOf({ breaker: { openMs: 60_001 } })).toThrow(/breaker.openMs: must be at most maxOpenMs/);
  });

  it('are what a service runs by that names only its resolver', () => {
    expect(settingsOf()).toEqual({
      ...DOCUMENTED,
      resolver,
      bodyIdleTimeoutMs: undefined,
      tls: undefined,
      classify: undefined,
    });
  });

  it('of the client itself: hosts that are no service pass, a thousand services, the platform for the rest', () => {
    expect(checkClientOptions({ services: {} })).toEqual({
      services: new Map(),
      unlisted: 'pass-through',
      place: {},
      maxServices: 1_000,
      fetch: undefined,
      clock: systemClock,
      random: systemRandom,
    });
  });

  it('stay what they are whatever a service sets', () => {
    settingsOf({ cache: { minTtlMs: 200 }, retry: { statuses: [500], budget: { ratio: 1 } } });
    expect(SERVICE_DEFAULTS).toEqual(DOCUMENTED);
  });

  it('of a group that is off are there when it is turned on', () => {
    expect(settingsOf({ ejection: { successRate: {}, latency: { factor: 5 } } }).ejection).toMatchObject({
      successRate: SUCCESS_RATE_DEFAULTS,
      latency: { ...LATENCY_OUTLIER_DEFAULTS, factor: 5 },
    });
  });

  it('fill in what a partly given group leaves open', () => {
    const settings = settingsOf({ retry: { maxAttempts: 2, budget: { ratio: 0.5 } }, limits: { maxInFlight: 7 } });
    expect(settings.retry).toEqual({
      ...DOCUMENTED.retry,
      maxAttempts: 2,
      budget: { ...DOCUMENTED.retry.budget, ratio: 0.5 },
    });
    expect(settings.limits).toEqual({ ...DOCUMENTED.limits, maxInFlight: 7 });
  });

  it('take zero for zero, not for "not given"', () => {
    const settings = settingsOf({
      selectionTimeoutMs: 0,
      panicThreshold: 0,
      cache: { staleMs: 0, emptyGraceMs: 0, shrinkThreshold: 0, jitterRatio: 0, minRefreshIntervalMs: 0 },
      retry: { backoffBaseMs: 0, backoffMaxMs: 0, retryAfterMaxMs: 0, budget: { ratio: 0, minPerSecond: 0 } },
      ejection: { consecutiveFailures: 0, failureThreshold: 0, jitterRatio: 0, maxEjectedRatio: 0 },
    });
    expect(settings).toMatchObject({
      selectionTimeoutMs: 0,
      panicThreshold: 0,
      cache: { staleMs: 0, emptyGraceMs: 0, shrinkThreshold: 0, jitterRatio: 0, minRefreshIntervalMs: 0 },
      retry: { backoffBaseMs: 0, backoffMaxMs: 0, retryAfterMaxMs: 0, budget: { ratio: 0, minPerSecond: 0 } },
      ejection: { consecutiveFailures: 0, failureThreshold: 0, jitterRatio: 0, maxEjectedRatio: 0 },
    });
  });
});

describe("the client's `defaults`", () => {
  it('lie under the options of every service, field by field', () => {
    const settings = settingsOf(
      { cache: { minTtlMs: 300 }, retry: { budget: { ratio: 0.9 } } },
      { timeoutMs: 7, cache: { minTtlMs: 200, maxTtlMs: 400 }, retry: { maxAttempts: 9, budget: { minPerSecond: 8 } } },
    );
    expect(settings.timeoutMs).toBe(7);
    expect(settings.cache).toMatchObject({ minTtlMs: 300, maxTtlMs: 400, defaultTtlMs: 30_000 });
    expect(settings.retry).toMatchObject({ maxAttempts: 9, budget: { ratio: 0.9, minPerSecond: 8, ttlMs: 10_000 } });
  });

  it('are replaced, not joined, by an array', () => {
    expect(settingsOf({ retry: { statuses: [500] } }, { retry: { statuses: [502, 503] } }).retry).toMatchObject({
      statuses: [500],
    });
    expect(settingsOf({ allow: { ports: [] } }, { allow: { ports: [80], loopback: false } }).allow).toEqual({
      ports: [],
      loopback: false,
    });
  });

  it('can switch a group off, and a service can switch it on again', () => {
    expect(settingsOf({}, { retry: false, ejection: false })).toMatchObject({ retry: false, ejection: false });
    expect(settingsOf({ retry: {}, ejection: { minVolume: 3 } }, { retry: false, ejection: false })).toMatchObject({
      retry: DOCUMENTED.retry,
      ejection: { ...DOCUMENTED.ejection, minVolume: 3 },
    });
  });

  it('can name the resolver of services that have none of their own', () => {
    const { services } = checkClientOptions({ services: { orders: {} }, defaults: { resolver } });
    expect((services as ReadonlyMap<string, ServiceSettings>).get('orders')?.resolver).toBe(resolver);
  });

  it('give way to a resolver of another kind whole', () => {
    const prober = { kind: 'own', resolve: async () => ({ endpoints: [] }) };
    const settings = settingsOf({ resolver: prober }, { resolver });
    expect(settings.resolver).toBe(prober);
  });

  it('lie under what a function gives as well', () => {
    const { services } = checkClientOptions({ services: () => ({ resolver }), defaults: { timeoutMs: 7 } });
    expect((services as (host: string) => ServiceSettings)('orders')).toMatchObject({ timeoutMs: 7, resolver });
  });
});

describe('several resolvers', () => {
  it('are asked in order, as by firstOf', () => {
    const settings = settingsOf({ resolver: [resolver, createManualResolver(['a:1'])] });
    expect(settings.resolver.kind).toBe('first-of(manual,manual)');
  });

  it('are just that one when there is one', () => {
    expect(settingsOf({ resolver: [resolver] }).resolver).toBe(resolver);
  });
});
