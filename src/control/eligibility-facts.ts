/** What is known when somebody's eligibility is judged, and the decision that follows from it for one endpoint. */

import type { Endpoint } from '../core/endpoint.js';
import type { Leaving } from './drain/drain-watch.js';
import type { HealthState } from './health/ejection-state.js';
import type { Locality } from './locality-settings.js';
import { rankOf, type PriorityLevel, type PriorityLevels } from './priority-level.js';
import type { ZoneSplits } from './zone-split.js';

/** What eligibility needs of outlier ejection. */
export interface EjectionView {
  state(id: string): HealthState;
  /** Ejected, probing, or unhealthy. */
  readonly ejectedCount: number;
}

export interface EligibilityInput {
  /** Everybody to be judged: for picking the usable ones are enough, for explaining all that are known. */
  readonly endpoints: readonly Endpoint[];
  /** Id → reason. @default nobody is refused */
  readonly refusedReasons?: ReadonlyMap<string, string>;
  /** Ids that drain. @default nobody drains */
  readonly draining?: { readonly size: number; has(id: string): boolean };
  /** Id → who says that it is leaving, and is heeded. @default nobody does */
  readonly leaving?: ReadonlyMap<string, Leaving> | undefined;
  /** Ids that are left to other clients. @default nobody is */
  readonly outside?: { readonly size: number; has(id: string): boolean };
  /** Undefined when ejection is off. */
  readonly ejection: EjectionView | undefined;
  /** Health may be ignored where healthy / total is below this. Ratio, 0–1; 0 only when nobody is healthy. */
  readonly panicThreshold: number;
  /** Undefined where it does not count how near an endpoint is. */
  readonly locality?: Locality | undefined;
  /** Id → share of its weight, of those that warm up. @default nobody does */
  readonly warming?: ReadonlyMap<string, number> | undefined;
  /** Clock time, for the words. */
  readonly now: number;
}

export type IneligibleReason =
  | 'refused'
  | 'draining'
  | 'outside-subset'
  | 'zero-weight'
  /** Better priorities carry all calls. */
  | 'lower-priority'
  /** Those of the client's own region carry all calls. */
  | 'other-region'
  /** The client's own zone carries all calls, or others have more to spare. */
  | 'other-zone'
  /** Healthy, but too few of its priority are; others are in use. */
  | 'unhealthy-priority'
  | 'ejected'
  | 'probing'
  /** By active checks. */
  | 'unhealthy';

/** The decision about the service as a whole, from which the one on each endpoint follows. */
export interface EligibilityFacts extends EligibilityInput {
  /** The priorities, by rank. */
  readonly levels: PriorityLevels;
  /** The levels that get calls, in order; empty when there is nobody. */
  readonly inUse: readonly PriorityLevel[];
  readonly zones: ZoneSplits;
  /** Somewhere health is ignored. */
  readonly panic: boolean;
}

/** The decision on one endpoint: undefined when it may be picked. */
export function reasonAgainst(endpoint: Endpoint, facts: EligibilityFacts): IneligibleReason | undefined {
  const barred = barredBy(endpoint, facts);
  if (barred !== undefined) return barred;
  const level = levelOf(endpoint, facts);
  const last = facts.inUse.at(-1);
  if (last === undefined || level === undefined) return 'lower-priority';
  if (level.rank > last.rank) return level.priority > last.priority ? 'lower-priority' : 'other-region';
  if (!hasWeight(endpoint, level)) return 'zero-weight';
  if (level.load > 0 && level.panic) return undefined;
  const health = healthOf(endpoint, facts);
  if (health !== 'healthy') return health;
  if (level.load === 0) return 'unhealthy-priority';
  return zoneShareOf(endpoint, level, facts) === 0 ? 'other-zone' : undefined;
}

/** Whether it could take over for those that get calls, did a call try all of these: a reserve. */
export function isReserve(reason: IneligibleReason, endpoint: Endpoint, facts: EligibilityFacts): boolean {
  if (reason === 'other-zone' || reason === 'unhealthy-priority') return true;
  if (reason !== 'lower-priority' && reason !== 'other-region') return false;
  const level = levelOf(endpoint, facts);
  return level !== undefined && hasWeight(endpoint, level) && healthOf(endpoint, facts) === 'healthy';
}

export function levelOf(endpoint: Endpoint, { levels, locality }: EligibilityFacts): PriorityLevel | undefined {
  return levels.get(rankOf(endpoint, locality?.place.region));
}

/** Of the calls of its level; undefined where zones do not count. */
export function zoneShareOf(endpoint: Endpoint, level: PriorityLevel, facts: EligibilityFacts): number | undefined {
  return facts.zones.get(level.rank)?.get(endpoint.zone);
}

export function barredBy(
  endpoint: Endpoint,
  input: EligibilityInput,
): 'refused' | 'draining' | 'outside-subset' | undefined {
  if (input.refusedReasons?.has(endpoint.id) === true) return 'refused';
  if (input.draining?.has(endpoint.id) === true || input.leaving?.has(endpoint.id) === true) return 'draining';
  return input.outside?.has(endpoint.id) === true ? 'outside-subset' : undefined;
}

export function healthOf(endpoint: Endpoint, input: EligibilityInput): HealthState['kind'] {
  return input.ejection?.state(endpoint.id).kind ?? 'healthy';
}

function hasWeight(endpoint: Endpoint, level: PriorityLevel): boolean {
  return endpoint.weight > 0 || level.allZeroWeight;
}
