/**
 * The open connections of one endpoint, and when each has to go: at a certain age, when TLS material was replaced, when
 * it has been idle for longer than a request may risk. All of them go between two requests, never within one.
 *
 * undici has no call for that, but it tells: it unrefs a socket when its last request is over, so that an idle one does
 * not hold the process, and refs it just before it writes the next one. At both moments a socket may be destroyed. A
 * request that was about to use it stays where it is, and undici makes a new connection for it.
 */

import { Socket } from 'node:net';
import type { Clock } from '../../core/clock.js';
import { IdleTrust } from './idle-trust.js';

export class OpenSockets {
  readonly trust: IdleTrust = new IdleTrust();
  readonly idle: IdleSockets = new IdleSockets();
  readonly all: Set<OpenSocket> = new Set<OpenSocket>();
  readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** From the moment on that it is handed to undici, for a request. @param ageMs how old it may become */
  watch(socket: Socket, ageMs: number): void {
    this.all.add(new OpenSocket(this, socket, this.clock.now() + ageMs));
  }

  /** Closes those that are idle, and the others when their request is over. */
  retire(): void {
    for (const open of this.all) open.expire();
  }

  /** Before a request that cannot be repeated: closes those that have been idle for longer than is known to be safe. */
  dropDoubtful(): void {
    if (this.idle.first === undefined) return;
    const now = this.clock.now();
    for (let open; (open = this.idle.first) !== undefined;) {
      const idleMs = now - open.idleSinceMs;
      if (idleMs <= this.trust.limitMs) return;
      this.trust.survived(idleMs);
      open.expire();
    }
  }
}

/** Those that carry no request, longest idle first. A list through the sockets themselves: every exchange changes it twice. */
class IdleSockets {
  first: OpenSocket | undefined;
  private last: OpenSocket | undefined;

  push(open: OpenSocket): void {
    open.before = this.last;
    if (this.last === undefined) this.first = open;
    else this.last.after = open;
    this.last = open;
  }

  remove(open: OpenSocket): void {
    const { before, after } = open;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.last = before;
    else after.before = before;
    open.before = open.after = undefined;
  }

  *[Symbol.iterator](): Generator<OpenSocket> {
    for (let open = this.first; open !== undefined; open = open.after) yield open;
  }
}

class OpenSocket {
  idleSinceMs = 0;
  before: OpenSocket | undefined;
  after: OpenSocket | undefined;
  private readonly owner: OpenSockets;
  private readonly socket: Socket;
  private expiresAtMs: number;
  private isIdle = false;
  /** The other side has closed, in order or not. */
  private closedByPeer = false;

  constructor(owner: OpenSockets, socket: Socket, expiresAtMs: number) {
    this.owner = owner;
    this.socket = socket;
    this.expiresAtMs = expiresAtMs;
    socket.ref = () => {
      this.resumed();
      return Socket.prototype.ref.call(socket);
    };
    socket.unref = () => {
      this.rested();
      return Socket.prototype.unref.call(socket);
    };
    socket.once('end', () => (this.closedByPeer = true));
    socket.once('error', ({ code }: Error & { code?: unknown }) => (this.closedByPeer ||= code === 'ECONNRESET'));
    socket.once('close', () => this.closed());
  }

  expire(): void {
    this.expiresAtMs = -Infinity;
    if (!this.isIdle) return;
    this.leaveIdle();
    this.socket.destroy();
  }

  private leaveIdle(): void {
    this.isIdle = false;
    this.owner.idle.remove(this);
  }

  private rested(): void {
    if (this.isIdle) return;
    const now = this.owner.clock.now();
    if (now >= this.expiresAtMs) return void this.socket.destroy();
    this.isIdle = true;
    this.idleSinceMs = now;
    this.owner.idle.push(this);
  }

  private resumed(): void {
    if (!this.isIdle) return;
    const now = this.owner.clock.now();
    this.leaveIdle();
    this.owner.trust.survived(now - this.idleSinceMs);
    if (now >= this.expiresAtMs) this.socket.destroy();
  }

  private closed(): void {
    this.owner.all.delete(this);
    if (!this.isIdle) return;
    this.leaveIdle();
    const idleMs = this.owner.clock.now() - this.idleSinceMs;
    if (this.closedByPeer) this.owner.trust.closed(idleMs);
    else this.owner.trust.survived(idleMs);
  }
}
