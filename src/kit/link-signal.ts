/** A link from a caller's signal to something of ours. Calls outlive neither: a signal for a whole process must not collect a listener per call. */

/**
 * Calls `onAbort` once when `signal` aborts, or at once when it has already. The result unlinks: after it no listener is
 * left and `onAbort` is not called any more. Without a signal both do nothing.
 */
export function linkSignal(signal: AbortSignal | undefined, onAbort: (reason: unknown) => void): () => void {
  if (signal === undefined) return nothing;
  if (signal.aborted) {
    onAbort(signal.reason);
    return nothing;
  }
  const listener = (): void => onAbort(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

function nothing(): void {}
