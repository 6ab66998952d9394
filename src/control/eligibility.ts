/**
 * The one place that decides who may be picked. Pickers get its result and never ask again; `explain` asks the same
 * function for words, so that what is said is what is done. It runs when something changed, never per pick.
 *
 * In order:
 * 1. Refused and draining endpoints are out, always; so are those outside of this client's subset.
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
import {
  barredBy,
  healthOf,
  reasonAgainst,
  type EligibilityFacts,
  type EligibilityInput,
  type IneligibleReason,
} from './eligibility-facts.js';
import { eligibleWords, ineligibleWords } from './eligibility-words.js';
import { choosePriority, countLevels, isPanic } from './priority-level.js';

export interface Selection {
  readonly set: EligibleSet;
  /** Healthy endpoints of the priority in use. */
  readonly healthyCount: number;
  /** Endpoints of the priority in use that could be picked if all were healthy. */
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

/** Why this endpoint may or may not be picked; `facts` are those of the selection. */
export function judge(endpoint: Endpoint, facts: EligibilityFacts): Verdict {
  const reason = reasonAgainst(endpoint, facts);
  if (reason === undefined) return { eligible: true, words: eligibleWords(endpoint, facts) };
  return { eligible: false, reason, words: ineligibleWords(reason, endpoint, facts) };
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
  return (input.refusedReasons?.size ?? 0) > 0 || (input.draining?.size ?? 0) > 0 || (input.outside?.size ?? 0) > 0;
}

function hasEjected(input: EligibilityInput): boolean {
  return input.ejection !== undefined && input.ejection.ejectedCount > 0;
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
