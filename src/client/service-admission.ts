/** What stands at the door of one service: its breakers, the throttle, and what retries may cost. */

import { wallNow, type Clock } from '../core/clock.js';
import type { EventSink } from '../core/events.js';
import type { Random } from '../core/random.js';
import { createAdmission, type Admission } from '../data/admission/admission.js';
import type { BreakerView } from '../data/admission/breaker.js';
import { createBreakers, type Breakers } from '../data/admission/breakers.js';
import { createThrottle } from '../data/admission/throttle.js';
import { createRetryBudget, type RetryBudget } from '../data/retry-budget.js';
import type { RetryBudgetSettings } from '../data/retry-settings.js';
import type { BreakerSnapshot, ThrottleSnapshot } from './client-snapshot.js';
import type { ServiceSettings } from './options.js';
import type { ServiceAnnouncer } from './service-announcer.js';

export interface ServiceAdmission {
  /** Undefined when nobody is ever refused. */
  readonly admission: Admission | undefined;
  readonly breakers: Breakers | undefined;
  readonly budget: RetryBudget;
  snapshot(): AdmissionSnapshot;
}

export interface AdmissionSnapshot {
  readonly breakers: readonly BreakerSnapshot[];
  readonly throttle: ThrottleSnapshot | undefined;
}

const NO_RETRIES: RetryBudgetSettings = { ratio: 0, minPerSecond: 0, ttlMs: 10_000 };

export function createServiceAdmission(
  service: string,
  settings: ServiceSettings,
  { clock, random, events }: { readonly clock: Clock; readonly random: Random; readonly events: EventSink },
  announcer: ServiceAnnouncer,
): ServiceAdmission {
  const { breaker } = settings;
  let told = false;
  const breakers =
    breaker === false
      ? undefined
      : createBreakers({
          settings: breaker,
          random,
          onChange: (change) => announcer.breakerChanged(change),
          onBadKey(what) {
            if (told || !events.wants('warning')) return;
            told = true;
            events.emit('warning', { service, message: `options.breaker.key ${what}` });
          },
        });
  const throttle =
    settings.throttle === false
      ? undefined
      : createThrottle(settings.throttle, clock, random, (on, view) => announcer.throttled(on, view));
  const byKey = breaker !== false && breaker.key !== undefined;
  const { retry } = settings;
  return {
    breakers,
    budget: createRetryBudget(
      retry === false ? NO_RETRIES : retry.budget,
      clock,
      () => throttle?.isRejecting() === true,
    ),
    admission:
      breakers === undefined && throttle === undefined
        ? undefined
        : createAdmission({ service, clock, breakers, byKey, throttle }),
    snapshot: () => ({
      breakers: breakers?.views(clock.now()).map(breakerSnapshot) ?? [],
      throttle: throttle?.view(),
    }),
  };
}

function breakerSnapshot({ nextProbeInMs, ...rest }: BreakerView): BreakerSnapshot {
  return {
    ...rest,
    nextProbeInMs,
    nextProbeAt: nextProbeInMs === undefined ? undefined : Math.round(wallNow() + nextProbeInMs),
  };
}
