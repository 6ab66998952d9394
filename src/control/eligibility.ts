/**
 * The one place that decides who may be picked. Pickers get its result and never ask again; `explain` asks the same
 * function for words, so that what is said is what is done. It runs when something changed, never per pick.
 *
 * In order:
 * 1. Refused and draining endpoints are out, always.
 * 2. Zero weight means no traffic, unless every weight of the priority is zero (RFC 2782 takes those as equal).
 * 3. The lowest priority number is used whose share of healthy endpoints reaches the panic threshold. When none does,
 *    the lowest with any healthy endpoint; when there is none of these either, the lowest.
 * 4. Ejected and probing endpoints are out, unless too few would be left: below the panic threshold everybody of the
 *    priority is used, since the few would be overrun and the verdicts are likely wrong (Envoy `panic_threshold.rst`).
 * 5. Endpoints that await their probe are offered apart, in panic too: the probe is how a panic ends. Those of a higher
 *    priority than the one in use are offered as well, or it would never be used again.
 *
 * So the set is never empty while somebody is known, allowed and not draining.
 */

import { EMPTY_SET, type EligibleSet } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import type { EjectionState } from './health/ejection-state.js';
import { choosePriority, countLevels, isPanic, type PriorityLevel } from './priority-level.js';

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

export interface Selection {
  readonly set: EligibleSet;
  /** Healthy endpoints of the priority in use. */
  readonly healthyCount: number;
  /** Endpoints of the priority in use that could be picked if all were healthy. */
  readonly total: number;
  readonly facts: EligibilityFacts;
}

export function selectEligible(input: EligibilityInput): Selection {
  const { endpoints } = input;
  const facts = factsOf(input);
  const { level } = facts;
  if (level === undefined) return { set: EMPTY_SET, healthyCount: 0, total: 0, facts };
  const counts = { healthyCount: level.healthy, total: level.total };
  if (level.healthy === endpoints.length) return { set: setOf(endpoints, [], false), ...counts, facts };

  const eligible: Endpoint[] = [];
  const probes: Endpoint[] = [];
  for (const endpoint of endpoints) {
    const reason = reasonAgainst(endpoint, facts);
    if (reason === undefined) eligible.push(endpoint);
    if (reason === 'probing' || (reason === undefined && healthOf(endpoint, facts) === 'probing'))
      probes.push(endpoint);
  }
  return { set: setOf(eligible, probes, facts.panic), ...counts, facts };
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

function factsOf(input: EligibilityInput): EligibilityFacts {
  const levels = countLevels(
    hasBarred(input) ? input.endpoints.filter((endpoint) => barredBy(endpoint, input) === undefined) : input.endpoints,
    hasEjected(input) ? (endpoint) => healthOf(endpoint, input) === 'healthy' : everybody,
  );
  const level = choosePriority(levels, input.panicThreshold);
  return { ...input, levels, level, panic: level !== undefined && isPanic(level, input.panicThreshold) };
}

function hasBarred(input: EligibilityInput): boolean {
  return (input.refusedReasons?.size ?? 0) > 0 || (input.draining?.size ?? 0) > 0;
}

function barredBy(endpoint: Endpoint, input: EligibilityInput): 'refused' | 'draining' | undefined {
  if (input.refusedReasons?.has(endpoint.id) === true) return 'refused';
  return input.draining?.has(endpoint.id) === true ? 'draining' : undefined;
}

function hasEjected(input: EligibilityInput): boolean {
  return input.ejection !== undefined && input.ejection.ejectedCount > 0;
}

function healthOf(endpoint: Endpoint, input: EligibilityInput): EjectionState['kind'] {
  return input.ejection?.state(endpoint.id).kind ?? 'healthy';
}

function everybody(): boolean {
  return true;
}

function setOf(endpoints: readonly Endpoint[], probes: readonly Endpoint[], panic: boolean): EligibleSet {
  return Object.freeze({ endpoints: frozen(endpoints), probes: frozen(probes), panic });
}

/** A caller's own array is copied, not frozen under its hands. */
function frozen(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return Object.isFrozen(endpoints) ? endpoints : Object.freeze([...endpoints]);
}
