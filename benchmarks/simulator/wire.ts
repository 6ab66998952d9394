/**
 * The wire below a simulated client: what the transport is to a real one, with the same contract ({@link Connections}).
 * Everything above it is the library's own code.
 *
 * Connections are always warm and without limit: what is simulated is choice, not handshakes. A request takes one way to
 * get there and one to come back; a refusal takes both. What a client aborts, the server hears of at once.
 */

import type { Connections } from '../../src/data/transport/connections.js';
import type { DispatchHandler } from '../../src/data/transport/dispatcher-like.js';
import type { ExchangeObserver } from '../../src/data/transport/exchange-observer.js';
import type { Job, SimulatedServer } from './server.js';
import type { VirtualClock } from './virtual-clock.js';

/** Who waits for the answer of one request. `onError` is what the library calls to fail it. */
export interface Waiting extends DispatchHandler {
  readonly workMs: number;
  answered(status: number): void;
  onError(error: unknown): void;
}

export interface WireInput {
  readonly clock: VirtualClock;
  readonly server: (id: string) => SimulatedServer;
  readonly oneWayMs: (server: SimulatedServer) => number;
  /** An attempt is sent. */
  readonly onSend: (server: SimulatedServer) => void;
}

export interface Wire extends Connections {
  /** The process is gone: nothing reaches it, and it sends nothing. */
  cut(): void;
}

export function createWire(input: WireInput): Wire {
  const link = { isCut: false };
  return {
    send(endpoint, _target, _options, handler, observer) {
      if (link.isCut) return;
      const server = input.server(endpoint.id);
      input.onSend(server);
      const exchange = new Exchange(input, link, server, handler as Waiting, observer);
      if (server.state === 'down') exchange.beRefused();
      else exchange.go();
    },
    sendElsewhere() {
      throw new Error('a simulated call left its service');
    },
    cut() {
      link.isCut = true;
    },
    drain() {},
    close: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
}

function noHeader(): undefined {
  return undefined;
}

class Exchange implements Job {
  readonly workMs: number;
  abandoned = false;
  private readonly wire: WireInput;
  private readonly link: { readonly isCut: boolean };
  private readonly server: SimulatedServer;
  private readonly waiting: Waiting;
  private readonly observer: ExchangeObserver;
  private readonly oneWayMs: number;

  constructor(
    wire: WireInput,
    link: { readonly isCut: boolean },
    server: SimulatedServer,
    waiting: Waiting,
    observer: ExchangeObserver,
  ) {
    this.wire = wire;
    this.link = link;
    this.server = server;
    this.waiting = waiting;
    this.observer = observer;
    this.workMs = waiting.workMs;
    this.oneWayMs = wire.oneWayMs(server);
  }

  go(): void {
    this.observer.started((reason) => this.abort(reason));
    if (this.abandoned) return;
    const { server } = this;
    server.expect();
    this.wire.clock.after(this.oneWayMs, () => {
      if (server.state === 'down') {
        server.expectNot();
        // The connection was open when the request was written, so it may have arrived.
        this.reset();
      } else if (this.abandoned || this.link.isCut) server.expectNot();
      else server.arrive(this);
    });
  }

  beRefused(): void {
    this.wire.clock.after(2 * this.oneWayMs, () => {
      if (this.isOver) return;
      this.fail(Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }));
    });
  }

  answer(status: number): void {
    this.back(() => {
      const { observer, waiting } = this;
      observer.responded(status, noHeader);
      observer.ended();
      waiting.answered(status);
    });
  }

  reset(): void {
    this.back(() => this.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' })));
  }

  private back(deliver: () => void): void {
    this.wire.clock.after(this.oneWayMs, () => {
      if (!this.isOver) deliver();
    });
  }

  private get isOver(): boolean {
    return this.abandoned || this.link.isCut;
  }

  private abort(reason: unknown): void {
    if (this.abandoned) return;
    this.abandoned = true;
    this.fail(reason);
  }

  private fail(error: unknown): void {
    if (!this.observer.failed(error)) this.waiting.onError(error);
  }
}
