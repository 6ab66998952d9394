/** Whether calls wait for a place when too much is in flight, and how long. */

export interface LimitQueueSettings {
  /** Calls that wait at a time; further ones are refused at once. Integer, 1–100 000. @default 100 */
  readonly size: number;
  /** How long a call waits, within its own time. Milliseconds, 1–86 400 000. @default 1000 */
  readonly timeoutMs: number;
}

/** For a service that asks for a queue; by default it has none. */
export const DEFAULT_LIMIT_QUEUE_SETTINGS: LimitQueueSettings = { size: 100, timeoutMs: 1_000 };
