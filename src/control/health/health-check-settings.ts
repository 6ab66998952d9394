/** Active health checks: what is asked, how often, and how many answers decide. */

import type { Endpoint } from '../../core/endpoint.js';

/** Asks one endpoint. Resolves when it is well; rejects, or resolves with `false`, when it is not. */
export type HealthCheck = (endpoint: Endpoint, context: { readonly signal: AbortSignal }) => Promise<unknown>;

export interface HealthCheckSettings {
  /** What a GET asks for, under the endpoint's base path; any status from 200 to 299 is well. Ignored with `check`. @default '/' */
  readonly path: string;
  /** Asks in your own way, over your own connections. @default a GET of `path` */
  readonly check?: HealthCheck | undefined;
  /** How often each endpoint is asked. Milliseconds, 10–3 600 000. @default 10 000 (as HAProxy, Consul and Kubernetes probes, a few seconds to ten) */
  readonly intervalMs: number;
  /** Each wait between two checks is up to this share shorter or longer, so that many clients do not ask in step. Ratio, 0–1. @default 0.1 */
  readonly jitterRatio: number;
  /** How long one check may take. Milliseconds, 1–3 600 000. @default 2000 (as `connectTimeoutMs`: what answers no sooner serves nobody) */
  readonly timeoutMs: number;
  /** Good checks in a row that make an unhealthy endpoint healthy. Integer, 1–1000. @default 2 (HAProxy `rise`) */
  readonly rise: number;
  /** Failed checks in a row that make a healthy endpoint unhealthy. Integer, 1–1000. @default 3 (HAProxy `fall`) */
  readonly fall: number;
  /**
   * Checks of one client within `intervalMs`; of more endpoints a part is asked each time, all of them in turn, and those
   * in doubt half of the time. Integer, 1–100 000. @default 100: ten a second
   */
  readonly maxPerInterval: number;
  /** Whether a good check ends an ejection at once, in place of the sentence and its probe. @default true (Envoy `successful_active_health_check_uneject_host`) */
  readonly uneject: boolean;
}
