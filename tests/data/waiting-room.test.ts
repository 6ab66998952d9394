import { describe, expect, it } from '@jest/globals';

import { callError } from '../../src/core/errors.js';
import { createWaitingRoom } from '../../src/data/waiting-room.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';

describe('the waiting room', () => {
  const refusal = callError('ERR_NO_ENDPOINTS', 'nobody');

  it('lets everybody go once, with or without a reason, and leaves no timer', () => {
    const clock = createFakeClock();
    const room = createWaitingRoom(clock);
    const seen: unknown[] = [];
    room.enter(
      100,
      () => refusal,
      (reason) => seen.push(reason),
    );
    room.enter(
      200,
      () => refusal,
      (reason) => seen.push(reason),
    );
    expect(room.size).toBe(2);
    room.release(undefined);
    room.release(refusal);
    expect(seen).toEqual([undefined, undefined]);
    expect(room.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends each wait at its own time with the reason as it is then', () => {
    const clock = createFakeClock();
    const room = createWaitingRoom(clock);
    const seen: unknown[] = [];
    room.enter(
      100,
      () => refusal,
      (reason) => seen.push(reason),
    );
    clock.advance(99);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual([refusal]);
    expect(room.size).toBe(0);
  });

  it('says nothing to who has left', () => {
    const clock = createFakeClock();
    const room = createWaitingRoom(clock);
    const seen: unknown[] = [];
    room
      .enter(
        100,
        () => refusal,
        (reason) => seen.push(reason),
      )
      [Symbol.dispose]();
    clock.advance(200);
    room.release(undefined);
    expect(seen).toEqual([]);
  });

  it('lets nobody who enters meanwhile go with the others', () => {
    const room = createWaitingRoom(createFakeClock());
    const seen: string[] = [];
    room.enter(
      100,
      () => refusal,
      () => {
        seen.push('first');
        room.enter(
          100,
          () => refusal,
          () => seen.push('second'),
        );
      },
    );
    room.release(undefined);
    expect(seen).toEqual(['first']);
    expect(room.size).toBe(1);
    room.release(undefined);
  });
});
