/** The named balancing policies and what can be said about each. */

export type BalancerName = BalancerOptions['policy'];

/** A policy by name, with options. One without any can as well be given as its name alone. */
export type BalancerOptions = PlainPolicyOptions | PeakEwmaOptions;

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

export const PEAK_EWMA_DEFAULTS: Required<PeakEwmaOptions> = Object.freeze({
  policy: 'peak-ewma',
  tauMs: 10_000,
  initialLatencyMs: 30,
  failurePenaltyMs: 5_000,
});
