/**
 * The control plane of one service behind its discovery: who belongs to it, which part of that this client uses, who is
 * ejected, and who is eligible in the end. Whatever changes one of these ends in a new set for the balancer.
 */

import type { DrainSettings } from '../control/drain/drain-settings.js';
import { createDrainWatch, type DrainWatch, type Leaving } from '../control/drain/drain-watch.js';
import { heeded } from '../control/drain/heeded.js';
import { selectEligible, type Selection } from '../control/eligibility.js';
import { combinedHealth } from '../control/health/combined-health.js';
import { createHealthChecks, type HealthChecks } from '../control/health/health-checks.js';
import type { HealthCheckSettings } from '../control/health/health-check-settings.js';
import type { EjectionView } from '../control/eligibility-facts.js';
import type { Locality, Place } from '../control/locality-settings.js';
import { createOutlierEjection, type OutlierEjection } from '../control/health/outlier-ejection.js';
import { createMembership, type AddressGate, type Membership, type MembershipChange } from '../control/membership.js';
import { createSlowStart, type SlowStart } from '../control/slow-start.js';
import { createSubset, createWholeSet, judgedIds, type Subset } from '../control/subset.js';
import type { Clock } from '../core/clock.js';
import type { EligibleSet } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import type { Random } from '../core/random.js';
import type { SettledAttempt } from '../data/balancer-lease.js';
import { goesByKey } from '../data/pickers/create-policy.js';
import type { HealthAsker } from './health-asker.js';
import type { ServiceAnnouncer } from './service-announcer.js';
import type { ServiceSettings } from './options.js';

export interface ServiceMembersDeps {
  readonly settings: ServiceSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: AddressGate;
  readonly place: Place;
  readonly announcer: ServiceAnnouncer;
  /** Asks an endpoint for an active health check. */
  readonly asker: HealthAsker;
  /** Attempts in flight to an endpoint. */
  readonly inFlightOf: (id: string) => number;
  /** Who may be picked from now on. */
  readonly onSet: (set: EligibleSet) => void;
  /** An endpoint has proved by a probe that it is well: what was held against it is void. */
  readonly onProved: (id: string) => void;
  /** So much is in doubt that discovery should be asked: it may know of a deploy that is under way. */
  readonly onDoubt: () => void;
}

export interface ServiceMembers {
  readonly selection: Selection;
  readonly membership: Membership;
  readonly subset: Subset;
  readonly locality: Locality | undefined;
  readonly ejection: OutlierEjection | undefined;
  /** Ejection and active checks together. */
  readonly health: EjectionView | undefined;
  readonly drain: DrainWatch | undefined;
  /** Who gets no new requests because it is leaving. */
  readonly leaving: ReadonlyMap<string, Leaving> | undefined;
  readonly slowStart: SlowStart | undefined;
  /** Takes what discovery names. Returns the change, and the ids of those that are not used any more. */
  apply(endpoints: readonly Endpoint[]): { readonly change: MembershipChange; readonly unused: readonly string[] };
  /** An attempt is over. */
  settled(attempt: SettledAttempt): void;
  /** An endpoint has answered, whatever it said. */
  heard(id: string, nowMs: number): void;
  /** Nothing is in flight to this endpoint. Says whether it is gone for good, kept for later, or in use. */
  idle(id: string): 'gone' | 'outside' | 'used';
  close(): void;
}

