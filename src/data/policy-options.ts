/** The named balancing policies and what can be said about each. */

export type BalancerName = BalancerOptions['policy'];

/** A policy by name, with options. One without any can as well be given as its name alone. */
export type BalancerOptions =
  | PlainPolicyOptions
  | PeakEwmaOptions
  | WeightedRoundRobinOptions
  | RingHashOptions
  | MaglevOptions
  | RendezvousOptions;

/** Policies without options. */
export interface PlainPolicyOptions {
  readonly policy: 'adaptive' | 'p2c' | 'least-request' | 'round-robin' | 'random';
}

/** Options of `peak-ewma`. */
export interface PeakEwmaOptions {
  /** The name. */
  readonly policy: 'peak-ewma';
  /**
   * How long a slow answer is remembered: after this time 1/e of it is left. Milliseconds, 1–3 600 000.
   * @default 10 000 (Finagle, linkerd)
   */
  readonly tauMs?: number;
  /**
   * What a new endpoint is taken for until it has answered. Lower sends it more at once. Milliseconds, 0–60 000.
   * @default 30 (linkerd)
   */
  readonly initialLatencyMs?: number;
  /**
   * What a failed attempt counts for, however fast it failed; an overloaded endpoint's Retry-After when that is longer,
   * up to five minutes. Milliseconds, 0–300 000. @default 5000 (linkerd `load-biaser`)
   */
  readonly failurePenaltyMs?: number;
}

/** Options of `weighted-round-robin`. */
export interface WeightedRoundRobinOptions {
  /** The name. */
  readonly policy: 'weighted-round-robin';
  /** Whether the load that endpoints report in `endpoint-load-metrics` takes the place of weights. @default true */
  readonly loadReports?: boolean;
  /** How long after its first report an endpoint's reports are not used yet: it is warming up. Milliseconds, 0–3 600 000. @default 10 000 (gRFC A58) */
  readonly blackoutMs?: number;
  /** How long a report counts. Milliseconds, 1–86 400 000. @default 180 000 (gRFC A58) */
  readonly expirationMs?: number;
  /** How often reports become weights. Milliseconds, 100–3 600 000. @default 1000 (gRFC A58) */
  readonly updateMs?: number;
  /** How much utilization it counts for when all requests fail; 0 ignores errors. Factor, 0–1000. @default 1 (gRFC A58) */
  readonly errorPenalty?: number;
  /**
   * Names of metrics in reports whose highest is the utilization, such as `named_metrics.queue` (gRFC A114).
   * @default none: `application_utilization`, or `cpu_utilization`
   */
  readonly utilizationMetrics?: readonly string[];
}

/** Options of all three policies by hash. */
export interface HashOptions {
  /**
   * The request header whose value is the key of a call that names no `hashKey` of its own; several values count as one, with
   * commas. Calls without either go to anybody. @default none
   */
  readonly hashHeader?: string;
  /**
   * How far above its share of what is in flight an endpoint may be loaded before its keys go elsewhere; `false` for without
   * bound. Factor, 1–100. @default 1.25 (Envoy recommends 1.2 to 1.5 for `hash_balance_factor`)
   */
  readonly boundedLoad?: number | false;
}

/** Options of `ring-hash`. */
export interface RingHashOptions extends HashOptions {
  /** The name. */
  readonly policy: 'ring-hash';
  /**
   * Fewest points on the ring. More make shares more even, by the root of the points of an endpoint.
   * Integer, 1–8 388 608. @default 1024 (gRFC A42, Envoy)
   */
  readonly minRingSize?: number;
  /**
   * Most points on the ring, but one for each endpoint; 12 bytes each. Unequal weights need many.
   * Integer, 1–8 388 608. @default 4096 (gRFC A42)
   */
  readonly maxRingSize?: number;
}

/** Options of `maglev`. */
export interface MaglevOptions extends HashOptions {
  /** The name. */
  readonly policy: 'maglev';
  /**
   * Slots of the table, a prime; 4 bytes each. A hundred times the endpoints keep shares within 1 %. Where there are more endpoints than
   * slots, it is ten slots for each. Integer, 3–5 000 011. @default 65 537 (Envoy)
   */
  readonly tableSize?: number;
}

/** Options of `rendezvous`. */
export interface RendezvousOptions extends HashOptions {
  /** The name. */
  readonly policy: 'rendezvous';
}

export const WEIGHTED_ROUND_ROBIN_DEFAULTS: Required<WeightedRoundRobinOptions> = Object.freeze({
  policy: 'weighted-round-robin',
  loadReports: true,
  blackoutMs: 10_000,
  expirationMs: 180_000,
  updateMs: 1_000,
  errorPenalty: 1,
  utilizationMetrics: Object.freeze([]),
});

const HASH_DEFAULTS = { boundedLoad: 1.25 } as const;

export const RING_HASH_DEFAULTS: Required<Omit<RingHashOptions, 'hashHeader'>> = Object.freeze({
  ...HASH_DEFAULTS,
  policy: 'ring-hash',
  minRingSize: 1_024,
  maxRingSize: 4_096,
});

export const MAGLEV_DEFAULTS: Required<Omit<MaglevOptions, 'hashHeader'>> = Object.freeze({
  ...HASH_DEFAULTS,
  policy: 'maglev',
  tableSize: 65_537,
});

export const RENDEZVOUS_DEFAULTS: Required<Omit<RendezvousOptions, 'hashHeader'>> = Object.freeze({
  ...HASH_DEFAULTS,
  policy: 'rendezvous',
});

export const PEAK_EWMA_DEFAULTS: Required<PeakEwmaOptions> = Object.freeze({
  policy: 'peak-ewma',
  tauMs: 10_000,
  initialLatencyMs: 30,
  failurePenaltyMs: 5_000,
});
