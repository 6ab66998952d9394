/**
 * An exchange that has a deadline and no endpoint: the hop of a redirect that leads to a host which is no service. It
 * says nothing about any endpoint's health, but the caller waits for it all the same.
 */

import type { Clock } from '../core/clock.js';
import type { DispatchHandler } from './transport/dispatcher-like.js';
import type { ExchangeObserver } from './transport/exchange-observer.js';
import { failHandler } from './transport/handler-shape.js';

export class BoundedExchange implements ExchangeObserver, Disposable {
  private readonly handler: DispatchHandler;
  private readonly timer: Disposable;
  private readonly onFailed: ((error: unknown) => void) | undefined;
  private abort: ((reason?: unknown) => void) | undefined;
  private error: Error | undefined;

  /**
   * @param timeUp makes the error that ends the exchange when there are no response headers after `delayMs`
   * @param onFailed hears of every other error, as it was before fetch wraps it
   */
  constructor(
    clock: Clock,
    delayMs: number,
    handler: DispatchHandler,
    timeUp: () => Error,
    onFailed?: (error: unknown) => void,
  ) {
    this.handler = handler;
    this.onFailed = onFailed;
    this.timer = clock.setTimer(
      () => {
        this.error = timeUp();
        // What has begun is aborted, and the wire tells the handler; what has not, nobody but us would.
        if (this.abort === undefined) failHandler(this.handler, this.error);
        else this.abort(this.error);
      },
      Math.max(0, delayMs),
    );
  }

  started(abort: (reason?: unknown) => void): void {
    this.abort = abort;
    if (this.error !== undefined) abort(this.error);
  }

  bodySent(): void {
    // The call's deadline does not move with the upload.
  }

  responded(): void {
    this[Symbol.dispose]();
  }

  ended(): void {
    this[Symbol.dispose]();
  }

  /** True when the handler has heard of the end already. */
  failed(error: unknown): boolean {
    this[Symbol.dispose]();
    if (this.error === undefined) this.onFailed?.(error);
    return this.error !== undefined && this.abort === undefined;
  }

  [Symbol.dispose](): void {
    this.timer[Symbol.dispose]();
  }
}
