/**
 * The contract of a balancing algorithm. A picker is a frozen view of one eligible set: it never sees the set change,
 * it is replaced, and the new one is built from the old one so that cursors and orders carry over. What was learned
 * about endpoints is not kept in pickers at all but in the balancer, by endpoint id, and read through {@link Loads}.
 */

import type { Clock } from '../core/clock.js';
import type { Endpoint } from '../core/endpoint.js';
import type { PickContext } from '../core/lease.js';
import type { Random } from '../core/random.js';

export interface Picker {
  /**
   * Chooses an endpoint for one attempt: synchronous, and on the path of every call, so it should not allocate.
   * Endpoints in `context.tried` are avoided while there is another one.
   *
   * @returns an index into `endpoints`; -1 when nobody should be picked
   */
  pick(context: PickContext): number;
}

/** Makes the picker of one eligible set. */
export type PickerFactory = (input: PickerInput) => Picker;

export interface PickerInput {
  /**
   * Never changes under the picker. May be empty. Weights are either all above 0 or all equal to 0, which means equal:
   * endpoints of weight 0 among others were left out.
   */
  readonly endpoints: readonly Endpoint[];
  /** What is known about each of them now. */
  readonly loads: Loads;
  readonly clock: Clock;
  readonly random: Random;
  /** The picker that this one replaces; undefined for the first. Made by the same factory. */
  readonly previous: Picker | undefined;
}

/** What this client has seen of each endpoint, by its index in the picker's set; valid while `pick` runs. */
export interface Loads {
  /** When the current pick began. The clock is read once per pick, since that costs as much as a whole p2c choice. */
  readonly nowMs: number;
  /** Of all endpoints of the service together, those outside of this set included. */
  readonly totalInFlight: number;
  /** This client's attempts that were started and have not ended. */
  inFlight(index: number): number;
  /** Recent failures and overloads: 0 for none, 10 for one, at most 30. It fades, and is rounded up to whole failures. */
  failureScore(index: number): number;
  /** Average time to response headers, fading while the endpoint is not used, so that one bad old sample is not for ever. 0 when unknown. */
  latencyMs(index: number): number;
}
