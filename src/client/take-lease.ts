/** A lease for somebody who sends by a transport of their own: past the door, and then picked. */

import type { Lease, PickContext } from '../core/lease.js';
import { IGNORED } from '../core/outcome.js';
import { leave } from '../data/admission/admission.js';
import { AdmittedLease } from '../data/admission/admitted-lease.js';
import type { Balancer } from '../data/balancer.js';
import { limitExceeded } from '../data/call-refusals.js';
import type { Clock } from '../core/clock.js';
import type { ServiceAdmission } from './service-admission.js';
import { unpickableError } from './service-errors.js';
import type { ServiceState } from './service-state.js';

interface LeasedService {
  readonly name: string;
  readonly clock: Clock;
  readonly door: ServiceAdmission;
  readonly state: ServiceState;
}

/** @throws NoEndpointsError, ERR_LIMIT_EXCEEDED, ERR_BREAKER_OPEN */
export function takeLease(service: LeasedService, balancer: Balancer, context: PickContext): Lease {
  const { name, clock, door } = service;
  const permit = door.admission?.enterAttempt(undefined);
  const lease = balancer.pick(context);
  if (typeof lease === 'string') {
    leave(permit, IGNORED, 0, clock.now());
    throw lease === 'limit' ? limitExceeded(name) : unpickableError(name, service.state, 'ERR_NO_ENDPOINTS');
  }
  return permit === undefined ? lease : new AdmittedLease(lease, permit, clock);
}
