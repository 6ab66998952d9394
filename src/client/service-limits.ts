/** How much of one service may be in flight, and who waits for a place. */

import type { Clock } from '../core/clock.js';
import type { FairleadError } from '../core/errors.js';
import { createAdaptiveLimit, type AdaptiveLimit } from '../data/admission/adaptive-limit.js';
import { createWaitQueue } from '../data/admission/wait-queue.js';
import type { Balancer } from '../data/balancer.js';
import type { SettledAttempt } from '../data/balancer-lease.js';
import { limitExceeded } from '../data/call-refusals.js';
import type { PlaceGiver } from '../data/service-route.js';
import type { LimitSnapshot } from './client-snapshot.js';
import type { ServiceSettings } from './options.js';

export interface ServiceLimits extends PlaceGiver {
  /** Undefined when only the fixed limits hold. */
  readonly adaptive: AdaptiveLimit | undefined;
  /** An attempt is over, and no longer in flight. */
  settled(attempt: SettledAttempt): void;
  /** Somebody else may be picked from now on. */
  changed(): void;
  /** Sends away who waits. */
  close(refusal: FairleadError): void;
  snapshot(): LimitSnapshot;
}

export function createServiceLimits(
  service: string,
  { limits }: ServiceSettings,
  clock: Clock,
  balancer: () => Balancer,
): ServiceLimits {
  const adaptive = limits.adaptive === false ? undefined : createAdaptiveLimit(limits.adaptive);
  const queue =
    limits.queue === false
      ? undefined
      : createWaitQueue({ service, settings: limits.queue, clock, hasPlace: () => balancer().hasPlace() });
  const admit = (): void => {
    if (queue !== undefined && queue.size > 0) queue.admit();
  };
  return {
    adaptive,
    whenFree(timeoutMs, done) {
      if (queue !== undefined) return queue.enter(timeoutMs, done);
      done(limitExceeded(service));
      return NOTHING;
    },
    settled({ outcome, latencyMs }) {
      adaptive?.settled(outcome, latencyMs, balancer().inFlight + 1, clock.now());
      admit();
    },
    changed: admit,
    close(refusal) {
      queue?.close(refusal);
    },
    snapshot: () => ({ maxInFlight: balancer().limit, waiting: queue?.size ?? 0 }),
  };
}

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };
