/**
 * How an endpoint that is new, or back from ejection, gets to its full weight: caches, pools and compilers are cold then, and its
 * share of the calls at once would be slow answers for some and a relapse for the endpoint.
 */
export interface SlowStartSettings {
  /** How long it takes. Milliseconds, 100–3 600 000. @default 30 000 */
  readonly windowMs: number;
  /** Shape of the rise: 1 is a straight line, above 1 it is steep at first, below 1 at last. Number, 0.1–10. @default 1 (Envoy) */
  readonly aggression: number;
  /** Share of its weight at the least, so that it gets something to warm up with. Ratio, 0–1. @default 0.1 (Envoy `min_weight_percent`) */
  readonly minWeightRatio: number;
}
