/** When a second attempt may run beside the first. */

export interface HedgeSettings {
  /**
   * Rescue: an attempt that has waited past `max(rescueMinMs, rescueFactor × p99)` while other endpoints answer gets
   * company on another endpoint. Off, only what `quantile` asks for is hedged. @default true
   */
  readonly rescue: boolean;
  /** Milliseconds, 1–86 400 000. No rescue is earlier. @default 1000 */
  readonly rescueMinMs: number;
  /** How many times the service's own p99 an attempt waits before its rescue. Number, 1–1000. @default 8 */
  readonly rescueFactor: number;
  /**
   * Tail cutting: a second attempt as soon as the first has waited longer than this share of the service's answers took.
   * It costs about `1 − quantile` more load. Ratio, 0.5–0.999. @default none: only rescues
   */
  readonly quantile?: number;
  /** No hedge is earlier than this. Milliseconds, 0–86 400 000. @default 10 */
  readonly minDelayMs: number;
  /** Hedges that `quantile` causes, as a share of recent calls: its own cap, on top of the retry budget that rescues share as well. Ratio, 0–1. @default 0.1 */
  readonly maxRatio: number;
}

export const DEFAULT_HEDGE_SETTINGS: HedgeSettings = {
  rescue: true,
  rescueMinMs: 1_000,
  rescueFactor: 8,
  minDelayMs: 10,
  maxRatio: 0.1,
};
