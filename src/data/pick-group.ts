/** One group of an eligible set as the balancer holds it: its endpoints, their slots, and the picker that chooses among them. */

import type { Endpoint } from '../core/endpoint.js';
import type { Picker } from './picker.js';
import type { SlotLoads } from './slot-loads.js';

/** What is said of a group beside who is in it: see `EligibleGroup`. */
export interface GroupStanding {
  readonly key: string;
  readonly rank: number;
  readonly share: number;
}

export class PickGroup implements GroupStanding {
  readonly key: string;
  readonly rank: number;
  readonly share: number;
  readonly endpoints: readonly Endpoint[];
  readonly loads: SlotLoads;
  private readonly make: (previous: Picker | undefined) => Picker;
  private made: Picker | undefined;
  private inherited: Picker | undefined;

  /** @param inherited the picker that this group's takes over from */
  constructor(
    { key, rank, share }: GroupStanding,
    endpoints: readonly Endpoint[],
    loads: SlotLoads,
    make: (previous: Picker | undefined) => Picker,
    inherited: Picker | undefined,
  ) {
    this.key = key;
    this.rank = rank;
    this.share = share;
    this.endpoints = endpoints;
    this.loads = loads;
    this.make = make;
    // A reserve may never be asked.
    if (share > 0) this.made = make(inherited);
    else this.inherited = inherited;
  }

  get picker(): Picker {
    if (this.made !== undefined) return this.made;
    this.made = this.make(this.inherited);
    this.inherited = undefined;
    return this.made;
  }

  /** What a group takes over from that takes this one's place. */
  get legacy(): Picker | undefined {
    return this.made ?? this.inherited;
  }
}
