/**
 * When the oldest of many things under way began, by group, at any moment and in constant time: what hangs can be seen
 * before it ends. Each group is a list in order of time, linked both ways through arrays of numbers, so that anything
 * can leave from anywhere and nothing is allocated but when the arrays grow. 20 bytes for each thing under way at the busiest
 * moment, and 8 for each group.
 */

const NONE = -1;
const FIRST_CAPACITY = 16;

export class StartTimes {
  private first: Int32Array = new Int32Array(0);
  private last: Int32Array = new Int32Array(0);
  private before: Int32Array = new Int32Array(FIRST_CAPACITY);
  private after: Int32Array = new Int32Array(FIRST_CAPACITY);
  private groups: Int32Array = new Int32Array(FIRST_CAPACITY);
  private timesMs: Float64Array = new Float64Array(FIRST_CAPACITY);
  /** The tickets that were given back, linked by `after`. */
  private free: number = NONE;
  private issued = 0;

  /**
   * @param group a small integer: memory is kept for all up to the largest
   * @param nowMs not before any other time in the group
   * @returns a ticket to give back
   */
  add(group: number, nowMs: number): number {
    if (group >= this.first.length) this.growGroups(group);
    const ticket = this.take();
    const last = this.last[group] as number;
    this.before[ticket] = last;
    this.after[ticket] = NONE;
    this.groups[ticket] = group;
    this.timesMs[ticket] = nowMs;
    if (last === NONE) this.first[group] = ticket;
    else this.after[last] = ticket;
    this.last[group] = ticket;
    return ticket;
  }

  /** Once for each ticket. */
  remove(ticket: number): void {
    const group = this.groups[ticket] as number;
    const before = this.before[ticket] as number;
    const after = this.after[ticket] as number;
    if (before === NONE) this.first[group] = after;
    else this.after[before] = after;
    if (after === NONE) this.last[group] = before;
    else this.before[after] = before;
    this.after[ticket] = this.free;
    this.free = ticket;
  }

  /** Infinity when nothing of the group is under way. */
  oldestMs(group: number): number {
    const ticket = group < this.first.length ? (this.first[group] as number) : NONE;
    return ticket === NONE ? Infinity : (this.timesMs[ticket] as number);
  }

  private take(): number {
    const ticket = this.free;
    if (ticket !== NONE) {
      this.free = this.after[ticket] as number;
      return ticket;
    }
    if (this.issued === this.groups.length) this.growTickets();
    return this.issued++;
  }

  private growGroups(group: number): void {
    const capacity = Math.max(FIRST_CAPACITY, this.first.length * 2, group + 1);
    const { first, last } = this;
    this.first = new Int32Array(capacity).fill(NONE);
    this.first.set(first);
    this.last = new Int32Array(capacity).fill(NONE);
    this.last.set(last);
  }

  private growTickets(): void {
    const { before, after, groups, timesMs } = this;
    const capacity = groups.length * 2;
    (this.before = new Int32Array(capacity)).set(before);
    (this.after = new Int32Array(capacity)).set(after);
    (this.groups = new Int32Array(capacity)).set(groups);
    (this.timesMs = new Float64Array(capacity)).set(timesMs);
  }
}
