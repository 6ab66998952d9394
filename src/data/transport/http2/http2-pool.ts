/**
 * The HTTP/2 sessions with one endpoint. One is enough until the server's limit of concurrent streams is reached; then
 * another one is opened, and requests wait when there are as many as there may be.
 *
 * Not undici's own HTTP/2, because a GOAWAY there ends every request of the session, on some Nodes with errors that say
 * nothing; a server that is replaced sends one each time. Here the requests that the server still answers are let finish,
 * and the others are sent again (see http2-exchange.ts).
 */

import { connect, constants, type ClientHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { Clock } from '../../../core/clock.js';
import type { DispatchHandler, DispatchOptions } from '../dispatcher-like.js';
import { failHandler } from '../handler-shape.js';
import { bareOptions } from './http2-headers.js';
import { Http2Exchange, type ExchangeHost } from './http2-exchange.js';

export interface Http2PoolInput {
  readonly address: string;
  readonly origin: string;
  readonly maxSessions: number;
  /** Until the server has sent its settings. */
  readonly connectTimeoutMs: number;
  /** How long a session without streams is kept. */
  readonly idleMs: number;
  readonly clock: Clock;
  /** How old the next session may become. */
  readonly nextAgeMs: () => number;
  /** Opens a connection that may or may not speak HTTP/2, for this request. */
  readonly open: (options: DispatchOptions, opened: (error: Error | null, socket?: Socket) => void) => void;
  /** The server has asked for no more requests on the last session that it had, in order: it leaves, or renews its connections. */
  readonly onGoAway?: (() => void) | undefined;
  /** It renewed them: a new session has been there for a while. */
  readonly onStayed?: (() => void) | undefined;
  /** The endpoint does not speak it: takes over this connection, and these requests. */
  readonly fallBack: (socket: Socket, waiting: readonly Http2Exchange[]) => void;
}

/** A server that leaves, but takes connections until it does, tells the next session soon. Milliseconds. */
const STAYED_MS = 1_000;

interface Session {
  readonly session: ClientHttp2Session;
  readonly expiresAtMs: number;
  streams: number;
  idle: Disposable | undefined;
}

export class Http2Pool implements ExchangeHost {
  readonly address: string;
  private readonly input: Http2PoolInput;
  private readonly sessions = new Map<ClientHttp2Session, Session>();
  private readonly running = new Map<Http2Exchange, Session>();
  private readonly repeated = new WeakSet<Http2Exchange>();
  private readonly lastIds = new WeakMap<ClientHttp2Session, number>();
  private waiting: Http2Exchange[] = [];
  private connecting = 0;
  /** What the last session was opened for. */
  private greeted: DispatchOptions | undefined;
  private whenOver: (() => void) | undefined;
  /** Runs while a session that was opened after a GOAWAY has to show that the server stays. */
  private trial: Disposable | 'connecting' | undefined;

  constructor(input: Http2PoolInput) {
    this.input = input;
    this.address = input.address;
  }

  get size(): number {
    return this.sessions.size + this.connecting;
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    if (options['upgrade'] !== undefined && options['upgrade'] !== null) {
      const error = new Error('a connection cannot be upgraded over HTTP/2');
      failHandler(handler, Object.assign(error, { code: 'UND_ERR_NOT_SUPPORTED' }));
      return true;
    }
    this.send(new Http2Exchange(options, handler, this));
    return true;
  }

  /** Lets streams finish, then closes: all sessions, for new requests get new ones. */
  retire(): void {
    this.endTrial();
    for (const session of this.sessions.keys()) session.close();
    this.sessions.clear();
  }

  /** Resolves when what runs has finished. */
  async close(): Promise<void> {
    this.retire();
    if (this.running.size + this.waiting.length > 0)
      await new Promise<void>((resolve) => {
        this.whenOver = resolve;
      });
    this.retire();
  }

  destroy(error: Error): void {
    this.endTrial();
    const sessions = new Set([...this.sessions.keys(), ...[...this.running.values()].map(({ session }) => session)]);
    for (const exchange of [...this.running.keys(), ...this.waiting.splice(0)]) exchange.fail(error);
    for (const session of sessions) session.destroy();
    this.sessions.clear();
  }

  again(exchange: Http2Exchange): boolean {
    const session = this.running.get(exchange);
    if (this.repeated.has(exchange) || session === undefined) return false;
    this.repeated.add(exchange);
    this.release(exchange, session);
    this.send(exchange);
    return true;
  }

  over(exchange: Http2Exchange): void {
    const session = this.running.get(exchange);
    if (session !== undefined) this.release(exchange, session);
    else this.waiting = this.waiting.filter((other) => other !== exchange);
    this.sendWaiting();
    if (this.running.size + this.waiting.length === 0) this.whenOver?.();
  }

  lastStreamId(session: ClientHttp2Session): number | undefined {
    return this.lastIds.get(session);
  }

  private send(exchange: Http2Exchange): void {
    const session = this.usable();
    if (session === undefined) {
      this.waiting.push(exchange);
      if (this.connecting === 0 && this.sessions.size < this.input.maxSessions) this.connect(exchange.options);
    } else {
      this.startOn(session, exchange);
    }
  }

  private startOn(session: Session, exchange: Http2Exchange): void {
    session.idle?.[Symbol.dispose]();
    session.idle = undefined;
    if (session.streams++ === 0) session.session.ref();
    this.running.set(exchange, session);
    exchange.start(session.session);
  }

  private usable(): Session | undefined {
    const now = this.input.clock.now();
    for (const session of this.sessions.values()) {
      if (session.session.closed || session.session.destroyed || now >= session.expiresAtMs) {
        this.sessions.delete(session.session);
        session.session.close();
      } else if (session.streams < (session.session.remoteSettings.maxConcurrentStreams ?? Infinity)) {
        return session;
      }
    }
    return undefined;
  }

  /** Opens a session before anybody asks. Resolves when it is there, or cannot be had. */
  prewarm(options: DispatchOptions): Promise<void> {
    return new Promise((resolve) => {
      if (this.size > 0) resolve();
      else this.connect(options, resolve);
    });
  }

  private connect(options: DispatchOptions, done?: () => void): void {
    this.connecting++;
    this.greeted = bareOptions(options);
    this.input.open(options, (error, socket) => {
      if ((socket as { alpnProtocol?: unknown } | undefined)?.alpnProtocol === 'h2') {
        this.greet(socket as Socket, done);
        return;
      }
      this.connecting--;
      done?.();
      if (socket === undefined) {
        this.failWaiting(error);
        return;
      }
      const waiting = this.waiting.splice(0);
      // What has begun over HTTP/2 cannot begin again: its handler has heard of it.
      for (const exchange of waiting) if (exchange.begun) exchange.refuse(undefined);
      this.input.fallBack(
        socket,
        waiting.filter(({ begun }) => !begun),
      );
    });
  }

  /** Waits for the server's settings: until then nobody knows how many streams it takes, and it refuses what is too much. */
  private greet(socket: Socket, done: (() => void) | undefined): void {
    const { origin, clock, connectTimeoutMs } = this.input;
    const session = connect(origin, { createConnection: () => socket });
    let error: unknown = new Error(`${this.address} closed the connection before it spoke HTTP/2`);
    const timer = clock.setTimer(() => session.destroy(), connectTimeoutMs);
    let greeting = true;
    const over = (): boolean => {
      const first = greeting;
      greeting = false;
      timer[Symbol.dispose]();
      if (first) {
        this.connecting--;
        done?.();
      }
      return first;
    };
    session.on('error', (reason: unknown) => (error = reason));
    session.once('close', () => {
      if (over()) this.failWaiting(error);
    });
    session.once('remoteSettings', () => {
      if (over()) this.adopt(session);
    });
  }

  private failWaiting(error: unknown): void {
    if (this.trial === 'connecting') this.trial = undefined;
    for (const exchange of this.waiting.splice(0)) exchange.fail(error);
  }

  private adopt(session: ClientHttp2Session): void {
    const { clock, nextAgeMs } = this.input;
    const expiresAtMs = clock.now() + nextAgeMs();
    const entry: Session = { session, expiresAtMs, streams: 0, idle: undefined };
    this.sessions.set(session, entry);
    session.unref();
    session.on('goaway', (code: number, lastStreamId: number) => {
      this.lastIds.set(session, lastStreamId);
      // Not one that we have closed ourselves, which a server may answer in kind.
      const wasInUse = this.sessions.delete(session);
      if (wasInUse && code === constants.NGHTTP2_NO_ERROR && this.sessions.size === 0) this.askWhetherItStays();
    });
    // Each stream hears of it as well.
    session.on('error', () => this.sessions.delete(session));
    session.on('close', () => {
      this.sessions.delete(session);
      this.sendWaiting();
    });
    session.on('remoteSettings', () => this.sendWaiting());
    if (this.trial === 'connecting')
      this.trial = clock.setTimer(() => {
        this.trial = undefined;
        this.input.onStayed?.();
      }, STAYED_MS);
    this.sendWaiting();
    if (entry.streams === 0) this.rest(entry);
  }

  /** By opening a session: who leaves takes none, or sends that one away as well. */
  private askWhetherItStays(): void {
    const asked = this.trial !== undefined;
    this.endTrial();
    const { onGoAway } = this.input;
    if (asked || onGoAway === undefined) return;
    onGoAway();
    this.trial = 'connecting';
    if (this.connecting === 0 && this.greeted !== undefined) this.connect(this.greeted);
  }

  private endTrial(): void {
    if (typeof this.trial === 'object') this.trial[Symbol.dispose]();
    this.trial = undefined;
  }

  private release(exchange: Http2Exchange, session: Session): void {
    this.running.delete(exchange);
    if (--session.streams > 0) return;
    session.session.unref();
    this.rest(session);
  }

  private rest(session: Session): void {
    if (session.session.closed || session.session.destroyed) return;
    session.idle = this.input.clock.setTimer(() => {
      this.sessions.delete(session.session);
      session.session.close();
    }, this.input.idleMs);
  }

  private sendWaiting(): void {
    while (this.waiting.length > 0) {
      const session = this.usable();
      const [first] = this.waiting;
      if (first === undefined) return;
      if (session === undefined) {
        if (this.connecting === 0 && this.sessions.size < this.input.maxSessions) this.connect(first.options);
        return;
      }
      this.waiting.shift();
      this.startOn(session, first);
    }
  }
}
