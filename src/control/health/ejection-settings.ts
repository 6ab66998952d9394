/** When an endpoint is taken out for what callers see of it, and for how long. */

import type { LatencyOutlierSettings } from './latency-outlier.js';
import type { SuccessRateSettings } from './success-rate.js';

export interface EjectionSettings {
  /**
   * Gateway-class failures in a row that eject: no connection, no answer in time, a reset, an answer that is no HTTP,
   * or 502, 503, 504. Any other answer starts the count anew. Integer, 0–1000; 0 switches this rule off.
   * @default 5 (Envoy `consecutive_gateway_failure`)
   */
  readonly consecutiveFailures: number;
  /**
   * Share of failed attempts within `windowMs` at or above which an endpoint is ejected; here every failure counts, a
   * 500 too. Ratio, 0–1; 0 switches this rule off.
   * @default 0.5 (Envoy and gRFC A50 say 0.85, but they run it beside a comparison of success rates; alone it must see
   * an endpoint that fails two times in three)
   */
  readonly failureThreshold: number;
  /**
   * Attempts at one endpoint within `windowMs` before `failureThreshold` is applied. Integer, 1–1 000 000.
   * @default 10 (gRFC A50 and Envoy say 50, for a proxy that sees all the traffic of a cluster; one client of many
   * seldom sends one endpoint 50 attempts in 10 s, and a picker that avoids failures sends a sick one fewer still. With
   * 10, an endpoint that is well at 5 % errors is misjudged once in 15 000 windows: P[Bin(10, .05) >= 5] = 6.4e-5.)
   */
  readonly minVolume: number;
  /**
   * How far back `failureThreshold` and the check for mass failure look, and the interval at whose end success rates and
   * latencies are compared. Milliseconds, 100–3 600 000.
   * @default 10 000 (Envoy and gRFC A50 `interval`)
   */
  readonly windowMs: number;
  /**
   * Length of the first ejection; the nth lasts n times as long. n falls by one for each such span of being in use.
   * Milliseconds, 1–86 400 000. @default 30 000 (Envoy and gRFC A50 `base_ejection_time`)
   */
  readonly baseEjectionMs: number;
  /** Longest ejection, before jitter; no less than `baseEjectionMs`. Milliseconds, 1–86 400 000. @default 300 000 (Envoy and gRFC A50 `max_ejection_time`) */
  readonly maxEjectionMs: number;
  /**
   * Each ejection is up to this share shorter or longer, so that many clients do not probe a server at the same moment.
   * Applied after the maximum, or it would vanish there. Ratio, 0–1. @default 0.1 (Finagle `FailureAccrualFactory`)
   */
  readonly jitterRatio: number;
  /**
   * Largest share of the service's endpoints out of use at a time, rounded down; yet one may always go when there are
   * two or more, and the last one never does. Of 1: none; of 2 and 3: one; of 4: two. Ratio, 0–1; 0 means nobody, ever.
   * @default 0.5 (Envoy and gRFC A50 say 0.1, which among fewer than ten endpoints means one or none)
   */
  readonly maxEjectedRatio: number;
  /** Whether one attempt that waited in vain is enough when meanwhile its endpoint answered nobody and the others answered. @default true (ours; see silence.ts) */
  readonly silence: boolean;
  /** Whether an endpoint is ejected before its row is full when so many failures in a row stand out from what its peers show. @default true (ours; see contrast.ts) */
  readonly contrast: boolean;
  /** Whether the endpoint whose success rate lies far below that of its peers is ejected; `{}` takes the defaults of A50. @default false (as in gRFC A50; it needs five endpoints and 100 attempts at each) */
  readonly successRate: false | SuccessRateSettings;
  /** Whether the endpoint that answers, but much more slowly than its peers, is ejected; `{}` takes the defaults. @default false (the default policy prefers fast endpoints anyway; this is for policies that do not look at latency) */
  readonly latency: false | LatencyOutlierSettings;
  /**
   * Whether failures without an answer (no connection, none in time, a connection that broke off) are counted apart from
   * those that the endpoint answered: rows, ratios and success rates are kept for each side, and `consecutiveFailures`
   * is for answers only.
   * @default false (Envoy `split_external_local_origin_errors`)
   */
  readonly splitLocalOrigin: boolean;
  /**
   * Failures without an answer in a row that eject, when they are counted apart. Integer, 0–1000; 0 switches this rule off.
   * @default 5 (Envoy `consecutive_local_origin_failure`)
   */
  readonly consecutiveLocalFailures: number;
  /** Whether verdicts are only told, as `eject` events with `enforced: false`, and nobody is taken out: to see what ejection would do. @default false (Envoy and gRFC A50: enforcement 0) */
  readonly detectOnly: boolean;
  /** How long one probe may keep a returning endpoint for itself; after that another is sent. Milliseconds, 1–3 600 000. @default 30 000 (the default `timeoutMs` of a call) */
  readonly probeTimeoutMs: number;
}
