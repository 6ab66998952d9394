/**
 * Whether a call that has failed above the wire is tried again, and after how long. The first rule that says no is the
 * reason that events and reports give, so the order is from the caller's own choice to what circumstances forbid.
 */

import { fullJitter } from '../kit/backoff.js';
import type { Attempt } from './attempt.js';
import type { Call } from './call.js';
import { isUnprocessed } from './transport/unprocessed.js';

export type NoRetryReason =
  'off' | 'not-retryable' | 'method' | 'body' | 'max-attempts' | 'retry-after' | 'deadline' | 'budget';

export type RetryVerdict =
  { readonly retry: true; readonly delayMs: number } | { readonly retry: false; readonly reason: NoRetryReason };

/** What only the layer above knows of the request; asked only after a failure, for it costs to find out. */
export interface Repeatability {
  /** False when the caller wants no retries for this call. */
  mayRetry(): boolean;
  /** Idempotent by method, by key, or because the caller says so. */
  isIdempotent(): boolean;
  /** The body can be sent again from the start. */
  isReplayable(): boolean;
}

/** `retries`: how many this call has had by policy. */
export function decideRetry(call: Call, failed: Attempt, retries: number, request: Repeatability): RetryVerdict {
  const { retry } = call.route.settings;
  if (retry === false || !request.mayRetry()) return no('off');
  if (!isRetryable(failed, retry.statuses)) return no('not-retryable');
  if (!request.isIdempotent() && !isUnprocessed(failed.error)) return no('method');
  if (!request.isReplayable()) return no('body');
  if (retries + 1 >= retry.maxAttempts) return no('max-attempts');
  const askedMs = failed.retryAfterMs;
  if (askedMs !== undefined && askedMs > retry.retryAfterMaxMs) return no('retry-after');
  const backoffMs = fullJitter(retry.backoffBaseMs, retry.backoffMaxMs, retries, call.route.random);
  const delayMs = Math.max(askedMs ?? 0, backoffMs);
  if (delayMs >= call.remainingMs) return no('deadline');
  if (!call.route.budget.tryWithdraw()) return no('budget');
  return { retry: true, delayMs };
}

function isRetryable(attempt: Attempt, statuses: readonly number[]): boolean {
  const { outcome, status } = attempt;
  if (outcome === undefined) return false;
  if (outcome.kind === 'overload')
    return outcome.retryAfterMs !== undefined || (status !== undefined && statuses.includes(status));
  if (outcome.kind !== 'failure') return false;
  if (status !== undefined) return statuses.includes(status);
  // A failure before anything was sent has had its failovers; more of the same endpoints would not help.
  return attempt.sent;
}

function no(reason: NoRetryReason): RetryVerdict {
  return { retry: false, reason };
}
