import { wallNow } from '../../core/clock.js';
import { parseRetryAfter } from '../../kit/retry-after.js';

/** Why a registry could not be asked, and for how long it wants to be left in peace. */
export class RegistryFailure extends Error {
  /** Milliseconds from when it was said; undefined when nothing was. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/** What an answer asks for, where RFC 9110 §10.2.3 and RFC 6585 §4 give that a meaning: too many questions, or out of service. */
export function statedRetryAfterMs({ status, headers }: Response): number | undefined {
  if (status !== 429 && status !== 503) return undefined;
  return parseRetryAfter(headers.get('retry-after') ?? undefined, wallNow());
}
