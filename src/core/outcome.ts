/** How one attempt ended, seen from the endpoint's health: the only thing that flows from the data plane up. */

export type FailureReason = 'connect' | 'timeout' | 'reset' | 'status' | 'protocol';

export type Outcome =
  | { readonly kind: 'success' }
  | { readonly kind: 'failure'; readonly reason: FailureReason; readonly status?: number }
  /** The endpoint is alive and asks for less: 429, or 503 with Retry-After. */
  | { readonly kind: 'overload'; readonly status?: number; readonly retryAfterMs?: number }
  /** Says nothing about the endpoint: the caller aborted, or a hedge lost. */
  | { readonly kind: 'ignored' };

export const SUCCESS: Outcome = Object.freeze({ kind: 'success' });
export const IGNORED: Outcome = Object.freeze({ kind: 'ignored' });

const REASONS: ReadonlySet<unknown> = new Set<FailureReason>(['connect', 'timeout', 'reset', 'status', 'protocol']);

/** Whether what a user's classifier returned is one of the four. */
export function isOutcome(value: unknown): value is Outcome {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, reason, retryAfterMs } = value as { kind?: unknown; reason?: unknown; retryAfterMs?: unknown };
  if (kind === 'failure') return REASONS.has(reason);
  if (kind === 'overload') return retryAfterMs === undefined || (typeof retryAfterMs === 'number' && retryAfterMs >= 0);
  return kind === 'success' || kind === 'ignored';
}

/** What a {@link Classifier} looks at: a response's status and headers, or the error that took its place. */
export interface ClassifyInput {
  readonly method: string;
  readonly status?: number;
  /** Value of a response header by its lower-case name. */
  header(name: string): string | undefined;
  readonly error?: unknown;
}

/** Says how an attempt ended; undefined leaves the decision to the built-in rules. */
export type Classifier = (input: ClassifyInput) => Outcome | undefined;
