/**
 * Ends a response whose body stalls: an endpoint that hangs in the middle of an answer gives no error, and its caller
 * would wait for good. Only silence of the endpoint counts. While the caller does not read, nothing can come.
 */

import type { Clock } from '../../core/clock.js';
import type { DispatchHandler } from './dispatcher-like.js';
import {
  shapeOf,
  type Abort,
  type ExchangeController,
  type LegacyHandler,
  type ModernHandler,
} from './handler-shape.js';
import type { HeaderRecord, RawHeaders } from './raw-headers.js';

/** A timer that fires later than this says more about our own event loop: what came meanwhile has still to be read. Milliseconds. */
const STALL_MS = 100;

/** In place of `handler`: calls `onStalled` once when there was nothing of the body for `idleMs`. It is to abort the exchange. */
export function watchBody(
  handler: DispatchHandler,
  idleMs: number,
  clock: Clock,
  onStalled: () => void,
): DispatchHandler {
  // The sink of somebody's own fetch takes a response whole, and knows nothing of chunks.
  if ('takesResponse' in handler) return handler;
  const silence = new Silence(idleMs, clock, onStalled);
  return shapeOf(handler) === 'legacy' ? new LegacyBody(handler, silence) : new ModernBody(handler, silence);
}

class Silence {
  private readonly idleMs: number;
  private readonly clock: Clock;
  private readonly onStalled: () => void;
  private paused = false;
  private sinceMs = 0;
  private timer: Disposable | undefined;

  constructor(idleMs: number, clock: Clock, onStalled: () => void) {
    this.idleMs = idleMs;
    this.clock = clock;
    this.onStalled = onStalled;
  }

  begin(): void {
    this.broken();
    this.arm(this.idleMs);
  }

  /** Something came. */
  broken(): void {
    this.sinceMs = this.clock.now();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.broken();
  }

  end(): void {
    this.timer?.[Symbol.dispose]();
    this.timer = undefined;
  }

  /** One timer, which looks whether it is time: nothing is set or cleared for a chunk. */
  private arm(delayMs: number): void {
    const dueMs = this.clock.now() + delayMs;
    this.timer = this.clock.setTimer(() => {
      const now = this.clock.now();
      const leftMs = this.paused ? this.idleMs : this.sinceMs + this.idleMs - now;
      if (leftMs > 0) this.arm(leftMs);
      else if (now - dueMs > STALL_MS) this.arm(STALL_MS);
      else this.onStalled();
    }, delayMs);
  }
}

class LegacyBody implements LegacyHandler {
  private readonly handler: LegacyHandler;
  private readonly silence: Silence;

  constructor(handler: LegacyHandler, silence: Silence) {
    this.handler = handler;
    this.silence = silence;
  }

  onConnect(abort: Abort, context?: unknown): void {
    this.handler.onConnect?.(abort, context);
  }

  onUpgrade(status: number | null, raw: RawHeaders | null, socket: unknown): unknown {
    return this.handler.onUpgrade?.(status, raw, socket);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onHeaders(status: number, raw: RawHeaders, resume: () => void, statusText: string): unknown {
    if (status < 200) return this.handler.onHeaders?.(status, raw, resume, statusText);
    this.silence.begin();
    const resumed = (): void => {
      this.silence.resume();
      resume();
    };
    return this.told(this.handler.onHeaders?.(status, raw, resumed, statusText));
  }

  onData(chunk: Buffer): unknown {
    this.silence.broken();
    return this.told(this.handler.onData?.(chunk));
  }

  onComplete(rawTrailers: RawHeaders): void {
    this.silence.end();
    this.handler.onComplete?.(rawTrailers);
  }

  onError(error: unknown): void {
    this.silence.end();
    this.handler.onError?.(error);
  }

  onBodySent(chunk: unknown, total?: unknown): void {
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }

  private told(goesOn: unknown): unknown {
    if (goesOn === false) this.silence.pause();
    return goesOn;
  }
}

class ModernBody implements ModernHandler {
  private readonly handler: ModernHandler;
  private readonly silence: Silence;
  private steered: SteeredExchange | undefined;

  constructor(handler: ModernHandler, silence: Silence) {
    this.handler = handler;
    this.silence = silence;
  }

  onRequestStart(controller: ExchangeController, context?: unknown): void {
    this.handler.onRequestStart?.(this.steer(controller), context);
  }

  onRequestUpgrade(
    controller: ExchangeController,
    status: number | null,
    headers: HeaderRecord,
    socket: unknown,
  ): unknown {
    return this.handler.onRequestUpgrade?.(this.steer(controller), status, headers, socket);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onResponseStart(controller: ExchangeController, status: number, headers: HeaderRecord, statusText?: string): void {
    if (status >= 200) this.silence.begin();
    this.handler.onResponseStart?.(this.steer(controller), status, headers, statusText);
  }

  onResponseData(controller: ExchangeController, chunk: Buffer): void {
    this.silence.broken();
    this.handler.onResponseData?.(this.steer(controller), chunk);
  }

  onResponseEnd(controller: ExchangeController, trailers: HeaderRecord): void {
    this.silence.end();
    this.handler.onResponseEnd?.(this.steer(controller), trailers);
  }

  onResponseError(controller: ExchangeController | null | undefined, error: unknown): void {
    this.silence.end();
    this.handler.onResponseError?.(controller ? this.steer(controller) : controller, error);
  }

  onBodySent(chunk: unknown, total?: unknown): void {
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }

  /** A request that is sent once more has another controller. */
  private steer(controller: ExchangeController): ExchangeController {
    if (this.steered?.controller !== controller) this.steered = new SteeredExchange(controller, this.silence);
    return this.steered;
  }
}

/** Hears of pauses. undici's controller keeps its fields private, so it cannot be inherited from. */
class SteeredExchange implements ExchangeController {
  readonly controller: ExchangeController;
  private readonly silence: Silence;

  constructor(controller: ExchangeController, silence: Silence) {
    this.controller = controller;
    this.silence = silence;
  }

  get aborted(): boolean {
    return this.controller.aborted;
  }

  get paused(): boolean {
    return this.controller.paused;
  }

  get reason(): unknown {
    return this.controller.reason;
  }

  get rawHeaders(): unknown {
    return this.controller.rawHeaders;
  }

  get rawTrailers(): unknown {
    return this.controller.rawTrailers;
  }

  abort(reason?: unknown): void {
    this.controller.abort(reason);
  }

  pause(): void {
    this.silence.pause();
    this.controller.pause();
  }

  resume(): void {
    this.silence.resume();
    this.controller.resume();
  }
}
