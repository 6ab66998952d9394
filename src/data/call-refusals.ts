/** Why a call could not even try: local and instant, and nothing that an endpoint has to answer for. */

import { callError, describeError, type FairleadError } from '../core/errors.js';

/** @param more what besides is to be said: `, and 100 wait already` */
export function limitExceeded(service: string, more: string = ''): FairleadError {
  const message = `${service}: too many requests in flight from this client${more} (options.limits)`;
  return callError('ERR_LIMIT_EXCEEDED', message, { service });
}

/** For an attempt beside another one: company on the endpoint that hangs would be none. */
export function nobodyElse(service: string): FairleadError {
  return callError('ERR_NO_ENDPOINTS', `${service}: there is no other endpoint to turn to`, { service });
}

/** For what an attempt beside another one still tries after it lost. */
export function answeredFirst(service: string): FairleadError {
  return callError('ERR_ATTEMPT_TIMEOUT', `${service}: another attempt answered first`, { service });
}

export function timeUpElsewhere(service: string, origin: string): FairleadError {
  const message = `${service}: the call's time was over while ${origin}, where a redirect led, had not answered`;
  return callError('ERR_CALL_TIMEOUT', message, { service });
}

/** The call's time is over, and there is nobody to send to yet; `cause` says why. */
export function timeUpInWait(service: string, cause: FairleadError): FairleadError {
  const message = `${service}: the call's time was over before there was an endpoint: ${describeError(cause)}`;
  return callError('ERR_CALL_TIMEOUT', message, { service, cause });
}

/** The request that the call serves had no time left when the call began. */
export function timeUpBefore(service: string): FairleadError {
  return callError('ERR_CALL_TIMEOUT', `${service}: the inbound request has no time left`, { service });
}
