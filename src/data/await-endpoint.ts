/** Waits until a service has somebody to pick, within the service's bound and the call's own time. */

import type { FairleadError } from '../core/errors.js';
import { timeUpInWait } from './call-refusals.js';
import type { ServiceRoute } from './service-route.js';

/** The platform's timers count whole milliseconds and may fire that much too early. */
const EARLY_MS = 1;

/**
 * `done` is called once: without an argument when there is somebody. When the call's time was the shorter one and it is
 * over, the refusal says so, and why nobody was there is its cause.
 *
 * @param leftMs of the call's time
 */
export function awaitEndpoint(
  route: ServiceRoute,
  leftMs: number,
  done: (refusal: FairleadError | undefined) => void,
): Disposable {
  const { selectionTimeoutMs } = route.settings;
  if (leftMs >= selectionTimeoutMs) return route.whenPickable(selectionTimeoutMs, done);
  const waitMs = Math.max(0, leftMs);
  const overAtMs = route.clock.now() + waitMs - EARLY_MS;
  return route.whenPickable(waitMs, (refusal) => {
    const timeUp = refusal !== undefined && route.clock.now() >= overAtMs;
    done(timeUp ? timeUpInWait(route.name, refusal) : refusal);
  });
}
