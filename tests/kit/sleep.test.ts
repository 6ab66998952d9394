import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { sleep } from '../../src/kit/sleep.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

/** Timers that keep this process alive; ours is the only code in this file that could set one. */
const heldBy = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;

describe('sleep', () => {
  it('ends when its time is over, not before', async () => {
    const clock = createFakeClock();
    let awake = false;
    const sleeping = sleep(clock, 100).then(() => (awake = true));
    await clock.advanceAsync(99);
    expect(awake).toBe(false);
    await clock.advanceAsync(1);
    expect(awake).toBe(true);
    await sleeping;
  });

  it('rejects with the very reason of the signal, and leaves no timer and no listener', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const reason = { any: 'value' };
    const sleeping = sleep(clock, 100, controller.signal);
    expect(clock.pendingTimers).toBe(1);
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(clock.pendingTimers).toBe(0);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it('rejects at once when the signal has aborted already', async () => {
    const clock = createFakeClock();
    await expect(sleep(clock, 100, AbortSignal.abort('before'))).rejects.toBe('before');
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves no listener when it ends by itself', async () => {
    const clock = createFakeClock();
    const { signal } = new AbortController();
    const sleeping = sleep(clock, 100, signal);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    clock.advance(100);
    await sleeping;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('holds the process while it lasts, and not after', async () => {
    const clock = createFakeClock();
    const before = heldBy();
    const controller = new AbortController();
    const both = [sleep(clock, 100), sleep(clock, 200, controller.signal)] as const;
    expect(heldBy()).toBe(before + 1);
    clock.advance(100);
    await both[0];
    expect(heldBy()).toBe(before + 1);
    controller.abort('enough');
    await expect(both[1]).rejects.toBe('enough');
    expect(heldBy()).toBe(before);
    await expect(sleep(clock, 1, AbortSignal.abort('never began'))).rejects.toBe('never began');
    expect(heldBy()).toBe(before);
  });

  it('ends in the order of its times, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(1_000), { maxLength: 20 }), async (times) => {
        const clock = createFakeClock();
        const ended: number[] = [];
        const all = times.map((ms) => sleep(clock, ms).then(() => ended.push(ms)));
        await clock.advanceAsync(1_000);
        await Promise.all(all);
        expect(ended).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 30 },
    );
  });
});
