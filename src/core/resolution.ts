/**
 * What discovery knows about a service right now. The four answers are never confused: somebody serves it, nobody
 * does, it is not known yet, or it could not be asked (and nothing older is left to serve).
 */

import type { Endpoint } from './endpoint.js';

export type ResolutionStatus = 'found' | 'none' | 'unknown' | 'failed';

export interface Resolution {
  readonly status: ResolutionStatus;
  /** The full set; empty unless `found`. */
  readonly endpoints: readonly Endpoint[];
  /** Clock time of the last answer that was applied or confirmed; undefined before the first. */
  readonly answeredAtMs: number | undefined;
  /** Why asking fails now; undefined when the last question was answered. With `found` it means: stale is being served. */
  readonly error: unknown;
  /** Clock time of the first failure since the last answer. */
  readonly failingSinceMs: number | undefined;
  /** A suspicious answer that is kept back for now. */
  readonly held: 'empty' | 'shrunk' | undefined;
  /** What is served was known before this process began, and discovery has not confirmed it yet. */
  readonly restored: boolean;
}

/** Before the first answer. */
export const UNKNOWN_RESOLUTION: Resolution = Object.freeze({
  status: 'unknown',
  endpoints: Object.freeze([]),
  answeredAtMs: undefined,
  error: undefined,
  failingSinceMs: undefined,
  held: undefined,
  restored: false,
});
