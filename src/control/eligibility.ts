/**
 * The one place that decides who may be picked. Pickers get its result and never ask again; `explain` asks the same
 * function for words, so that what is said is what is done. It runs when something changed, never per pick.
 *
 * In order:
 * 1. Refused and draining endpoints are out, always; so are those outside of this client's subset.
 * 2. Zero weight means no traffic, unless every weight of the priority is zero (RFC 2782 takes those as equal).
 * 3. Calls are spread over priorities by what each can carry, and within each over regions, the client's own first: see
 *    `priority-load.ts`. There it is decided as well where too few are healthy and health is ignored (panic).
 * 4. Ejected and probing endpoints are out, unless their priority panics.
 * 5. Within a priority calls prefer the client's own zone: see `zone-shares.ts`.
 * 6. Endpoints that await their probe are offered apart, in panic too: the probe is how a panic ends. Those of a better
 *    priority than the last one in use are offered as well, or it would never be used again.
 *
 * So the set is never empty while somebody is known, allowed and not draining.
 */

import { EMPTY_SET, type EligibleGroup, type EligibleSet } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import {
  barredBy,
  healthOf,
  isReserve,
  reasonAgainst,
  type EligibilityFacts,
  type EligibilityInput,
  type IneligibleReason,
} from './eligibility-facts.js';
import { eligibleWords, ineligibleWords } from './eligibility-words.js';
import { createGroupBuilder } from './eligible-groups.js';
import { levelsOf } from './priority-level.js';
import { NO_SPLITS, splitLevels } from './zone-split.js';

export interface Selection {
  readonly set: EligibleSet;
  /** Healthy endpoints of the priorities in use. */
  readonly healthyCount: number;
  /** Endpoints of the priorities in use that could be picked if all were healthy. */
  readonly total: number;
  /** What was decided, for {@link judge}. */
  readonly facts: EligibilityFacts;
}

export type Verdict =
  | { readonly eligible: true; readonly words: string }
  | { readonly eligible: false; readonly reason: IneligibleReason; readonly words: string };

export function selectEligible(input: EligibilityInput): Selection {
  const { endpoints } = input;
  const facts = factsOf(input);
  const { inUse } = facts;
  if (inUse.length === 0) return { set: EMPTY_SET, healthyCount: 0, total: 0, facts };
  const healthyCount = inUse.reduce((sum, { healthy }) => sum + healthy, 0);
  const total = inUse.reduce((sum, level) => sum + level.total, 0);
  const isPlain = facts.levels.size === 1 && facts.zones.size === 0 && healthyCount === endpoints.length;
  if (isPlain) return { set: setOf(endpoints, [], facts, undefined), healthyCount, total, facts };

  const eligible: Endpoint[] = [];
  const probes: Endpoint[] = [];
  const groups = createGroupBuilder(facts);
  for (const endpoint of endpoints) {
    const reason = reasonAgainst(endpoint, facts);
    if (reason === undefined) eligible.push(endpoint);
    if (reason === undefined || isReserve(reason, endpoint, facts)) groups.add(endpoint);
    if (reason === 'probing' || (reason === undefined && healthOf(endpoint, facts) === 'probing'))
      probes.push(endpoint);
  }
  return { set: setOf(eligible, probes, facts, groups.groups()), healthyCount, total, facts };
}

/** Why this endpoint may or may not be picked; `facts` are those of the selection. */
export function judge(endpoint: Endpoint, facts: EligibilityFacts): Verdict {
  const reason = reasonAgainst(endpoint, facts);
  if (reason === undefined) return { eligible: true, words: eligibleWords(endpoint, facts) };
  return { eligible: false, reason, words: ineligibleWords(reason, endpoint, facts) };
}

function factsOf(input: EligibilityInput): EligibilityFacts {
  const { locality, panicThreshold } = input;
  const allowed = hasBarred(input)
    ? input.endpoints.filter((endpoint) => barredBy(endpoint, input) === undefined)
    : input.endpoints;
  const isHealthy = hasEjected(input) ? (one: Endpoint): boolean => healthOf(one, input) === 'healthy' : everybody;
  const levels = levelsOf(allowed, isHealthy, panicThreshold, locality?.place.region);
  const inUse = [...levels.values()].filter(({ load }) => load > 0);
  const zones = locality === undefined ? NO_SPLITS : splitLevels(allowed, levels, locality, isHealthy);
  return { ...input, levels, inUse, zones, panic: inUse.some(({ panic }) => panic) };
}

function hasBarred(input: EligibilityInput): boolean {
  return (
    (input.refusedReasons?.size ?? 0) > 0 ||
    (input.draining?.size ?? 0) > 0 ||
    (input.leaving?.size ?? 0) > 0 ||
    (input.outside?.size ?? 0) > 0
  );
}

function hasEjected(input: EligibilityInput): boolean {
  return input.ejection !== undefined && input.ejection.ejectedCount > 0;
}

function everybody(): boolean {
  return true;
}

function setOf(
  endpoints: readonly Endpoint[],
  probes: readonly Endpoint[],
  { panic, warming }: EligibilityFacts,
  groups: readonly EligibleGroup[] | undefined,
): EligibleSet {
  return Object.freeze({ endpoints: frozen(endpoints), probes: frozen(probes), panic, groups, warming });
}

/** A caller's own array is copied, not frozen under its hands. */
function frozen(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  return Object.isFrozen(endpoints) ? endpoints : Object.freeze([...endpoints]);
}
