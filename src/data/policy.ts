/**
 * A balancing policy as the balancer runs it: what makes its pickers and, for the few that need more than the loads that
 * are kept for all, what learns. One for each service, so that what it learned survives every change of the set.
 *
 * Most policies learn nothing of their own, and pay nothing for those that do.
 */

import type { Outcome } from '../core/outcome.js';
import type { Picker, PickerInput } from './picker.js';

/** What the load table compares by itself, for policies that look at many slots a pick. */
export interface Comparison {
  /** Above every slot's number. */
  readonly size: number;
  /** The slot with the least to do of the first `count`; -1 when there are none. */
  leastLoaded(slots: Int32Array, count: number, nowMs: number): number;
}

export interface Policy {
  /**
   * @param slots of the endpoints in `input`, by index: under these numbers the learner knows them
   * @param table what `input.loads` reads, by slot
   */
  createPicker(input: PickerInput, slots: Int32Array, table: Comparison): Picker;
  readonly learner?: Learner;
}

/**
 * Keeps numbers by slot, as the load table does. A slot belongs to one endpoint until that one is gone for good and its
 * last attempt has ended; then `reset` announces the next.
 */
export interface Learner {
  /** The slot belongs to an endpoint of which nothing is known. */
  reset(slot: number, nowMs: number): void;
  /** The endpoint has come back by a probe: its failures are forgiven. */
  forgive?(slot: number, nowMs: number): void;
  /** An attempt begins. @returns a ticket that the attempt's next steps bring back */
  begin?(slot: number, nowMs: number): number;
  /** Response headers arrived; not called for attempts of which nobody says so. `header` takes a lower-case name. */
  heard?(slot: number, ticket: number, header: (name: string) => string | undefined, nowMs: number): void;
  /**
   * The attempt has ended; called once for each `begin`.
   * @param outcome undefined when nothing is known of it
   * @param tookMs time to response headers, or until the end when there were none
   */
  end?(
    slot: number,
    ticket: number,
    outcome: Outcome | undefined,
    tookMs: number,
    answered: boolean,
    nowMs: number,
  ): void;
}

/** The ticket of an attempt that no learner counts. */
export const NO_TICKET = -1;
