/**
 * Whom a request goes to that cannot stay where it was picked for: an endpoint of which nothing was heard yet in this
 * call. Nothing of the request has left, so it costs no server anything, needs no backoff and draws on no budget; its
 * one cap is how many are tried.
 */

import type { BalancerLease } from './balancer-lease.js';
import type { CallPickContext, ServiceRoute } from './service-route.js';

/** Picks of one sending, the first one included: enough for a dead zone, not enough to walk a dead fleet. */
export const MAX_PICKS = 6;

/** A lease on an endpoint that the call has not tried; undefined when there is none, or too much in flight. */
export function pickUntried(route: ServiceRoute, context: CallPickContext): BalancerLease | undefined {
  const lease = route.pick(context);
  if (typeof lease === 'string') return undefined;
  if (context.tried?.has(lease.endpoint.id) !== true) return lease;
  // Given back unused: it counts for nothing.
  lease[Symbol.dispose]();
  return undefined;
}
