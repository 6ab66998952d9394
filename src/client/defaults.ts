/**
 * Every default in one place. What an option does, its unit and its range stand at its declaration; here is the number
 * and where it comes from.
 */

import type { ServiceSettings } from './options.js';

/** Everything but the resolver, which has no default. */
export const SERVICE_DEFAULTS: Omit<ServiceSettings, 'resolver' | 'tls' | 'classify'> = {
  balancer: 'adaptive',
  // A caller who says nothing is a person or another service's handler: both have given up by then.
  timeoutMs: 30_000,
  // A third of the call: two endpoints may hang and the third still answers in time.
  attemptTimeoutMs: 10_000,
  // A process that starts together with its registry; after that, the cause is worth more than the wait.
  selectionTimeoutMs: 5_000,
  cache: {
    // httplb re-resolves no sooner than 5 s, Envoy's DNS refresh is 5 s.
    minTtlMs: 5_000,
    maxTtlMs: 300_000,
    defaultTtlMs: 30_000,
    // RFC 2308 allows hours; a service that nobody serves yet is usually being deployed.
    negativeTtlMs: 5_000,
    // RFC 8767 section 5 suggests one to three days.
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
    statuses: [502, 503, 504],
    retryAfterMaxMs: 10_000,
    budget: { ratio: 0.2, minPerSecond: 3, ttlMs: 10_000 },
  },
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
    probeTimeoutMs: 30_000,
  },
  limits: {
    // Envoy's max_requests.
    maxInFlight: 1_024,
    maxInFlightPerEndpoint: 512,
  },
  panicThreshold: 0.5,
  transport: {
    // One retransmission of the SYN, which TCP sends after a second, fits.
    connectTimeoutMs: 2_000,
    maxConnections: 512,
    // Shorter than the five seconds after which Node's servers close an idle connection.
    keepAliveTimeoutMs: 4_000,
  },
  allow: {},
};

export const MAX_SERVICES = 1_000;
