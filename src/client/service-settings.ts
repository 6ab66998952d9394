/** From what the caller wrote to what the service runs by: checked, merged and defaulted, in a copy of our own. */

import type { EjectionSettings } from '../control/health/ejection-settings.js';
import { firstOf } from '../control/resolvers/first-of.js';
import { FairleadError } from '../core/errors.js';
import type { Resolver } from '../core/resolver.js';
import { DEFAULT_BREAKER_SETTINGS } from '../data/admission/breaker-settings.js';
import { DEFAULT_ADAPTIVE_LIMIT_SETTINGS } from '../data/admission/gradient-settings.js';
import { DEFAULT_LIMIT_QUEUE_SETTINGS } from '../data/admission/limit-queue-settings.js';
import type { LimitSettings } from '../data/balancer-settings.js';
import { RING_HASH_DEFAULTS } from '../data/policy-options.js';
import { mergeOptions, type MergeRules } from '../kit/merge-options.js';
import { invalidOption } from '../kit/option-error.js';
import { isPrime, primeFrom } from '../kit/prime.js';
import {
  HEALTH_CHECK_DEFAULTS,
  LATENCY_OUTLIER_DEFAULTS,
  SERVICE_DEFAULTS,
  SLOW_START_DEFAULTS,
  SUBSET_DEFAULTS,
  SUCCESS_RATE_DEFAULTS,
} from './defaults.js';
import type { ServiceOptions, ServiceSettings } from './options.js';
import { defaultsSchema, serviceSchema } from './service-schema.js';
import { checkTls } from './wire-schema.js';

/**
 * @param shared `ClientOptions.defaults`, checked
 * @param path of the options, for messages: `services.orders`
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function serviceSettings(options: unknown, shared: Partial<ServiceOptions>, path: string): ServiceSettings {
  const own = serviceSchema.parse(mergeOptions(shared, defaultsSchema.parse(options, path), RULES), path);
  const { resolver, ...rest } = own;
  const merged = mergeOptions<object>(SERVICE_DEFAULTS, rest, RULES) as Omit<ServiceSettings, 'resolver'>;
  const settings: ServiceSettings = {
    ...merged,
    tls: own.tls,
    bodyIdleTimeoutMs: own.bodyIdleTimeoutMs,
    classify: own.classify,
    resolver: single(resolver, path),
    breaker: merged.breaker === false ? false : { ...DEFAULT_BREAKER_SETTINGS, ...merged.breaker },
    credentialHeaders: merged.credentialHeaders.map((name) => name.toLowerCase()),
    slowStart: merged.slowStart === false ? false : { ...SLOW_START_DEFAULTS, ...merged.slowStart },
    limits: withOwnDefaults(merged.limits),
    subset: merged.subset === false ? false : { ...SUBSET_DEFAULTS, ...merged.subset },
    healthCheck: merged.healthCheck === false ? false : { ...HEALTH_CHECK_DEFAULTS, ...merged.healthCheck },
    ejection: merged.ejection === false ? false : withComparisons(merged.ejection),
  };
  checkPairs(settings, path);
  checkTls(own.tls, `${path}.tls`);
  checkBalancer(settings.balancer, `${path}.balancer`);
  return settings;
}

/** What is off by default has its own defaults for whoever turns it on. */
function withComparisons(ejection: EjectionSettings): EjectionSettings {
  const { successRate, latency } = ejection;
  return {
    ...ejection,
    successRate: successRate === false ? false : { ...SUCCESS_RATE_DEFAULTS, ...successRate },
    latency: latency === false ? false : { ...LATENCY_OUTLIER_DEFAULTS, ...latency },
  };
}

function withOwnDefaults(limits: LimitSettings): LimitSettings {
  const { queue, adaptive } = limits;
  return {
    ...limits,
    queue: queue === false ? false : { ...DEFAULT_LIMIT_QUEUE_SETTINGS, ...queue },
    adaptive: adaptive === false ? false : { ...DEFAULT_ADAPTIVE_LIMIT_SETTINGS, ...adaptive },
  };
}

/**
 * A resolver is taken whole: two of them must not become one with the methods of both. So is a balancer: options of one
 * policy are none of another's; and so are the callers of zones, which count beside each other.
 */
const RULES: MergeRules = { whole: new Set(['resolver', 'balancer', 'callers']) };

function single(resolver: ServiceOptions['resolver'], path: string): Resolver {
  if (!Array.isArray(resolver)) return resolver as Resolver;
  const all = resolver as readonly Resolver[];
  if (all.length === 0)
    throw new FairleadError('ERR_INVALID_OPTION', `${path}.resolver: must name at least one resolver, got []`);
  return all.length === 1 ? (all[0] as Resolver) : firstOf(...all);
}

/** Bounds that one option sets for another. */
function checkPairs({ cache, ejection, breaker, limits }: ServiceSettings, path: string): void {
  atMost(`${path}.cache.minTtlMs`, cache.minTtlMs, 'maxTtlMs', cache.maxTtlMs);
  if (cache.fileMaxAgeMs !== undefined)
    atMost(`${path}.cache.fileMaxAgeMs`, cache.fileMaxAgeMs, 'staleMs', cache.staleMs);
  atMost(`${path}.cache.retryBaseMs`, cache.retryBaseMs, 'retryMaxMs', cache.retryMaxMs);
  if (ejection !== false)
    atMost(`${path}.ejection.baseEjectionMs`, ejection.baseEjectionMs, 'maxEjectionMs', ejection.maxEjectionMs);
  if (breaker !== false) atMost(`${path}.breaker.openMs`, breaker.openMs, 'maxOpenMs', breaker.maxOpenMs);
  if (limits.adaptive === false) return;
  const { initial, min, max } = limits.adaptive;
  atMost(`${path}.limits.adaptive.min`, min, 'initial', initial);
  atMost(`${path}.limits.adaptive.initial`, initial, 'max', max);
}

function checkBalancer(balancer: ServiceSettings['balancer'], path: string): void {
  if (typeof balancer !== 'object') return;
  if (balancer.policy === 'ring-hash') {
    const { minRingSize, maxRingSize } = { ...RING_HASH_DEFAULTS, ...balancer };
    atMost(`${path}.minRingSize`, minRingSize, 'maxRingSize', maxRingSize);
  }
  if (balancer.policy !== 'maglev' || balancer.tableSize === undefined || isPrime(balancer.tableSize)) return;
  const { tableSize } = balancer;
  throw invalidOption(
    `${path}.tableSize`,
    `must be a prime, got ${tableSize}; the next one is ${primeFrom(tableSize)}`,
  );
}

function atMost(path: string, value: number, otherName: string, other: number): void {
  if (value > other)
    throw new FairleadError('ERR_INVALID_OPTION', `${path}: must be at most ${otherName} (${other}), got ${value}`);
}
