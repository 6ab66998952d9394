/** The {@link Loads} of one eligible set: its endpoints' slots in the load table, and the time of the current pick. */

import { FAILURE_WEIGHT, type LoadTable } from './load-table.js';
import type { Loads } from './picker.js';

export class SlotLoads implements Loads {
  /** Set by the balancer before each pick. */
  nowMs = 0;
  /** Set by the balancer before each pick. */
  totalInFlight = 0;
  readonly slots: Int32Array;
  private readonly table: LoadTable;

  constructor(table: LoadTable, slots: Int32Array) {
    this.table = table;
    this.slots = slots;
  }

  inFlight(index: number): number {
    return this.table.inFlight(this.slots[index] as number);
  }

  /**
   * In whole failures. After an outage every endpoint has a score, and no two are equal to the last digit: compared as they
   * are, a quiet client would send everything to the one that failed first until all have faded.
   */
  failureScore(index: number): number {
    const score = this.table.failureScore(this.slots[index] as number, this.nowMs);
    return score === 0 ? 0 : Math.ceil(score / FAILURE_WEIGHT) * FAILURE_WEIGHT;
  }

  latencyMs(index: number): number {
    return this.table.idleLatencyMs(this.slots[index] as number, this.nowMs);
  }
}
