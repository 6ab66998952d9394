import { callError, type FairleadError } from '../core/errors.js';

/** A local, instant refusal: it says nothing about any endpoint. */
export function limitExceeded(service: string): FairleadError {
  return callError('ERR_LIMIT_EXCEEDED', `${service}: too many requests in flight from this client (options.limits)`, {
    service,
  });
}
