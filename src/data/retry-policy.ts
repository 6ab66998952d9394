/**
 * Whether a call that has failed above the wire is tried again, and after how long. The first rule that says no is the
 * reason that events and reports give, so the order is from the caller's own choice to what circumstances forbid.
 */

import type { NotRetried } from '../core/call-report.js';
import { fullJitter } from '../kit/backoff.js';
import { askShouldRetry } from './ask-should-retry.js';
import type { Attempt } from './attempt.js';
import type { Call } from './call.js';
import type { RetryCondition, RetrySettings } from './retry-settings.js';
import { isUnprocessed } from './transport/unprocessed.js';

export type RetryVerdict =
  { readonly retry: true; readonly delayMs: number } | { readonly retry: false; readonly reason: NotRetried };

/** What only the layer above knows of the request; asked only after a failure, for it costs to find out. */
export interface Repeatability {
  /** False when the caller wants no retries for this call. */
  mayRetry(): boolean;
  /** Idempotent by method, by key, or because the caller says so. */
  isIdempotent(): boolean;
  /** The body can be sent again from the start. */
  isReplayable(): boolean;
  /** It cannot, because it was longer than what is kept. */
  isTooLong(): boolean;
}

/** `retries`: how many this call has had by policy. */
export function decideRetry(call: Call, failed: Attempt, retries: number, request: Repeatability): RetryVerdict {
  const { retry } = call;
  if (retry === false || !request.mayRetry()) return no('off');
  if (call.noRetry) return no('chain');
  const asked = askShouldRetry(retry.shouldRetry, call, failed, retries);
  if (asked === false) return no('should-retry');
  if (asked === undefined && !isRetryable(failed, retry)) return no('not-retryable');
  // What nobody has processed may go out again, whatever it means.
  if (failed.sent && !request.isIdempotent() && !isUnprocessed(failed.error)) return no('method');
  if (!request.isReplayable()) return no(request.isTooLong() ? 'body-limit' : 'body');
  if (retries + 1 >= retry.maxAttempts) return no('max-attempts');
  const askedMs = failed.retryAfterMs;
  if (askedMs !== undefined && askedMs > retry.retryAfterMaxMs) return no('retry-after');
  const backoffMs = fullJitter(retry.backoffBaseMs, retry.backoffMaxMs, retries, call.route.random);
  const delayMs = Math.max(askedMs ?? 0, backoffMs);
  if (!couldFinish(call, delayMs)) return no('deadline');
  if (!call.route.budget.tryWithdraw()) return no('budget');
  return { retry: true, delayMs };
}

/**
 * An attempt that begins with less time than half of the service's answers took would most likely be cut off: work for
 * the endpoint, and nothing for the caller. Where no latencies are known, or `hedge: false` keeps none, any time will do.
 */
function couldFinish(call: Call, delayMs: number): boolean {
  const leftMs = call.remainingMs - delayMs;
  return leftMs > 0 && leftMs >= (call.route.hedging?.medianMs() ?? 0);
}

function isRetryable(attempt: Attempt, { retryOn, statuses }: RetrySettings): boolean {
  const { outcome, status } = attempt;
  if (outcome === undefined || outcome.kind === 'ignored') return false;
  const listed = status !== undefined && statuses.includes(status);
  if (outcome.kind === 'overload')
    return retryOn.includes('overload') && (listed || outcome.retryAfterMs !== undefined);
  if (status !== undefined) return listed && retryOn.includes('status');
  return outcome.kind === 'failure' && retryOn.includes(conditionOf(attempt, outcome.reason));
}

/** Without a response. Failover has tried others when nothing was sent; a classifier may give any reason. */
function conditionOf({ sent }: Attempt, reason: string): RetryCondition {
  if (!sent) return 'connect';
  return reason === 'timeout' || reason === 'protocol' ? reason : 'reset';
}

function no(reason: NotRetried): RetryVerdict {
  return { retry: false, reason };
}
