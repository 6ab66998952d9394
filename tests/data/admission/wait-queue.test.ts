import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createWaitQueue, type WaitQueue } from '../../../src/data/admission/wait-queue.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';

interface Bench {
  readonly queue: WaitQueue;
  readonly clock: FakeClock;
  places: number;
  readonly log: string[];
  enter(name: string, timeoutMs?: number): Disposable;
}

/** Whoever still waits holds the process. */
const open: WaitQueue[] = [];
afterEach(() => {
  for (const queue of open.splice(0)) queue.close(new Error('the test is over') as never);
});

function bench(settings = { size: 3, timeoutMs: 1_000 }): Bench {
  const clock = createFakeClock();
  const made: Bench = {
    clock,
    places: 0,
    log: [],
    queue: createWaitQueue({ service: 'orders', settings, clock, hasPlace: () => made.places > 0 }),
    enter(name, timeoutMs = 60_000) {
      return this.queue.enter(timeoutMs, (refusal) => {
        if (refusal === undefined) this.places--;
        this.log.push(refusal === undefined ? name : `${name}: ${refusal.message}`);
      });
    },
  };
  open.push(made.queue);
  return made;
}

describe('a queue for places', () => {
  it('lets in by the order of arrival, as many as there are places', () => {
    const made = bench();
    for (const name of ['a', 'b', 'c']) made.enter(name);
    made.queue.admit();
    expect(made.log).toEqual([]);
    made.places = 2;
    made.queue.admit();
    expect(made.log).toEqual(['a', 'b']);
    expect(made.queue.size).toBe(1);
  });

  it('refuses at once when it is full, and says so', () => {
    const made = bench();
    for (const name of ['a', 'b', 'c', 'd']) made.enter(name);
    expect(made.log).toEqual([
      'd: ERR_LIMIT_EXCEEDED: orders: too many requests in flight from this client, and 3 wait already (options.limits)',
    ]);
  });

  it('lets nobody wait longer than its timeout, nor than the call has left', () => {
    const made = bench();
    made.enter('a');
    made.enter('b', 300);
    made.clock.advance(300);
    expect(made.log).toEqual([expect.stringMatching(/^b: .* and no place fell free within 300 ms/)]);
    made.clock.advance(700);
    expect(made.log[1]).toMatch(/^a: .* within 1000 ms/);
    expect(made.queue.size).toBe(0);
    expect(made.clock.pendingTimers).toBe(0);
  });

  it('forgets who left, also in the middle', () => {
    const made = bench();
    made.enter('a');
    const left = made.enter('b');
    made.enter('c');
    left[Symbol.dispose]();
    made.places = 3;
    made.queue.admit();
    expect(made.log).toEqual(['a', 'c']);
    expect(made.clock.pendingTimers).toBe(0);
  });

  it('goes on with the next one when a place is given back at once, without going deeper for each', () => {
    const clock = createFakeClock();
    let depth = 0;
    let deepest = 0;
    let served = 0;
    const queue = createWaitQueue({
      service: 'orders',
      settings: { size: 50_000, timeoutMs: 1_000 },
      clock,
      hasPlace: () => true,
    });
    for (let n = 0; n < 20_000; n++)
      queue.enter(1_000, () => {
        deepest = Math.max(deepest, ++depth);
        served++;
        queue.admit();
        depth--;
      });
    queue.admit();
    expect(served).toBe(20_000);
    expect(deepest).toBe(1);
  });

  it('sends everybody away when it closes', () => {
    const made = bench();
    made.enter('a');
    made.enter('b');
    made.queue.close(Object.assign(new Error('closed'), { code: 'ERR_CLIENT_CLOSED' }) as never);
    expect(made.log).toEqual(['a: closed', 'b: closed']);
    expect(made.clock.pendingTimers).toBe(0);
  });

  it('is always in the order of arrival, never above its size, and answers everybody once', () => {
    const step = fc.constantFrom('enter', 'place', 'leave', 'wait');
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const made = bench({ size: 5, timeoutMs: 1_000 });
        const left = new Set<string>();
        const inside: { name: string; leave: Disposable }[] = [];
        steps.forEach((one, n) => {
          if (one === 'enter') inside.push({ name: String(n), leave: made.enter(String(n)) });
          if (one === 'place') {
            made.places = 1;
            made.queue.admit();
            made.places = 0;
          }
          const last = one === 'leave' ? inside.pop() : undefined;
          if (last !== undefined && !made.log.some((line) => line.split(':')[0] === last.name)) {
            last.leave[Symbol.dispose]();
            left.add(last.name);
          }
          if (one === 'wait') made.clock.advance(200);
          expect(made.queue.size).toBeLessThanOrEqual(5);
        });
        made.clock.advance(1_000);
        const served = made.log.filter((line) => !line.includes(':')).map(Number);
        expect(served).toEqual([...served].sort((a, b) => a - b));
        const told = made.log.map((line) => line.split(':')[0]);
        expect(new Set(told).size).toBe(told.length);
        expect(told.length + left.size).toBe(steps.filter((one) => one === 'enter').length);
      }),
    );
  });
});
