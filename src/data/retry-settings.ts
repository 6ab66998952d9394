/** When a call is tried again by policy: after the request may have reached an endpoint. */

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
  /** Response statuses that are tried again; 429 besides, when it says Retry-After. @default [502, 503, 504] */
  readonly statuses: readonly number[];
  /**
   * Longest Retry-After that is waited for. A longer one, or one past the call's deadline, ends the call with the
   * response as it is. Milliseconds, 0–300 000. @default 10 000
   */
  readonly retryAfterMaxMs: number;
  /** What retries may cost the service, together. */
  readonly budget: RetryBudgetSettings;
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
