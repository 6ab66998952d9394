/** What the control plane publishes for the data plane to choose from. Frozen; replaced, never changed. */

import type { Endpoint } from './endpoint.js';

export interface EligibleSet {
  /** Endpoints that may be picked now. Empty when nobody is there. */
  readonly endpoints: readonly Endpoint[];
  /** Endpoints whose sentence is over and that wait for one probe: offered apart, one attempt each. */
  readonly probes: readonly Endpoint[];
  /** Too few were well, so health is ignored and `endpoints` holds everybody. */
  readonly panic: boolean;
}

export const EMPTY_SET: EligibleSet = Object.freeze({
  endpoints: Object.freeze([]),
  probes: Object.freeze([]),
  panic: false,
});
