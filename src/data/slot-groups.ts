/**
 * Which group each endpoint is in, or was in when it last was in any. An endpoint that fails often enough is ejected on
 * the spot, and a call that has just tried it there must not take its zone for one in which nothing was tried: in a zone
 * that is down every attempt may end with an ejection.
 */

import type { PickGroup } from './pick-group.js';

const NONE = -1;

export class SlotGroups {
  private groups: readonly PickGroup[] = [];
  /** Index of the group that a slot is in; the complement of it, less one, where the slot was in it: see {@link past}. */
  private bySlot: Int32Array = new Int32Array(0);

  /** Remembers nothing while all endpoints are in one group. @param slots how many there are in the load table */
  update(groups: readonly PickGroup[], slots: number): void {
    const before = this.bySlot;
    const indices = this.groups.map(({ key }) => groups.findIndex((group) => group.key === key));
    this.groups = groups;
    this.bySlot = new Int32Array(groups.length > 1 ? slots : 0).fill(NONE);
    for (let slot = 0; slot < Math.min(before.length, this.bySlot.length); slot++)
      this.bySlot[slot] = past(indices[lastOf(before[slot] as number)] ?? NONE);
    if (groups.length > 1)
      groups.forEach(({ loads }, index) => {
        for (const slot of loads.slots) this.bySlot[slot] = index;
      });
  }

  /** Index of the group that the slot is in, or was in; -1 for none. */
  last(slot: number): number {
    return lastOf(this.bySlot[slot] ?? NONE);
  }

  isIn(slot: number): boolean {
    return (this.bySlot[slot] ?? NONE) >= 0;
  }
}

/** −2 for group 0, −3 for group 1 and so on; −1 stays. */
function past(index: number): number {
  return index === NONE ? NONE : -2 - index;
}

function lastOf(entry: number): number {
  return entry >= NONE ? entry : -2 - entry;
}
