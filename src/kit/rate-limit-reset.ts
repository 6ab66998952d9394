/**
 * When a rate limit starts afresh: `RateLimit-Reset` (draft-ietf-httpapi-ratelimit-headers, up to -06: delta-seconds),
 * and `X-RateLimit-Reset`, which some servers give in seconds and others as a Unix time. Envoy takes both forms
 * (`rate_limited_retry_back_off`).
 */

/** Thirty years as a wait, September 2001 as a time: what is larger can only be the latter. */
const SMALLEST_UNIX_TIME = 1_000_000_000;

/**
 * The wait in milliseconds from now: 0 for a time that is past, undefined when the header is absent or no number. As long
 * as it says: cap it.
 *
 * @param wallNowMs calendar time in milliseconds since 1970, against which a Unix time is read
 */
export function parseRateLimitReset(value: string | undefined, wallNowMs: number): number | undefined {
  const text = value?.trim();
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const seconds = Number(text);
  const waitMs = seconds * 1_000 - (seconds >= SMALLEST_UNIX_TIME ? wallNowMs : 0);
  return Math.min(Math.max(0, waitMs), Number.MAX_SAFE_INTEGER);
}
