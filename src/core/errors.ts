/**
 * One family of errors. Every failure that the library reports has a stable `code`, names the service and what was
 * tried, and carries the root cause. Where plain fetch rejects with a `TypeError`, ours *is* one, so that existing
 * checks keep working; the brand, not the prototype, makes it a {@link FairleadError}.
 */

import type { AttemptReport } from './call-report.js';

export type ErrorCode =
  | 'ERR_UNKNOWN_SERVICE'
  | 'ERR_RESOLUTION_FAILED'
  | 'ERR_NO_ENDPOINTS'
  | 'ERR_ALL_ATTEMPTS_FAILED'
  | 'ERR_CALL_TIMEOUT'
  | 'ERR_ATTEMPT_TIMEOUT'
  | 'ERR_BREAKER_OPEN'
  | 'ERR_LIMIT_EXCEEDED'
  | 'ERR_ADDRESS_REFUSED'
  | 'ERR_BODY_NOT_REPLAYABLE'
  | 'ERR_INVALID_OPTION'
  | 'ERR_CLIENT_CLOSED';

/** Shared by every copy of the library in a process (ESM beside CJS, two versions). */
const BRAND: unique symbol = Symbol.for('fairlead.error') as never;

export interface ErrorDetails {
  readonly service?: string | undefined;
  readonly attempts?: readonly AttemptReport[];
  readonly cause?: unknown;
}

/** Base class. `instanceof` goes by the brand, so it holds for branded `TypeError`s and across copies of the library. */
export class FairleadError extends Error {
  readonly code: ErrorCode;
  readonly service: string | undefined;
  /** Every try, in order; empty when nothing was tried. */
  readonly attempts: readonly AttemptReport[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(`${code}: ${message}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = TIMEOUT_CODES.has(code) ? 'TimeoutError' : 'FairleadError';
    this.code = code;
    this.service = details.service;
    this.attempts = details.attempts ?? [];
    brand(this);
  }

  static [Symbol.hasInstance](value: unknown): boolean {
    // A subclass narrows by its code; the base takes every branded error.
    return isFairleadError(value) && (!('CODE' in this) || value.code === this.CODE);
  }
}

/** What `pick` throws when nothing is known yet, or nobody is there. */
export class NoEndpointsError extends FairleadError {
  static readonly CODE: ErrorCode = 'ERR_NO_ENDPOINTS';

  constructor(message: string, details?: ErrorDetails) {
    super('ERR_NO_ENDPOINTS', message, details);
  }
}

export function isFairleadError(value: unknown): value is FairleadError {
  return typeof value === 'object' && value !== null && (value as { [BRAND]?: unknown })[BRAND] === true;
}

const TIMEOUT_CODES: ReadonlySet<ErrorCode> = new Set(['ERR_CALL_TIMEOUT', 'ERR_ATTEMPT_TIMEOUT']);

/** Conditions that plain fetch reports as `TypeError: fetch failed`: the service cannot be reached. */
const NETWORK_CODES: ReadonlySet<ErrorCode> = new Set([
  'ERR_UNKNOWN_SERVICE',
  'ERR_RESOLUTION_FAILED',
  'ERR_NO_ENDPOINTS',
  'ERR_ALL_ATTEMPTS_FAILED',
  'ERR_ADDRESS_REFUSED',
]);

/** Makes the error that a call rejects with: a branded `TypeError` for network conditions, a `FairleadError` otherwise. */
export function callError(code: ErrorCode, message: string, details: ErrorDetails = {}): FairleadError {
  if (!NETWORK_CODES.has(code)) return new FairleadError(code, message, details);
  const error = new TypeError(
    `${code}: ${message}`,
    details.cause === undefined ? undefined : { cause: details.cause },
  ) as TypeError & { code: ErrorCode; service: string | undefined; attempts: readonly AttemptReport[] };
  error.code = code;
  error.service = details.service;
  error.attempts = details.attempts ?? [];
  brand(error);
  return error;
}

function brand(error: Error): void {
  Object.defineProperty(error, BRAND, { value: true });
}

/** An error in one line: its system code when it has one, and its message; the members of an aggregate, the innermost cause. */
export function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const { code, message, cause, errors } = error as {
    code?: unknown;
    message?: unknown;
    cause?: unknown;
    errors?: unknown;
  };
  if (Array.isArray(errors) && errors.length > 0 && !message) return describeError(errors[0]);
  // Fetch wraps what happened in 'fetch failed'; the reader wants what happened.
  if (cause !== undefined && cause !== error && (message === 'fetch failed' || message === 'terminated'))
    return describeError(cause);
  const text = typeof message === 'string' && message !== '' ? message : Object.prototype.toString.call(error);
  return typeof code === 'string' && !text.includes(code) ? `${code}: ${text}` : text;
}
