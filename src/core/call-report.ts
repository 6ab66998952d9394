/** What happened during a call, attempt by attempt: on responses (`getCall`), on errors and in events. */

import type { Outcome } from './outcome.js';

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
}

export interface CallReport {
  readonly service: string;
  /** Id of the endpoint whose answer the caller got; undefined when there is none. */
  readonly endpoint: string | undefined;
  readonly attempts: readonly AttemptReport[];
  /** From the call to the response's headers or the error. */
  readonly durationMs: number;
  /** Why the last attempt was not retried, when it failed: for example `'budget'` or `'method'`. */
  readonly notRetried: string | undefined;
}
