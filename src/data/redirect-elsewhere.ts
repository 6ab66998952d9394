/** A redirect that leads a call to a host that is no service: passed through, within the call's time. */

import type { Clock } from '../core/clock.js';
import type { FairleadError } from '../core/errors.js';
import { BoundedExchange } from './bounded-exchange.js';
import type { Router } from './call-input.js';
import type { DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';
import { observeExchange } from './transport/observe-exchange.js';

/** The call, as far as it matters there. */
export interface Redirected {
  readonly remainingMs: number;
  timeUpElsewhere(origin: string): FairleadError;
}

/** @param options without the credentials that were meant for the service */
export function sendElsewhere(
  router: Router,
  clock: Clock,
  call: Redirected,
  options: DispatchOptions,
  handler: DispatchHandler,
): boolean {
  const origin = String(options.origin);
  const bounded = new BoundedExchange(clock, call.remainingMs, handler, () => call.timeUpElsewhere(origin));
  return router.passThrough(options, observeExchange(handler, bounded));
}
