/**
 * The Retry-After header (RFC 9110 §10.2.3): delta-seconds, or an HTTP-date. Which statuses it counts on and how much
 * of it is believed are the caller's rules; vectors are those of linkerd (`linkerd/http/classify/src/retry_after.rs`).
 */

import { parseHttpDate } from '../core/clock.js';

/**
 * The wait that the header asks for, in milliseconds from now: 0 when its date is past, undefined when it is absent or
 * neither form. Never Infinity, but as long as it says: cap it.
 *
 * @param wallNowMs calendar time in milliseconds since 1970, against which a date is read
 */
export function parseRetryAfter(value: string | undefined, wallNowMs: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || text === '') return undefined;
  // 1*DIGIT: "-1", "1.5", "+1" and "1e3" are no delta-seconds, and Number() would take them all.
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, Number.MAX_SAFE_INTEGER);
  const at = parseHttpDate(text);
  return at === undefined ? undefined : Math.max(0, at - wallNowMs);
}
