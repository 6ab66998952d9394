/** Lets a modern handler take part in a legacy dispatch: an undici 8 handler on Node 20–24. */

import type { Abort, ExchangeController, LegacyHandler, ModernHandler } from './handler-shape.js';
import type { RawHeaders } from './raw-headers.js';
import { recordFromRaw } from './raw-headers.js';

class BridgedController implements ExchangeController {
  aborted = false;
  paused = false;
  reason: unknown = null;
  rawHeaders: unknown = null;
  rawTrailers: unknown = null;
  resumeBody: (() => void) | undefined;
  private readonly abortExchange: Abort;

  constructor(abort: Abort) {
    this.abortExchange = abort;
  }

  abort(reason?: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.abortExchange(reason);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.resumeBody?.();
  }
}

export class BridgedModernHandler implements LegacyHandler {
  private readonly handler: ModernHandler;
  /** Missing until the exchange starts; an error before that is delivered without one, as undici does. */
  private controller: BridgedController | undefined;

  constructor(handler: ModernHandler) {
    this.handler = handler;
  }

  onConnect(abort: Abort, context?: unknown): void {
    this.controller = new BridgedController(abort);
    this.handler.onRequestStart?.(this.controller, context);
  }

  onUpgrade(status: number | null, raw: RawHeaders | null, socket: unknown): unknown {
    const controller = this.controller as BridgedController;
    controller.rawHeaders = raw;
    return this.handler.onRequestUpgrade?.(controller, status, recordFromRaw(raw ?? []), socket);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onHeaders(status: number, raw: RawHeaders, resume: () => void, statusText: string): boolean {
    const controller = this.controller as BridgedController;
    controller.resumeBody = resume;
    controller.rawHeaders = raw;
    this.handler.onResponseStart?.(controller, status, recordFromRaw(raw), statusText);
    return !controller.paused;
  }

  onData(chunk: Buffer): boolean {
    const controller = this.controller as BridgedController;
    this.handler.onResponseData?.(controller, chunk);
    return !controller.paused;
  }

  onComplete(rawTrailers: RawHeaders | undefined): void {
    const controller = this.controller as BridgedController;
    controller.rawTrailers = rawTrailers;
    this.handler.onResponseEnd?.(controller, recordFromRaw(rawTrailers ?? []));
  }

  onError(error: unknown): void {
    this.handler.onResponseError?.(this.controller ?? null, error);
  }

  onBodySent(chunk: unknown, total?: unknown): void {
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }
}
