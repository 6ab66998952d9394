/**
 * The policy retries of one call, run by p-retry. The first attempt is made outside, so that a healthy call never
 * comes here; p-retry's own backoff is off (its jitter vanishes at its cap), the wait happens in `shouldRetry`, where
 * Retry-After and the call's deadline are known.
 */

import pRetry from 'p-retry';

import { describeError } from '../core/errors.js';
import type { Call } from './call.js';
import { decideRetry, type Repeatability } from './retry-policy.js';

/** How one round above the wire ended: with something to return (if only a 503), or with an error. */
export type Round<T> =
  { readonly value: T; readonly error?: undefined } | { readonly value?: undefined; readonly error: unknown };

export interface RepeatableRequest<T> extends Repeatability {
  /** Sends the request once more. Never rejects. */
  again(): Promise<Round<T>>;
  /** Frees what a response that nobody will read holds. */
  discard(value: T): void;
}

/** p-retry decides by the error's class, and in Jest the platform's errors have another one: it only ever sees this. */
class RoundFailed<T> extends Error {
  readonly round: Round<T>;

  constructor(round: Round<T>) {
    super('attempt failed');
    this.round = round;
  }
}

/** The last round: the one to give to the caller. */
export async function retryCall<T>(call: Call, first: Round<T>, request: RepeatableRequest<T>): Promise<Round<T>> {
  let retries = 0;
  const run = async (attemptNumber: number): Promise<Round<T>> => {
    const round = attemptNumber === 1 ? first : await request.again();
    if (attemptNumber > 1 && !call.aborted) call.route.budget.retried(round.error === undefined && call.isSuccess);
    if (call.aborted || (round.error === undefined && call.isSuccess)) return round;
    throw new RoundFailed(round);
  };
  const shouldRetry = async ({ error }: { error: Error }): Promise<boolean> => {
    const delayMs = retryDelay(call, retries, request);
    if (delayMs === undefined) return false;
    retries++;
    call.retrying = true;
    const { value } = (error as RoundFailed<T>).round;
    if (value !== undefined) request.discard(value);
    if (delayMs > 0) await call.sleep(delayMs);
    return true;
  };
  try {
    // How often is shouldRetry's decision as well: the call must hear why not.
    return await pRetry(run, { retries: Number.POSITIVE_INFINITY, minTimeout: 0, shouldRetry });
  } catch (error) {
    return (error as RoundFailed<T>).round;
  }
}

/** How long to wait before the next attempt; undefined for none. Says so in an event either way. */
function retryDelay(call: Call, retries: number, request: Repeatability): number | undefined {
  const failed = call.last;
  if (failed === undefined || call.refusal !== undefined) return undefined;
  const verdict = decideRetry(call, failed, retries, request);
  failed.notRetried = call.notRetried = verdict.retry ? undefined : verdict.reason;
  const { events, name } = call.route;
  if (events.wants('retry')) {
    const cause = failed.error === undefined ? `status ${failed.status}` : describeError(failed.error);
    const base = { service: name, attempt: failed.number, cause };
    if (verdict.retry) events.emit('retry', { ...base, delayMs: verdict.delayMs });
    else events.emit('retry', { ...base, delayMs: 0, refused: verdict.reason });
  }
  return verdict.retry ? verdict.delayMs : undefined;
}
