/**
 * What happens when: a binary heap of events by their time, and by the order in which they were added where times are
 * equal, so that a run can be repeated to the last bit. Each event knows its place, because nearly every call sets a
 * timeout and takes it back: left in the heap until due, those would be most of it.
 */

export interface QueuedEvent {
  readonly dueMs: number;
  /** Ties go by this: the order of insertion. */
  readonly order: number;
  readonly run: () => void;
  /** Where it stands in the heap; -1 when it is not there. Only the queue writes it. */
  place: number;
}

export class EventQueue {
  private readonly heap: QueuedEvent[] = [];
  private added = 0;

  get size(): number {
    return this.heap.length;
  }

  /** When the next event is due; Infinity when there is none. */
  get nextDueMs(): number {
    return this.heap[0]?.dueMs ?? Infinity;
  }

  add(dueMs: number, run: () => void): QueuedEvent {
    const event: QueuedEvent = { dueMs, order: this.added++, run, place: this.heap.length };
    this.heap.push(event);
    this.siftUp(event, event.place);
    return event;
  }

  /** The next event, which leaves the queue. */
  take(): QueuedEvent | undefined {
    const first = this.heap[0];
    if (first !== undefined) this.remove(first);
    return first;
  }

  /** An event that was taken or removed before is left alone. */
  remove(event: QueuedEvent): void {
    const { place } = event;
    if (place < 0) return;
    event.place = -1;
    const last = this.heap.pop() as QueuedEvent;
    if (last === event) return;
    this.siftUp(last, place);
    if (last.place === place) this.siftDown(last, place);
  }

  private siftUp(event: QueuedEvent, from: number): void {
    const { heap } = this;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >>> 1;
      const parent = heap[above] as QueuedEvent;
      if (!isBefore(event, parent)) break;
      this.put(parent, place);
      place = above;
    }
    this.put(event, place);
  }

  private siftDown(event: QueuedEvent, from: number): void {
    const { heap } = this;
    let place = from;
    for (;;) {
      let below = place * 2 + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as QueuedEvent, heap[below] as QueuedEvent)) below++;
      const child = heap[below] as QueuedEvent;
      if (!isBefore(child, event)) break;
      this.put(child, place);
      place = below;
    }
    this.put(event, place);
  }

  private put(event: QueuedEvent, place: number): void {
    this.heap[place] = event;
    event.place = place;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  return a.dueMs === b.dueMs ? a.order < b.order : a.dueMs < b.dueMs;
}
