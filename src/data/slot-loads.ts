/** The {@link Loads} of one eligible set: its endpoints' slots in the load table, and the time of the current pick. */

import type { LoadTable } from './load-table.js';
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

  failureScore(index: number): number {
    return this.table.wholeFailureScore(this.slots[index] as number, this.nowMs);
  }

  latencyMs(index: number): number {
    return this.table.idleLatencyMs(this.slots[index] as number, this.nowMs);
  }
}
