/**
 * Of what a source may ask for: one that says "come back tomorrow" would otherwise leave a client without news until then,
 * by mistake or by malice.
 */
const LONGEST_MS = 60_000;

/**
 * How long its source wants to be left in peace after this failure, in milliseconds: what the error carries as
 * `retryAfterMs`, a minute at most. Undefined when it wants nothing.
 */
export function retryAfterOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { retryAfterMs } = error as { retryAfterMs?: unknown };
  return typeof retryAfterMs === 'number' && retryAfterMs > 0 ? Math.min(retryAfterMs, LONGEST_MS) : undefined;
}
