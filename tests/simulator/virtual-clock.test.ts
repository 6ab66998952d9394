import { describe, expect, it } from '@jest/globals';

import { createVirtualClock } from '../../benchmarks/simulator/virtual-clock.js';

describe('virtual time', () => {
  it('jumps from event to event, and says the time of each', async () => {
    const clock = createVirtualClock();
    const startMs = clock.now();
    const seen: number[] = [];
    for (const delayMs of [500, 20, 20]) clock.after(delayMs, () => seen.push(clock.now() - startMs));
    await clock.run(startMs + 1_000);
    expect(seen).toEqual([20, 20, 500]);
    expect(clock.now()).toBe(startMs + 1_000);
    expect(clock.events).toBe(3);
  });

  it('lets chains of promises run to their end before it moves on, however long they are', async () => {
    const clock = createVirtualClock();
    const startMs = clock.now();
    let finishedMs = NaN;
    clock.after(10, () => {
      let chain = Promise.resolve();
      for (let link = 0; link < 500; link++) chain = chain.then(() => Promise.resolve());
      void chain.then(() => (finishedMs = clock.now() - startMs));
    });
    clock.after(10.001, () => {});
    await clock.run(startMs + 20);
    expect(finishedMs).toBe(10);
  });

  it('does not fire a timer that was disposed', async () => {
    const clock = createVirtualClock();
    let fired = 0;
    clock.setTimer(() => fired++, 5)[Symbol.dispose]();
    clock.setTimer(() => fired++, 6);
    await clock.run(clock.now() + 10);
    expect(fired).toBe(1);
  });

  it('ends early when it is told to, at that time', async () => {
    const clock = createVirtualClock();
    const startMs = clock.now();
    let happened = 0;
    for (let event = 0; event < 10; event++) clock.after(event, () => happened++);
    await clock.run(startMs + 100, () => happened === 4);
    expect([happened, clock.now() - startMs]).toEqual([4, 3]);
  });

  it('fails the run with what an event throws', async () => {
    const clock = createVirtualClock();
    clock.after(1, () => {
      throw new Error('a mistake');
    });
    await expect(clock.run(clock.now() + 10)).rejects.toThrow('a mistake');
  });
});
