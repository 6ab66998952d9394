/** A service's state as plain JSON, and in words. */

import { reasonAgainst, type EligibilityFacts } from '../control/eligibility-facts.js';
import { judge, selectEligible } from '../control/eligibility.js';
import { standingOf } from '../control/priority-level.js';
import type { EligibleGroup } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import { describeError } from '../core/errors.js';
import type {
  EndpointSnapshot,
  Explanation,
  GroupSnapshot,
  ResolutionSnapshot,
  ServiceSnapshot,
} from './client-snapshot.js';
import { inWords } from './service-errors.js';
import type { Service } from './service.js';

export function snapshotOf(service: Service): ServiceSnapshot {
  const { selection, membership, balancer } = service.state;
  const { endpoints, facts } = judged(service);
  return {
    resolution: resolutionOf(service),
    endpoints: endpoints.map((endpoint) => endpointOf(endpoint, facts, service)),
    inFlight: balancer.inFlight,
    panic: selection.set.panic && membership.endpoints.length > 0,
    groups: (selection.set.groups ?? []).map(groupOf),
    budget: service.budget.level(),
    limits: service.limits.snapshot(),
    ...service.door.snapshot(),
  };
}

export function explanationOf(service: Service): Explanation {
  const { endpoints, facts } = judged(service);
  return {
    service: service.name,
    resolution: inWords(service.state),
    endpoints: endpoints.map((endpoint) => {
      const { eligible, words } = judge(endpoint, facts);
      return { id: endpoint.id, eligible, words };
    }),
  };
}

/** Everybody there is, and what decides on them now: the same function that the balancer's set comes from. */
function judged({
  state,
  settings,
  clock,
}: Service): Pick<EligibilityFacts, 'endpoints'> & { facts: EligibilityFacts } {
  const { membership, subset, locality, ejection, slowStart, leaving } = state;
  const { known, draining, refusedReasons } = membership;
  const endpoints = draining.size === 0 ? known : [...known, ...draining.values()];
  const { panicThreshold } = settings;
  const { outside } = subset;
  const now = clock.now();
  const { facts } = selectEligible({
    endpoints,
    refusedReasons,
    draining,
    leaving,
    outside,
    ejection,
    panicThreshold,
    locality,
    warming: slowStart?.factors(),
    now,
  });
  return { endpoints, facts };
}

function groupOf({ rank, zone, share, endpoints }: EligibleGroup): GroupSnapshot {
  const { priority, far } = standingOf(rank);
  return { priority, otherRegion: far, zone, share, endpoints: endpoints.length };
}

function resolutionOf({ state, settings, clock }: Service): ResolutionSnapshot {
  const { status, answeredAtMs, error, failingSinceMs, held, restored } = state.resolution;
  const now = clock.now();
  return {
    resolver: settings.resolver.kind,
    status,
    ageMs: answeredAtMs === undefined ? undefined : now - answeredAtMs,
    stale: status === 'found' && (error !== undefined || restored),
    restored,
    error: error === undefined ? undefined : describeError(error),
    failingForMs: failingSinceMs === undefined ? undefined : now - failingSinceMs,
    held,
  };
}

function endpointOf(endpoint: Endpoint, facts: EligibilityFacts, { state, clock }: Service): EndpointSnapshot {
  const ineligible = reasonAgainst(endpoint, facts);
  const { id, host, port, weight, priority, region, zone } = endpoint;
  const { membership, subset, ejection, balancer } = state;
  const health = ejection?.state(id);
  const load = balancer.load(id);
  return {
    id,
    host,
    port,
    state:
      membership.draining.has(id) || state.leaving?.has(id) === true
        ? 'draining'
        : membership.refusedReasons.has(id)
          ? 'refused'
          : subset.outside.has(id)
            ? 'outside-subset'
            : (health?.kind ?? 'healthy'),
    warmingRatio: facts.warming?.get(id),
    eligible: ineligible === undefined,
    ineligible,
    weight,
    priority,
    region,
    zone,
    inFlight: load?.inFlight ?? 0,
    latencyMs: load?.latencyMs,
    failureScore: load?.failureScore ?? 0,
    ejection:
      health?.kind === 'ejected'
        ? {
            reason: health.reason,
            detail: health.detail,
            remainingMs: Math.max(0, health.untilMs - clock.now()),
            times: health.times,
          }
        : undefined,
  };
}
