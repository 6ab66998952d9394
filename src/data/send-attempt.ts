/** Puts an attempt on the wire: its timer starts, and the request goes out under the address of its endpoint. */

import { callError } from '../core/errors.js';
import type { Attempt } from './attempt.js';
import { tell } from './propagation.js';
import type { Target } from './target.js';
import { failHandler } from './transport/handler-shape.js';
import { routeOptions } from './transport/route-options.js';

export function sendAttempt(attempt: Attempt, target: Target): void {
  const { route, endpoint, sending } = attempt;
  attempt.begin();
  try {
    if (target.refusal !== undefined)
      throw callError('ERR_ADDRESS_REFUSED', `${route.name}: ${target.refusal}`, { service: route.name });
    const options = routeOptions(sending.options, target);
    // The attempt has a timeout of its own; undici's would cut in at five minutes.
    options.headersTimeout ??= 0;
    const { propagate } = route.settings;
    if (propagate !== undefined) tell(options, attempt, propagate);
    route.dispatch(endpoint, options, sending.handler, attempt);
  } catch (error) {
    // The platform could not take the request (pool closing, address refused): nothing was sent.
    if (!attempt.failed(error)) failHandler(sending.handler, error);
  }
}
