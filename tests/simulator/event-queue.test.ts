import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { EventQueue, type QueuedEvent } from '../../benchmarks/simulator/event-queue.js';

const nothing = (): void => {};

describe('the queue of events', () => {
  it('gives out what is due first, and equals in the order in which they came', () => {
    const queue = new EventQueue();
    const events = [5, 1, 5, 3, 1].map((dueMs) => queue.add(dueMs, nothing));
    expect(queue.nextDueMs).toBe(1);
    expect(events.map(() => events.indexOf(queue.take() as QueuedEvent))).toEqual([1, 4, 3, 0, 2]);
    expect(queue.take()).toBeUndefined();
    expect(queue.nextDueMs).toBe(Infinity);
  });

  it('lets go of what is removed, once', () => {
    const queue = new EventQueue();
    const [first, second] = [queue.add(1, nothing), queue.add(2, nothing)];
    queue.remove(first);
    queue.remove(first);
    expect(queue.take()).toBe(second);
    queue.remove(second);
    expect(queue.size).toBe(0);
  });

  it('is a sorted list, whatever is added, taken and removed', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), dueMs: fc.nat(20) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new EventQueue();
        let model: QueuedEvent[] = [];
        for (const each of steps) {
          if (each.kind === 'add') model.push(queue.add(each.dueMs, nothing));
          else if (each.kind === 'take') expect(queue.take()).toBe(model.shift());
          else {
            const event = model[each.which % Math.max(1, model.length)];
            if (event === undefined) continue;
            queue.remove(event);
            model = model.filter((other) => other !== event);
          }
          model.sort((a, b) => a.dueMs - b.dueMs || a.order - b.order);
          expect(queue.size).toBe(model.length);
          expect(queue.nextDueMs).toBe(model[0]?.dueMs ?? Infinity);
        }
      }),
    );
  });
});
