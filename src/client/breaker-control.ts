/** A service's breaker in the hands of an operator. */

import { invalidOption, memberPath } from '../kit/option-error.js';
import type { BreakerControl } from './client.js';
import type { Service } from './service.js';

/** @throws FairleadError `ERR_INVALID_OPTION` when the service has no breaker, or none by key and a key is given */
export function breakerControl({ name, clock, settings, door }: Service, key: string | undefined): BreakerControl {
  const { breakers } = door;
  const path = `${memberPath('services', name)}.breaker`;
  if (breakers === undefined) throw invalidOption(path, 'is off, so there is nothing to isolate or to release');
  if (key !== undefined && settings.breaker !== false && settings.breaker.key === undefined)
    throw invalidOption(`${path}.key`, `is not set, so there is no breaker for '${key}'`);
  return {
    get state() {
      return breakers.named(key).view(clock.now()).state;
    },
    isolate: () => breakers.named(key).isolate(clock.now()),
    release: () => breakers.named(key).release(clock.now()),
  };
}
