/** What happened during a call, attempt by attempt: on responses (`getCall`), on errors and in events. */

import type { Outcome } from './outcome.js';

/**
 * Why a failed call was not tried again: the first rule that said no, from the caller's own choice to what circumstances
 * forbid.
 */
export type NotRetried =
  /** Retries are off, for the service or for this call. */
  | 'off'
  /** The call serves one that is a retry already: whoever sent that retries, and nobody below. */
  | 'chain'
  /** This failure is none that `statuses`, `retryOn` or `shouldRetry` ask to be tried again. */
  | 'not-retryable'
  /** `shouldRetry` said no. */
  | 'should-retry'
  /** The request may not be sent twice: not idempotent by method or key, nor declared so. */
  | 'method'
  /** The body cannot be sent again. */
  | 'body'
  /** The body was longer than `replayBufferBytes`. */
  | 'body-limit'
  /** `maxAttempts` are spent. */
  | 'max-attempts'
  /** The endpoint asked for a longer wait than `retryAfterMaxMs`. */
  | 'retry-after'
  /** Too little of the call's time is left for another attempt to answer in. */
  | 'deadline'
  /** The service's budget is empty. */
  | 'budget';

export interface AttemptReport {
  /** Counted from 1. */
  readonly attempt: number;
  /** Endpoint id. */
  readonly endpoint: string;
  /** `host:port` that was dialled. */
  readonly address: string;
  /** Why it was sent: the first try, a failover before anything was sent, a retry by policy, or beside an attempt that was overdue (`rescue`) or merely slow (`hedge`). */
  readonly kind: 'first' | 'failover' | 'retry' | 'rescue' | 'hedge';
  /** Milliseconds after the call began. */
  readonly startedAfterMs: number;
  /** Until response headers or failure. */
  readonly durationMs: number;
  readonly status: number | undefined;
  readonly outcome: Outcome;
  /** The failure in words, with the system's error code; undefined when there was a response. */
  readonly error: string | undefined;
  /** Whether any byte of the request may have reached the endpoint. */
  readonly sent: boolean;
  /**
   * On the last attempt of a call that failed: why no other one followed, as in {@link CallReport.notRetried}, but for a
   * body that cannot be sent again, which has a code. Not yet known in an `attempt` event; a `retry` event follows.
   */
  readonly notRetried?: Exclude<NotRetried, 'body'> | 'ERR_BODY_NOT_REPLAYABLE' | undefined;
}

export interface CallReport {
  readonly service: string;
  /** Id of the endpoint whose answer the caller got; undefined when there is none. */
  readonly endpoint: string | undefined;
  readonly attempts: readonly AttemptReport[];
  /** From the call to the response's headers or the error. */
  readonly durationMs: number;
  /** Why the last attempt was not retried, when it failed. */
  readonly notRetried: NotRetried | undefined;
}
