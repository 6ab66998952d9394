/** What is said of an attempt that waited in vain: one error per limit, naming the address and the time. */

import { callError, type FairleadError } from '../core/errors.js';

export function attemptTimedOut(service: string, address: string, waitedMs: number): FairleadError {
  const message = `${service}: ${address} did not answer within ${Math.round(waitedMs)} ms`;
  return callError('ERR_ATTEMPT_TIMEOUT', message, { service });
}

/** The attempt had time left, but the call had not. */
export function callTimedOut(service: string, address: string): FairleadError {
  const message = `${service}: the call's time was over while ${address} had not answered`;
  return callError('ERR_CALL_TIMEOUT', message, { service });
}

/** The answer had begun, and did not go on. */
export function bodyWentSilent(service: string, address: string, idleMs: number): FairleadError {
  const message = `${service}: ${address} sent nothing of its response's body for ${idleMs} ms (options.bodyIdleTimeoutMs)`;
  return callError('ERR_ATTEMPT_TIMEOUT', message, { service });
}

/** It hung while another attempt of the call answered. */
export function silentMeanwhile(service: string, address: string, waitedMs: number): FairleadError {
  const message = `${service}: ${address} did not answer within ${Math.round(waitedMs)} ms, and another endpoint did`;
  return callError('ERR_ATTEMPT_TIMEOUT', message, { service });
}
