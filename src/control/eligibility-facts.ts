/** What is known when somebody's eligibility is judged, and the decision that follows from it for one endpoint. */

import type { Endpoint } from '../core/endpoint.js';
import type { EjectionState } from './health/ejection-state.js';
import type { PriorityLevel } from './priority-level.js';

/** What eligibility needs of outlier ejection. */
export interface EjectionView {
  state(id: string): EjectionState;
  /** Ejected or probing. */
  readonly ejectedCount: number;
}

export interface EligibilityInput {
  /** Everybody to be judged: for picking the usable ones are enough, for explaining all that are known. */
  readonly endpoints: readonly Endpoint[];
  /** Id → reason. @default nobody is refused */
  readonly refusedReasons?: ReadonlyMap<string, string>;
  /** Ids that drain. @default nobody drains */
  readonly draining?: { readonly size: number; has(id: string): boolean };
  /** Ids that are left to other clients. @default nobody is */
  readonly outside?: { readonly size: number; has(id: string): boolean };
  /** Undefined when ejection is off. */
  readonly ejection: EjectionView | undefined;
  /** Health is ignored when healthy / total of a priority is below this. Ratio, 0–1; 0 only when nobody is healthy. */
  readonly panicThreshold: number;
  /** Clock time, for the words. */
  readonly now: number;
}

export type IneligibleReason =
  | 'refused'
  | 'draining'
  | 'outside-subset'
  | 'zero-weight'
  /** A better priority is in use. */
  | 'lower-priority'
  /** Healthy, but too few of its priority are; a lower one is in use. */
  | 'unhealthy-priority'
  | 'ejected'
  | 'probing';

/** The decision about the service as a whole, from which the one on each endpoint follows. */
export interface EligibilityFacts extends EligibilityInput {
  /** The priorities, by number. */
  readonly levels: ReadonlyMap<number, PriorityLevel>;
  /** The one in use; undefined when there is nobody. */
  readonly level: PriorityLevel | undefined;
  readonly panic: boolean;
}

/** The decision on one endpoint: undefined when it may be picked. */
export function reasonAgainst(endpoint: Endpoint, facts: EligibilityFacts): IneligibleReason | undefined {
  const barred = barredBy(endpoint, facts);
  if (barred !== undefined) return barred;
  const ownLevel = facts.levels.get(endpoint.priority);
  if (facts.level === undefined || ownLevel === undefined || endpoint.priority > facts.level.priority) {
    return 'lower-priority';
  }
  if (endpoint.weight === 0 && !ownLevel.allZeroWeight) return 'zero-weight';
  const inUse = ownLevel === facts.level;
  if (inUse && facts.panic) return undefined;
  const health = healthOf(endpoint, facts);
  if (health !== 'healthy') return health;
  return inUse ? undefined : 'unhealthy-priority';
}

export function barredBy(
  endpoint: Endpoint,
  input: EligibilityInput,
): 'refused' | 'draining' | 'outside-subset' | undefined {
  if (input.refusedReasons?.has(endpoint.id) === true) return 'refused';
  if (input.draining?.has(endpoint.id) === true) return 'draining';
  return input.outside?.has(endpoint.id) === true ? 'outside-subset' : undefined;
}

export function healthOf(endpoint: Endpoint, input: EligibilityInput): EjectionState['kind'] {
  return input.ejection?.state(endpoint.id).kind ?? 'healthy';
}
