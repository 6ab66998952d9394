/**
 * How an attempt ended, by the built-in rules. A user's `classify` is asked first; what it leaves open is decided here.
 *
 * The question is "what does this say about the endpoint?", not "is the caller happy?": a 404 is a healthy answer, a
 * 429 comes from an endpoint that is alive and asks for less, a 503 without Retry-After from one that is broken.
 */

import { wallNow } from '../core/clock.js';
import type { Classifier, FailureReason, Outcome } from '../core/outcome.js';
import { SUCCESS } from '../core/outcome.js';
import { parseRateLimitReset } from '../kit/rate-limit-reset.js';
import { parseRetryAfter } from '../kit/retry-after.js';

export type HeaderLookup = (name: string) => string | undefined;

/** Longest Retry-After that is believed (linkerd `retry_after.rs` caps at the same five minutes). */
const LONGEST_RETRY_AFTER_MS = 300_000;

/** Of the 5xx, these describe the request and would come from every endpoint (RFC 9110 §15.6.2, §15.6.6). */
const NOT_THE_ENDPOINTS_FAULT: ReadonlySet<number> = new Set([501, 505]);

export function classifyResponse(
  classifier: Classifier | undefined,
  method: string,
  status: number,
  header: HeaderLookup,
): Outcome {
  // The normal case first: it must cost nothing.
  if (classifier === undefined && status < 429) return SUCCESS;
  return classifier?.({ method, status, header }) ?? outcomeOfStatus(status, header);
}

function outcomeOfStatus(status: number, header: HeaderLookup): Outcome {
  if (status === 429 || status === 503) {
    const wait = askedWait(status, header);
    if (wait !== undefined) return { kind: 'overload', status, retryAfterMs: Math.min(wait, LONGEST_RETRY_AFTER_MS) };
    if (status === 429) return { kind: 'overload', status };
  }
  if (status >= 500 && !NOT_THE_ENDPOINTS_FAULT.has(status)) return { kind: 'failure', reason: 'status', status };
  return SUCCESS;
}

/** Retry-After goes before RateLimit-Reset (draft-ietf-httpapi-ratelimit-headers), which also stands on answers that limit nothing: only on a 429 is it a request. */
function askedWait(status: number, header: HeaderLookup): number | undefined {
  const wait = parseRetryAfter(header('retry-after'), wallNow());
  if (wait !== undefined || status !== 429) return wait;
  return parseRateLimitReset(header('ratelimit-reset') ?? header('x-ratelimit-reset'), wallNow());
}

export function classifyError(
  classifier: Classifier | undefined,
  method: string,
  error: unknown,
  sent: boolean,
): Outcome {
  return classifier?.({ method, error, header: noHeader }) ?? { kind: 'failure', reason: reasonOf(error, sent) };
}

function noHeader(): undefined {
  return undefined;
}

function reasonOf(error: unknown, sent: boolean): FailureReason {
  if (!sent) return 'connect';
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    name?: unknown;
  };
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT' || name === 'TimeoutError')
    return 'timeout';
  if (name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') return 'protocol';
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'protocol';
  return 'reset';
}

/** Errors that our side made: the caller aborted, cancelled the body, closed the client, or handed in a request that cannot be sent. */
export function isLocalError(error: unknown): boolean {
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as {
    code?: unknown;
    name?: unknown;
  };
  return name === 'AbortError' || LOCAL_CODES.has(code);
}

const LOCAL_CODES: ReadonlySet<unknown> = new Set([
  'ERR_CLIENT_CLOSED',
  'UND_ERR_ABORTED',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH',
  'UND_ERR_NOT_SUPPORTED',
]);
