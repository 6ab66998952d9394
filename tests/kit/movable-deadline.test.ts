import { describe, expect, it } from '@jest/globals';

import { createMovableDeadline } from '../../src/kit/movable-deadline.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

function start(parent: AbortSignal = new AbortController().signal): {
  clock: ReturnType<typeof createFakeClock>;
  deadline: ReturnType<typeof createMovableDeadline>;
} {
  const clock = createFakeClock();
  const deadline = createMovableDeadline(clock, parent);
  deadline.expired.catch(() => {});
  return { clock, deadline };
}

describe('a movable deadline', () => {
  it('aborts when it is reached, with the words that were set', async () => {
    const { clock, deadline } = start();
    deadline.set(100, 'silent');
    clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    clock.advance(1);
    expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'silent' });
    await expect(deadline.expired).rejects.toBe(deadline.signal.reason);
    expect(clock.pendingTimers).toBe(0);
  });

  it('can be moved later as often as needed, with one timer, and sooner', () => {
    const { clock, deadline } = start();
    for (let i = 0; i < 10; i++) {
      deadline.set(100, 'later');
      expect(clock.pendingTimers).toBe(1);
      clock.advance(60);
    }
    deadline.set(10, 'sooner');
    expect(clock.pendingTimers).toBe(1);
    clock.advance(10);
    expect(deadline.signal.reason).toMatchObject({ message: 'sooner' });
  });

  it('aborts with its parent', async () => {
    const parent = new AbortController();
    const { clock, deadline } = start(parent.signal);
    deadline.set(100, 'silent');
    parent.abort('closed');
    await expect(deadline.expired).rejects.toBe('closed');
    deadline.set(100, 'again');
    deadline[Symbol.dispose]();
    expect(clock.pendingTimers).toBe(0);
  });

  it('does nothing after it was disposed of', () => {
    const parent = new AbortController();
    const { clock, deadline } = start(parent.signal);
    deadline.set(100, 'silent');
    deadline[Symbol.dispose]();
    clock.advance(200);
    parent.abort();
    expect(deadline.signal.aborted).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});
