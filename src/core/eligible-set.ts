/** What the control plane publishes for the data plane to choose from. Frozen; replaced, never changed. */

import type { Endpoint } from './endpoint.js';

export interface EligibleSet {
  /** Endpoints that get calls now. Empty when nobody is there. */
  readonly endpoints: readonly Endpoint[];
  /** Endpoints whose sentence is over and that wait for one probe: offered apart, one attempt each. */
  readonly probes: readonly Endpoint[];
  /** Too few were well, so health is ignored and `endpoints` holds everybody, of one priority at least. */
  readonly panic: boolean;
  /**
   * How calls divide among priorities and zones. Undefined when there is nothing to divide: `endpoints` is one group, and
   * there is no other. Otherwise the groups with a share together hold `endpoints`.
   */
  readonly groups?: readonly EligibleGroup[] | undefined;
  /** Id → share of its weight that an endpoint has while it warms up. Undefined while none does. */
  readonly warming?: ReadonlyMap<string, number> | undefined;
}

/** Endpoints among which a policy chooses: those of one zone, or of one priority. Never empty. */
export interface EligibleGroup {
  /** Tells the group from the others, in the next set as well. */
  readonly key: string;
  /** Groups of one number stand beside each other; those of a higher one stand behind. */
  readonly rank: number;
  /** Of its endpoints, where zones are told apart and it has a name. */
  readonly zone?: string | undefined;
  readonly endpoints: readonly Endpoint[];
  /** Of all calls. Ratio, 0–1; they add up to 1. At 0 it gets only attempts of calls that have tried everybody before it. */
  readonly share: number;
}

export const EMPTY_SET: EligibleSet = Object.freeze({
  endpoints: Object.freeze([]),
  probes: Object.freeze([]),
  panic: false,
});
