/** Puts an attempt on the wire: its timer starts, and the request goes out under the address of its endpoint. */

import { callError } from '../core/errors.js';
import type { Attempt, Sending } from './attempt.js';
import { tell } from './propagation.js';
import type { Target } from './target.js';
import { failHandler } from './transport/handler-shape.js';
import { watchBody } from './transport/idle-body.js';

export function sendAttempt(attempt: Attempt, target: Target, sending: Sending): void {
  const { route, endpoint } = attempt;
  attempt.begin();
  try {
    if (target.refusal !== undefined)
      throw callError('ERR_ADDRESS_REFUSED', `${route.name}: ${target.refusal}`, { service: route.name });
    const { propagate, bodyIdleTimeoutMs: idleMs } = route.settings;
    const options = propagate === undefined ? sending.options : tell(sending.options, attempt, propagate);
    const handler =
      idleMs === undefined
        ? sending.handler
        : watchBody(sending.handler, idleMs, route.clock, () => attempt.bodyStalled(idleMs));
    route.dispatch(endpoint, target, options, handler, attempt);
  } catch (error) {
    // The platform could not take the request (pool closing, address refused): nothing was sent.
    if (!attempt.failed(error)) failHandler(sending.handler, error);
  }
}
