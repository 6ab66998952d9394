/**
 * Where a redirect may lead a call. The answer of an endpoint is input, like the answer of a registry: it must not turn
 * a client that has access to much into the hands of one that has not.
 *
 * - From https it leads to https only (as Java's HttpClient does by default, and unlike fetch).
 * - To a service: one of that service's endpoints is picked, under that service's address policy.
 * - To a host that is no service: under the policy of the service that was called.
 *
 * The caller's credentials stay behind whenever the origin changes; see credentials.ts.
 */

import { callError, isFairleadError, type FairleadError } from '../core/errors.js';
import { BoundedExchange } from './bounded-exchange.js';
import type { Router } from './call-input.js';
import type { ServiceRoute } from './service-route.js';
import type { DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';
import { observeExchange } from './transport/observe-exchange.js';

/**
 * Why a redirect must not be followed; undefined when it may.
 *
 * @param from the origin that the caller asked for
 * @param next the service at `to`; undefined when its host is none
 */
export function refuseRedirect(
  route: ServiceRoute,
  router: Router,
  from: string,
  to: string,
  next: ServiceRoute | undefined,
): FairleadError | undefined {
  if (from.startsWith('https:') && !to.startsWith('https:')) {
    const message = `${route.name}: a redirect leads from https to ${to}, and such redirects are not followed`;
    return callError('ERR_ADDRESS_REFUSED', message, { service: route.name });
  }
  return next === undefined ? (router.refuse(to) ?? route.refuseElsewhere(to)) : undefined;
}

/** The call, as far as it matters to hosts that are no service. */
export interface Redirected {
  readonly remainingMs: number;
  /** Why no attempt could be made, when that is what ended the call. */
  refusal: FairleadError | undefined;
  timeUpElsewhere(origin: string): FairleadError;
}

/**
 * Passes a redirect's request through to a host that is no service, within the call's time.
 *
 * @param options without the credentials that were meant for the service
 */
export function sendElsewhere(
  route: ServiceRoute,
  call: Redirected,
  options: DispatchOptions,
  handler: DispatchHandler,
): boolean {
  const origin = String(options.origin);
  const onTimeUp = (): FairleadError => call.timeUpElsewhere(origin);
  const onFailed = (error: unknown): void => {
    // What a name resolved to was refused when it was dialled.
    if (isFairleadError(error) && error.code === 'ERR_ADDRESS_REFUSED') call.refusal = error;
  };
  const bounded = new BoundedExchange(route.clock, call.remainingMs, handler, onTimeUp, onFailed);
  return route.dispatchElsewhere(options, observeExchange(handler, bounded));
}
