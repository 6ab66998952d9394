/** Observes an exchange whose handler is of the modern generation; the twin of `legacy-exchange.ts`. */

import type { ExchangeObserver } from './exchange-observer.js';
import type { ExchangeController, ModernHandler } from './handler-shape.js';
import type { HeaderRecord } from './raw-headers.js';
import { recordHeader } from './raw-headers.js';
import { revealed } from './tls-error.js';
import { isUnprocessed } from './unprocessed.js';

export class ModernExchange implements ModernHandler {
  private readonly handler: ModernHandler;
  private readonly observer: ExchangeObserver;
  /** `taken`: the observer has taken over, and the handler belongs to another exchange now. */
  private state: 'open' | 'settled' | 'taken' = 'open';
  /** The handler is being told of the start: an abort now is still in time to send nothing. */
  private starting = false;
  private bodyUsed = false;
  /** The observer has aborted, not the handler. */
  private takenBack = false;

  constructor(handler: ModernHandler, observer: ExchangeObserver) {
    this.handler = handler;
    this.observer = observer;
  }

  onRequestStart(controller: ExchangeController, context?: unknown): void {
    this.observer.started((reason) => {
      this.takenBack = true;
      controller.abort(reason);
    });
    // An abort in there has already come back through onResponseError.
    if (this.state !== 'open') return;
    this.starting = true;
    this.handler.onRequestStart?.(controller, context);
    this.starting = false;
  }

  onRequestUpgrade(
    controller: ExchangeController,
    status: number | null,
    headers: HeaderRecord,
    socket: unknown,
  ): unknown {
    if (status !== null) this.observer.responded(status, (name) => recordHeader(headers, name));
    this.settle();
    return this.handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onResponseStart(controller: ExchangeController, status: number, headers: HeaderRecord, statusText?: string): void {
    if (status >= 200)
      this.observer.responded(status, (name) => recordHeader(headers, name), headers['connection'] === 'close');
    this.handler.onResponseStart?.(controller, status, headers, statusText);
  }

  onResponseData(controller: ExchangeController, chunk: Buffer): void {
    this.handler.onResponseData?.(controller, chunk);
  }

  onResponseEnd(controller: ExchangeController, trailers: HeaderRecord): void {
    this.settle();
    this.handler.onResponseEnd?.(controller, trailers);
  }

  onResponseError(controller: ExchangeController | null | undefined, reported: unknown): void {
    const error = revealed(reported);
    if (this.starting || (!this.bodyUsed && isUnprocessed(error))) this.observer.neverLeft?.();
    if (controller?.aborted === true && !this.takenBack) this.observer.givenUp?.();
    if (this.state === 'open') this.state = this.observer.failed(error) ? 'taken' : 'settled';
    if (this.state !== 'taken') this.handler.onResponseError?.(controller, error);
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
