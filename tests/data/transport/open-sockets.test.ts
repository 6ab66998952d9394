import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

import { OpenSockets } from '../../../src/data/transport/open-sockets.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';

class FakeSocket extends EventEmitter {
  destroyed = false;
  declare ref: () => void;
  declare unref: () => void;
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

function bench(): {
  sockets: OpenSockets;
  clock: ReturnType<typeof createFakeClock>;
  open(ageMs?: number): FakeSocket;
} {
  const clock = createFakeClock();
  const sockets = new OpenSockets(clock);
  return {
    sockets,
    clock,
    open(ageMs = Infinity) {
      const socket = new FakeSocket();
      sockets.watch(socket as unknown as Socket, ageMs);
      return socket;
    },
  };
}

describe('OpenSockets', () => {
  it('knows which are open and which are idle, longest idle first', () => {
    const { sockets, clock, open } = bench();
    const [a, b] = [open(), open()];
    expect([sockets.all.size, [...sockets.idle].length]).toEqual([2, 0]);
    b.unref();
    clock.advance(5);
    a.unref();
    a.unref();
    expect([...sockets.idle].map(({ idleSinceMs }) => idleSinceMs - clock.now())).toEqual([-5, 0]);
    a.ref();
    b.destroy();
    expect([sockets.all.size, [...sockets.idle].length]).toEqual([1, 0]);
  });

  it('closes at its age an idle one before its next request, and a busy one after its last', () => {
    const { clock, open } = bench();
    const [idle, busy, young] = [open(100), open(100), open(101)];
    idle.unref();
    young.unref();
    clock.advance(100);
    expect([idle.destroyed, busy.destroyed]).toEqual([false, false]);
    idle.ref();
    young.ref();
    busy.unref();
    expect([idle.destroyed, busy.destroyed, young.destroyed]).toEqual([true, true, false]);
  });

  it('retires all: the idle ones at once, the others after their request', () => {
    const { sockets, open } = bench();
    const [idle, busy] = [open(), open()];
    idle.unref();
    sockets.retire();
    expect([idle.destroyed, busy.destroyed]).toEqual([true, false]);
    busy.unref();
    expect(busy.destroyed).toBe(true);
    expect(sockets.all.size).toBe(0);
  });

  it('drops what was idle for longer than is known to be safe, and learns from it', () => {
    const { sockets, clock, open } = bench();
    const idle = [open(), open(), open(), open()];
    for (const socket of idle) {
      socket.unref();
      clock.advance(10);
    }
    // Idle for 40, 30, 20 and 10 ms: three are proof that 20 ms are fine.
    sockets.dropDoubtful();
    expect(idle.map(({ destroyed }) => destroyed)).toEqual([true, true, true, false]);
    expect(sockets.trust.limitMs).toBe(20);
  });

  it.each([
    ['in order', (socket: FakeSocket) => socket.emit('end')],
    ['by a reset', (socket: FakeSocket) => socket.emit('error', Object.assign(new Error(), { code: 'ECONNRESET' }))],
  ])('takes note when the other side closes an idle one %s', (_, close) => {
    const { sockets, clock, open } = bench();
    for (const socket of [open(), open(), open()]) {
      socket.unref();
      clock.advance(4_000);
      socket.destroy();
    }
    expect(sockets.trust.limitMs).toBe(4_000);
    const busy = open();
    close(busy);
    busy.destroy();
    expect(sockets.trust.limitMs).toBe(4_000);
    const idle = open();
    idle.unref();
    clock.advance(2_000);
    close(idle);
    idle.destroy();
    expect(sockets.trust.limitMs).toBe(1_000);
  });
});
