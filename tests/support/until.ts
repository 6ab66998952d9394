export interface UntilOptions {
  /** @default 5_000 */
  readonly timeoutMs?: number;
  /** @default 20 */
  readonly intervalMs?: number;
  /** What is waited for, for the message. */
  readonly what: string;
}

/**
 * Waits for something that a real system will do in its own time. Answers the first value that is neither false nor
 * undefined nor an exception; after the timeout the last exception is the cause.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  { timeoutMs = 5_000, intervalMs = 20, what }: UntilOptions,
): Promise<Exclude<T, false | undefined>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await predicate();
      if (value !== false && value !== undefined) return value as Exclude<T, false | undefined>;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`, { cause });
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
}
