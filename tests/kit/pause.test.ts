import { getEventListeners } from 'node:events';

import { describe, expect, it } from '@jest/globals';

import { pause } from '../../src/kit/pause.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

describe('pause', () => {
  it('ends when its time is over, not before', async () => {
    const clock = createFakeClock();
    let over = false;
    void pause(clock, 100).then(() => (over = true));
    await clock.advanceAsync(99);
    expect(over).toBe(false);
    await clock.advanceAsync(1);
    expect(over).toBe(true);
  });

  it('ends early, never by an error, when any of its signals aborts, and leaves no timer and no listener', async () => {
    for (const which of [0, 1]) {
      const clock = createFakeClock();
      const controllers = [new AbortController(), new AbortController()];
      const signals = controllers.map(({ signal }) => signal);
      const paused = pause(clock, 100, ...signals);
      controllers[which]?.abort(new Error('enough'));
      await paused;
      expect(clock.pendingTimers).toBe(0);
      expect(signals.flatMap((signal) => getEventListeners(signal, 'abort'))).toEqual([]);
    }
  });

  it('does not begin after a signal has aborted, nor for no time', async () => {
    const clock = createFakeClock();
    await pause(clock, 100, new AbortController().signal, AbortSignal.abort());
    await pause(clock, 0);
    await pause(clock, -5);
    expect(clock.pendingTimers).toBe(0);
  });

  it('keeps no process alive', async () => {
    const clock = createFakeClock();
    const controller = new AbortController();
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const paused = pause(clock, 100, controller.signal);
    expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before);
    controller.abort();
    await paused;
  });
});
