/** What a call that is refused at the door rejects with: names the service, and why. */

import { callError, type FairleadError } from '../../core/errors.js';
import type { BreakerView } from './breaker.js';
import type { ThrottleView } from './throttle.js';

export function breakerOpen(service: string, { key, state, nextProbeInMs }: BreakerView): FairleadError {
  const which = key === undefined ? 'its breaker' : `its breaker for '${key}'`;
  const why =
    state === 'isolated'
      ? 'was isolated by hand'
      : state === 'half-open'
        ? 'is half-open, and as many probes as it may send are under way'
        : `is open for another ${Math.ceil(nextProbeInMs ?? 0)} ms`;
  return callError('ERR_BREAKER_OPEN', `${service}: ${which} ${why}`, { service });
}

export function shed(service: string, { ratio, requests, accepts }: ThrottleView): FairleadError {
  const share = `${Math.round(100 * ratio)} %`;
  const why = `the service accepted ${accepts} of the last ${requests} calls, and this client sheds ${share} of them`;
  return callError('ERR_LIMIT_EXCEEDED', `${service}: ${why} (options.throttle)`, { service });
}
