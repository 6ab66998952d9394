/** When a call is tried again by policy: after the request may have reached an endpoint. */

import type { Outcome } from '../core/outcome.js';

export interface RetrySettings {
  /**
   * Tries that may reach a server, the first one included; failovers before anything was sent are not counted.
   * Integer, 1–10. @default 3 (gRFC A6 practice; AWS "standard" mode)
   */
  readonly maxAttempts: number;
  /** Full-jitter backoff before retry n waits U(0, min(`backoffMaxMs`, this × 2ⁿ⁻¹)). Milliseconds, 0–60 000. @default 50 */
  readonly backoffBaseMs: number;
  /** Upper bound of one backoff. Milliseconds, 0–300 000. @default 1000 */
  readonly backoffMaxMs: number;
  /**
   * What is tried again: `status` (one of `statuses`), `overload` (the endpoint asks for less and says for how long, or by
   * one of `statuses`), `reset` (the connection broke), `timeout` (no answer within `attemptTimeoutMs`), `protocol` (an
   * answer that is no HTTP), `connect` (no connection to any endpoint that failover has tried; any method).
   * @default ['status', 'overload', 'reset', 'timeout', 'protocol']
   */
  readonly retryOn: readonly RetryCondition[];
  /**
   * Response statuses that are tried again; 429 besides, when it says Retry-After. Integers, 400–599.
   * @default [502, 503, 504]
   */
  readonly statuses: readonly number[];
  /**
   * Methods of requests that may be sent twice. Others may with an `Idempotency-Key` header, which all attempts share, or
   * where the call says `idempotent: true`. @default ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'] (RFC 9110 §9.2.2)
   */
  readonly methods: readonly string[];
  /**
   * Asked after a failure, before any other rule but `retry: false`. True tries again what `retryOn` and `statuses` do not
   * list, false nothing; undefined leaves it to them. No answer overrides `methods`, the body, `maxAttempts`, the deadline
   * or the budget. One that throws has not answered; a `warning` event says so. @default none
   */
  readonly shouldRetry?: ShouldRetry | undefined;
  /**
   * Longest wait that an endpoint may ask for, by Retry-After (seconds or a date) or, with a 429, RateLimit-Reset. A longer one, or one past the call's deadline, ends the call with the
   * response as it is. Milliseconds, 0–300 000. @default 10 000
   */
  readonly retryAfterMaxMs: number;
  /**
   * Bytes of a request body that are kept while it is sent, if it is a stream, an iterable or the body of a `Request`, so that it can
   * be sent again. A longer one is sent once, and the reason why no retry follows is `body-limit`. Integer, 0–67 108 864; 0 keeps nothing.
   * @default 0 (64 KiB, as in linkerd, is a good size)
   */
  readonly replayBufferBytes: number;
  /** What retries may cost the service, together. */
  readonly budget: RetryBudgetSettings;
}

export type RetryCondition = 'status' | 'overload' | 'reset' | 'timeout' | 'protocol' | 'connect';

export type ShouldRetry = (failure: RetryContext) => boolean | undefined;

/** What {@link RetrySettings.shouldRetry} decides on. */
export interface RetryContext {
  readonly service: string;
  readonly method: string;
  /** Endpoint id. */
  readonly endpoint: string;
  /** Number of the attempt that failed, counted from 1, failovers included. */
  readonly attempt: number;
  /** Retries that this call has had. */
  readonly retries: number;
  readonly outcome: Outcome;
  /** Undefined when there was no response. */
  readonly status: number | undefined;
  /** Undefined when there was one. */
  readonly error: unknown;
  /** Whether any byte of the request may have reached the endpoint. */
  readonly sent: boolean;
  /** Of the call's time. */
  readonly remainingMs: number;
  /** Value of a response header by its lower-case name. */
  header(name: string): string | undefined;
}

export interface RetryBudgetSettings {
  /** Retries per call that the service's traffic allows. Ratio, 0–1. @default 0.2 (Finagle `RetryBudget`) */
  readonly ratio: number;
  /**
   * Upper bound of the floor that lets a quiet client retry at all. The floor itself shrinks with the client's own
   * rate (2·√calls in the window), so that many small clients do not make a storm. Retries per second, 0–1000. @default 3
   */
  readonly minPerSecond: number;
  /** How long a call's share lasts. Milliseconds, 1000–60 000. @default 10 000 (Finagle) */
  readonly ttlMs: number;
}
