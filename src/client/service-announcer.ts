/** Tells listeners what happens to one service. Nothing is built for an event that nobody listens to. */

import type { Refusal } from '../control/discovery/read-answer.js';
import type { Leaving } from '../control/drain/drain-watch.js';
import type { Selection } from '../control/eligibility.js';
import type { EjectInfo, UnejectInfo } from '../control/health/ejection-state.js';
import type { MembershipChange } from '../control/membership.js';
import type { Clock } from '../core/clock.js';
import type { CacheFileEvent, EventSink } from '../core/events.js';
import type { Resolution } from '../core/resolution.js';
import type { BreakerChange } from '../data/admission/breaker.js';
import type { ThrottleView } from '../data/admission/throttle.js';

export interface ServiceAnnouncer {
  /** Discovery answered with so many endpoints. */
  answered(resolution: Resolution, endpoints: number): void;
  /** Discovery could not be asked. */
  unanswered(error: unknown, resolution: Resolution): void;
  /** Something became of the list on disk. */
  cacheFile(file: string, event: CacheFileEvent): void;
  changed(change: MembershipChange): void;
  /** Inputs that could not be read. */
  refused(refused: readonly Refusal[]): void;
  ejected(info: EjectInfo): void;
  unejected(info: UnejectInfo): void;
  leaving(id: string, leaving: Leaving, on: boolean, holdMs: number): void;
  checked(id: string, healthy: boolean, detail: string): void;
  panicked(selection: Selection): void;
  breakerChanged(change: BreakerChange): void;
  throttled(on: boolean, view: ThrottleView): void;
}

export function createServiceAnnouncer(
  service: string,
  resolver: string,
  { events, clock }: { readonly events: EventSink; readonly clock: Clock },
): ServiceAnnouncer {
  return {
    answered({ status, held }, endpoints) {
      if (!events.wants('resolve')) return;
      events.emit('resolve', { service, resolver, status, endpoints, ...(held === undefined ? {} : { held }) });
    },
    unanswered(error, { answeredAtMs }) {
      if (!events.wants('resolveError')) return;
      const ageMs = answeredAtMs === undefined ? undefined : clock.now() - answeredAtMs;
      events.emit('resolveError', { service, resolver, error, ageMs });
    },
    cacheFile(file, event) {
      if (events.wants('cacheFile')) events.emit('cacheFile', { service, file, ...event });
    },
    changed({ added, removed, updated, refused: outside }) {
      if (!events.wants('endpoints')) return;
      const refused = outside.map(({ endpoint, reason }) => ({ input: endpoint.id, reason }));
      events.emit('endpoints', { service, added, removed, updated, refused });
    },
    refused(refused) {
      if (events.wants('endpoints'))
        events.emit('endpoints', { service, added: [], removed: [], updated: [], refused });
    },
    ejected({ id, ...rest }) {
      if (events.wants('eject')) events.emit('eject', { service, endpoint: id, ...rest });
    },
    unejected({ id, by }) {
      if (events.wants('uneject')) events.emit('uneject', { service, endpoint: id, by });
    },
    leaving(endpoint, { sign, detail }, on, holdMs) {
      if (events.wants('drain')) events.emit('drain', { service, endpoint, on, sign, detail, holdMs });
    },
    checked(endpoint, healthy, detail) {
      if (events.wants('healthCheck')) events.emit('healthCheck', { service, endpoint, healthy, detail });
    },
    panicked({ set, healthyCount: healthy, total }) {
      if (events.wants('panic')) events.emit('panic', { service, on: set.panic, healthy, total });
    },
    breakerChanged(change) {
      if (events.wants('breaker')) events.emit('breaker', { service, ...change });
    },
    throttled(on, view) {
      if (events.wants('throttle')) events.emit('throttle', { service, on, ...view });
    },
  };
}
