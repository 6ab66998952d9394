/** A limit on what is in flight that follows the service's latency. */

export interface AdaptiveLimitSettings {
  /** Where it begins. Integer, 1–1 000 000. @default 20 (Netflix concurrency-limits, `Gradient2Limit`; so are the others) */
  readonly initial: number;
  /** It is never lower, nor lower than the number of endpoints. Integer, 1–1 000 000. @default 20 */
  readonly min: number;
  /** It is never higher. Integer, 1–1 000 000. @default 200 */
  readonly max: number;
  /** How far each step goes towards what was computed. Ratio, 0.01–1. @default 0.2 */
  readonly smoothing: number;
  /** Requests that may queue at the service: what the limit grows by while latency is flat. Integer, 1–1000. @default 4 */
  readonly queue: number;
  /** How much latency may rise above its long average before the limit falls. Number, 1–10. @default 1.5 */
  readonly tolerance: number;
  /** One step is taken after each such window with ten answers or more. Milliseconds, 100–60 000. @default 1000 */
  readonly windowMs: number;
}

/** For a service that asks for an adaptive limit; by default it has none. */
export const DEFAULT_ADAPTIVE_LIMIT_SETTINGS: AdaptiveLimitSettings = {
  initial: 20,
  min: 20,
  max: 200,
  smoothing: 0.2,
  queue: 4,
  tolerance: 1.5,
  windowMs: 1_000,
};
