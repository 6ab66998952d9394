/** A service's state as plain JSON, and in words. */

import { judge, selectEligible } from '../control/eligibility.js';
import type { Endpoint } from '../core/endpoint.js';
import { describeError } from '../core/errors.js';
import type { EndpointSnapshot, Explanation, ResolutionSnapshot, ServiceSnapshot } from './client-snapshot.js';
import { inWords } from './service-errors.js';
import type { Service } from './service.js';

export function snapshotOf(service: Service): ServiceSnapshot {
  const { selection, membership, balancer } = service.state;
  return {
    resolution: resolutionOf(service),
    endpoints: everybody(service).map((endpoint) => endpointOf(endpoint, service)),
    inFlight: balancer.inFlight,
    panic: selection.set.panic && membership.endpoints.length > 0,
    budget: { available: service.budget.level().available },
    ...service.door.snapshot(),
  };
}

export function explanationOf(service: Service): Explanation {
  const { state, settings, clock } = service;
  const { membership, subset, ejection } = state;
  const { draining, refusedReasons } = membership;
  const { panicThreshold } = settings;
  const endpoints = everybody(service);
  const { facts } = selectEligible({
    endpoints,
    refusedReasons,
    draining,
    outside: subset.outside,
    ejection,
    panicThreshold,
    now: clock.now(),
  });
  return {
    service: service.name,
    resolution: inWords(state),
    endpoints: endpoints.map((endpoint) => {
      const { eligible, words } = judge(endpoint, facts);
      return { id: endpoint.id, eligible, words };
    }),
  };
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

function everybody({ state: { membership } }: Service): readonly Endpoint[] {
  const { known, draining } = membership;
  return draining.size === 0 ? known : [...known, ...draining.values()];
}

function endpointOf(endpoint: Endpoint, { state, clock }: Service): EndpointSnapshot {
  const { id, host, port, weight, priority, zone } = endpoint;
  const { membership, subset, ejection, balancer } = state;
  const health = ejection?.state(id);
  const load = balancer.load(id);
  return {
    id,
    host,
    port,
    state: membership.draining.has(id)
      ? 'draining'
      : membership.refusedReasons.has(id)
        ? 'refused'
        : subset.outside.has(id)
          ? 'outside-subset'
          : (health?.kind ?? 'healthy'),
    weight,
    priority,
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
