/** What `snapshot()` and `explain()` return: plain JSON, for a dashboard, a log line or a person. */

import type { IneligibleReason } from '../control/eligibility-facts.js';
import type { BreakerStateName, EjectionReason } from '../core/events.js';
import type { ResolutionStatus } from '../core/resolution.js';
import type { RetryBudgetLevel } from '../data/retry-budget.js';

export interface ClientSnapshot {
  readonly closed: boolean;
  readonly services: Readonly<Record<string, ServiceSnapshot>>;
}

export interface ServiceSnapshot {
  readonly resolution: ResolutionSnapshot;
  readonly endpoints: readonly EndpointSnapshot[];
  /** Attempts in flight to all endpoints. */
  readonly inFlight: number;
  /** Health is ignored, in one priority at least, because too few endpoints are well. */
  readonly panic: boolean;
  /** How calls divide among priorities and zones; empty while there is nothing to divide. */
  readonly groups: readonly GroupSnapshot[];
  readonly budget: BudgetSnapshot;
  /** The service's own first, then those of keys; empty without the `breaker` option. */
  readonly breakers: readonly BreakerSnapshot[];
  readonly limits: LimitSnapshot;
  /** Undefined when it is off. */
  readonly throttle: ThrottleSnapshot | undefined;
}

export interface ResolutionSnapshot {
  /** Kind of the resolver, for example `'dns'`. */
  readonly resolver: string;
  readonly status: ResolutionStatus;
  /** Since the last answer; undefined before the first. Milliseconds. */
  readonly ageMs: number | undefined;
  /** What is served is older than it should be, because asking fails or discovery has not answered since the start. */
  readonly stale: boolean;
  /** What is served comes from the file of an earlier process, and discovery has not confirmed it yet. */
  readonly restored: boolean;
  /** Why asking fails; undefined when the last question was answered. */
  readonly error: string | undefined;
  /** How long asking has failed. Milliseconds. */
  readonly failingForMs: number | undefined;
  /** A suspicious answer that is kept back for now. */
  readonly held: 'empty' | 'shrunk' | undefined;
}

/** Endpoints among which the balancer chooses. */
export interface GroupSnapshot {
  readonly priority: number;
  /** In other regions than the client's. */
  readonly otherRegion: boolean;
  /** Undefined where zones are not told apart, and for endpoints that name none. */
  readonly zone: string | undefined;
  /** Of all calls; at 0 it is in reserve, for attempts of calls that have tried everybody before it. Ratio, 0–1. */
  readonly share: number;
  /** How many. */
  readonly endpoints: number;
}

export interface EndpointSnapshot {
  readonly id: string;
  readonly host: string;
  readonly port: number | undefined;
  /** `refused` by the address policy; `draining` after removal; `outside-subset` of this client; `ejected` and `probing` by outlier ejection. */
  readonly state: 'healthy' | 'unhealthy' | 'ejected' | 'probing' | 'draining' | 'refused' | 'outside-subset';
  /** Whether it gets calls. */
  readonly eligible: boolean;
  /** Why it gets none: what `explain()` says in words. */
  readonly ineligible: IneligibleReason | undefined;
  /** Share of its weight that it has while it warms up; undefined when it does not. Ratio, 0–1. */
  readonly warmingRatio: number | undefined;
  readonly weight: number;
  readonly priority: number;
  readonly region: string | undefined;
  readonly zone: string | undefined;
  readonly inFlight: number;
  /** Own average of the time to response headers; undefined before the first. Milliseconds. */
  readonly latencyMs: number | undefined;
  /** What recent failures add to the cost of picking this endpoint; fades. */
  readonly failureScore: number;
  readonly ejection: EjectionSnapshot | undefined;
}

export interface EjectionSnapshot {
  readonly reason: EjectionReason;
  readonly detail: string;
  /** Until a probe may go. Milliseconds. */
  readonly remainingMs: number;
  /** Which sentence in a row it is. */
  readonly times: number;
}

export interface BreakerSnapshot {
  /** Undefined for the service's own. */
  readonly key: string | undefined;
  readonly state: BreakerStateName;
  /** Calls within the window; half-open, probes that have ended. */
  readonly calls: number;
  readonly failures: number;
  readonly slow: number;
  /** How many times in a row it has opened. */
  readonly times: number;
  /** When a probe may go, in milliseconds since 1970: while open, and while all probes are under way. */
  readonly nextProbeAt: number | undefined;
  /** The same from now. Milliseconds. */
  readonly nextProbeInMs: number | undefined;
}

export interface LimitSnapshot {
  /** Attempts that may be in flight now: `limits.maxInFlight`, or less with `limits.adaptive`. */
  readonly maxInFlight: number;
  /** Calls that wait for a place; 0 without `limits.queue`. */
  readonly waiting: number;
}

export interface ThrottleSnapshot {
  /** Share of calls that are shed now; 0 while the service accepts enough of them, or while there are few. */
  readonly ratio: number;
  /** Calls of the throttle's window: accepted, rejected or shed. */
  readonly requests: number;
  readonly accepts: number;
}

export type BudgetSnapshot = RetryBudgetLevel;

/** Why each endpoint would or would not be picked now. */
export interface Explanation {
  readonly service: string;
  /** The state of discovery in a sentence. */
  readonly resolution: string;
  readonly endpoints: readonly { readonly id: string; readonly eligible: boolean; readonly words: string }[];
}
