/**
 * Which of n numbered things is due first, where each that had its turn is put off: a binary heap in typed arrays that
 * never grows nor shrinks. Equal times go by number, as in gRPC's `edf.go`, whose ties go by order of insertion.
 */

export class DueQueue {
  private readonly dueTimes: Float64Array;
  private readonly heap: Int32Array;

  /** @param dueTimes of each, by number; taken over and changed */
  constructor(dueTimes: Float64Array) {
    this.dueTimes = dueTimes;
    this.heap = Int32Array.from(dueTimes, (_, index) => index);
    for (let at = (this.heap.length >>> 1) - 1; at >= 0; at--) this.siftDown(at);
  }

  /** Which is due first; -1 when there is nobody. */
  get first(): number {
    return this.heap[0] ?? -1;
  }

  /** When the first is due. */
  get firstDue(): number {
    return this.dueTimes[this.first] ?? Infinity;
  }

  /** The first has had its turn, and its next one is at `due`, not before this one. */
  postponeFirst(due: number): void {
    this.dueTimes[this.first] = due;
    this.siftDown(0);
  }

  private siftDown(from: number): void {
    const { heap } = this;
    const count = heap.length;
    const moved = heap[from] as number;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= count) break;
      if (child + 1 < count && this.isBefore(heap[child + 1] as number, heap[child] as number)) child++;
      if (!this.isBefore(heap[child] as number, moved)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = moved;
  }

  private isBefore(a: number, b: number): boolean {
    const dueA = this.dueTimes[a] as number;
    const dueB = this.dueTimes[b] as number;
    return dueA === dueB ? a < b : dueA < dueB;
  }
}