export function createServiceMembers(deps: ServiceMembersDeps): ServiceMembers {
  const { settings, clock, random, announcer } = deps;
  const membership = createMembership({ policy: deps.policy });
  const subset = settings.subset === false ? createWholeSet() : createSubset(settings.subset, random);
  const ejection = settings.ejection === false ? undefined : watchOutliers(settings.ejection);
  const slowStart =
    settings.slowStart === false
      ? undefined
      : createSlowStart({ settings: settings.slowStart, clock, onStep: () => publish() });
  const locality = localityOf(settings, deps.place);
  const checks = settings.healthCheck === false ? undefined : checkActively(settings.healthCheck);
  const health = combinedHealth(ejection, checks);
  const drain = settings.drain === false ? undefined : watchLeavers(settings.drain);
  let selection = select();
  /** Somebody has been there before: who comes now is new. */
  let begun = false;

  function select(): Selection {
    return selectEligible({
      endpoints: subset.endpoints,
      leaving: leaving(),
      ejection: health,
      panicThreshold: settings.panicThreshold,
      locality,
      warming: slowStart?.factors(),
      now: clock.now(),
    });
  }

  function publish(): void {
    const before = selection.set.panic;
    selection = select();
    deps.onSet(selection.set);
    if (selection.set.panic !== before) announcer.panicked(selection);
  }

  function leaving(): ReadonlyMap<string, Leaving> | undefined {
    return drain === undefined ? undefined : heeded(drain.leaving, subset.endpoints, health);
  }

  function checkActively(own: HealthCheckSettings): HealthChecks {
    return createHealthChecks({
      settings: own,
      clock,
      random,
      probe: (endpoint, signal) => deps.asker.ask(endpoint, own, signal),
      onPassed(id) {
        if (own.uneject) ejection?.pardon(id);
      },
      onTurned: (id, healthy, detail) => announcer.checked(id, healthy, detail),
      onChange: publish,
    });
  }

  function watchLeavers(own: DrainSettings): DrainWatch {
    return createDrainWatch({
      settings: own,
      clock,
      inFlightOf: deps.inFlightOf,
      onLeaving(id, sign) {
        announcer.leaving(id, sign, true, own.holdMs);
        // Discovery may know who takes its place.
        deps.onDoubt();
      },
      onStayed(id, sign) {
        announcer.leaving(id, sign, false, own.holdMs);
        // It may be another process at the same address.
        slowStart?.entered(id);
      },
      onChange: publish,
    });
  }

  function watchOutliers(own: Exclude<ServiceSettings['ejection'], false>): OutlierEjection {
    return createOutlierEjection({
      settings: own,
      clock,
      random,
      onEject: (info) => announcer.ejected(info),
      onUneject(info) {
        if (info.by !== 'removal') {
          deps.onProved(info.id);
          slowStart?.entered(info.id);
        }
        announcer.unejected(info);
      },
      onChange() {
        publish();
        if ((ejection?.ejectedCount ?? 0) * 2 >= subset.endpoints.length) deps.onDoubt();
      },
    });
  }

  return {
    membership,
    subset,
    locality,
    ejection,
    health,
    drain,
    get leaving() {
      return leaving();
    },
    slowStart,
    get selection() {
      return selection;
    },
    apply(endpoints) {
      const change = membership.apply(endpoints);
      if (!change.changed) return { change, unused: [] };
      if (drain !== undefined) for (const { id } of change.removed) drain.forget(id);
      if (begun) for (const { id } of change.added) slowStart?.entered(id);
      for (const { id } of change.removed) slowStart?.left(id);
      begun ||= change.added.length > 0;
      const displaced = subset.apply(membership.endpoints);
      if (ejection !== undefined) ejection.setMembers(judgedIds(subset, ejection));
      checks?.setMembers(subset.endpoints);
      publish();
      return { change, unused: [...change.removed.map(({ id }) => id), ...displaced] };
    },
    settled(attempt) {
      ejection?.record(attempt.endpoint.id, attempt.outcome, attempt);
    },
    heard(id, nowMs) {
      ejection?.heard(id, nowMs);
    },
    idle(id) {
      if (membership.drained(id)) {
        deps.asker.drain(id);
        return 'gone';
      }
      if (subset.outside.has(id)) return 'outside';
      const sign = leaving()?.get(id)?.sign;
      // Over its connections one finds out whether who said GOAWAY stays.
      return sign === undefined || sign === 'goaway' ? 'used' : 'outside';
    },
    close() {
      ejection?.close();
      checks?.close();
      deps.asker.close();
      drain?.close();
      slowStart?.close();
    },
  };
}

/** Undefined where nearness does not count: nobody said where the client is, or a key decides, whoever calls. */
function localityOf({ locality, balancer }: ServiceSettings, place: Place): Locality | undefined {
  if (locality === false || (place.region === undefined && place.zone === undefined)) return undefined;
  return goesByKey(balancer) ? undefined : { ...locality, place };
}
