/** Connections that were opened before anybody asked for them. They wait here, for a short time, for the first request. */

import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.js';

/**
 * How long one waits. Servers wait for a first request for longer than for a next one: a minute in nginx and in Node.
 * Milliseconds.
 */
const WAIT_MS = 10_000;

interface Spare {
  readonly socket: Socket;
  readonly name: string | undefined;
  readonly timer: Disposable;
}

export class SpareSockets {
  private readonly clock: Clock;
  private readonly spares = new Set<Spare>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get size(): number {
    return this.spares.size;
  }

  /** @param name that it was opened for */
  add(socket: Socket, name: string | undefined): void {
    const spare = { socket, name, timer: this.clock.setTimer(() => socket.destroy(), WAIT_MS) };
    this.spares.add(spare);
    socket.unref();
    socket.once('close', () => this.drop(spare));
  }

  take(name: string | undefined): Socket | undefined {
    for (const spare of this.spares) {
      if (spare.name !== name || spare.socket.destroyed || spare.socket.readableEnded) continue;
      this.drop(spare);
      spare.socket.ref();
      return spare.socket;
    }
    return undefined;
  }

  close(): void {
    for (const { socket } of this.spares) socket.destroy();
  }

  private drop(spare: Spare): void {
    spare.timer[Symbol.dispose]();
    this.spares.delete(spare);
  }
}
