/** Observes an exchange whose handler is of the legacy generation. Methods sit on the prototype: nothing is allocated per call but the object itself. */

import type { ExchangeObserver } from './exchange-observer.js';
import type { Abort, LegacyHandler } from './handler-shape.js';
import type { RawHeaders } from './raw-headers.js';
import { closesConnection, rawHeader } from './raw-headers.js';
import { revealed } from './tls-error.js';
import { isUnprocessed } from './unprocessed.js';

export class LegacyExchange implements LegacyHandler {
  private readonly handler: LegacyHandler;
  private readonly observer: ExchangeObserver;
  /** `taken`: the observer has taken over, and the handler belongs to another exchange now. */
  private state: 'open' | 'settled' | 'taken' = 'open';
  /** The handler is being told of the start: an abort now is still in time to send nothing. */
  private starting = false;
  private bodyUsed = false;
  private givenUp = false;

  constructor(handler: LegacyHandler, observer: ExchangeObserver) {
    this.handler = handler;
    this.observer = observer;
  }

  onConnect(abort: Abort, context?: unknown): void {
    this.observer.started(abort);
    // An abort in there has already come back through onError.
    if (this.state !== 'open') return;
    this.starting = true;
    this.handler.onConnect?.((reason) => {
      this.givenUp = true;
      abort(reason);
    }, context);
    this.starting = false;
  }

  onUpgrade(status: number | null, raw: RawHeaders | null, socket: unknown): unknown {
    if (status !== null) this.observer.responded(status, (name) => rawHeader(raw ?? [], name));
    this.settle();
    return this.handler.onUpgrade?.(status, raw, socket);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onHeaders(status: number, raw: RawHeaders, resume: () => void, statusText: string): unknown {
    if (status >= 200) this.observer.responded(status, (name) => rawHeader(raw, name), closesConnection(raw));
    return this.handler.onHeaders?.(status, raw, resume, statusText);
  }

  onData(chunk: Buffer): unknown {
    return this.handler.onData?.(chunk);
  }

  onComplete(rawTrailers: RawHeaders): void {
    this.settle();
    this.handler.onComplete?.(rawTrailers);
  }

  onError(reported: unknown): void {
    const error = revealed(reported);
    if (this.starting || (!this.bodyUsed && isUnprocessed(error))) this.observer.neverLeft?.();
    if (this.givenUp) this.observer.givenUp?.();
    if (this.state === 'open') this.state = this.observer.failed(error) ? 'taken' : 'settled';
    if (this.state !== 'taken') this.handler.onError?.(error);
  }

  onBodySent(chunk: unknown, total?: unknown): void {
    this.bodyUsed = true;
    this.observer.bodySent();
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }

  private settle(): void {
    if (this.state !== 'open') return;
    this.state = 'settled';
    this.observer.ended();
  }
}
