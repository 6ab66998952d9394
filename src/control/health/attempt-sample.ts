/** What outlier ejection is told of a settled attempt besides its outcome. */
export interface AttemptSample {
  /** Clock time, read when the endpoint was picked or after. */
  readonly startedAtMs: number;
  /** Clock time. @default now */
  readonly endedAtMs?: number;
  /** The attempt was let through by `takeProbe`. */
  readonly probe: boolean;
  /** Response headers arrived. */
  readonly answered: boolean;
  /** Until response headers, or until the end when there were none. Milliseconds. Only the latency rule asks. */
  readonly latencyMs?: number;
  /** For a timeout: by how much its timer fired late, in milliseconds. @default 0 */
  readonly lateMs?: number;
}
