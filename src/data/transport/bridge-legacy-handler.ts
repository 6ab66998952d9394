/** Lets a legacy handler take part in a modern dispatch: an undici 6 or 7 handler on Node 26, or the fetch of Node 22 over undici 8. */

import type { ExchangeController, LegacyHandler, ModernHandler } from './handler-shape.js';
import type { HeaderRecord, RawHeaders } from './raw-headers.js';
import { rawFromRecord } from './raw-headers.js';

export class BridgedLegacyHandler implements ModernHandler {
  private readonly handler: LegacyHandler;

  constructor(handler: LegacyHandler) {
    this.handler = handler;
  }

  onRequestStart(controller: ExchangeController, context?: unknown): void {
    this.handler.onConnect?.((reason) => controller.abort(reason), context);
  }

  onRequestUpgrade(
    controller: ExchangeController,
    status: number | null,
    headers: HeaderRecord,
    socket: unknown,
  ): unknown {
    return this.handler.onUpgrade?.(status, rawOf(controller.rawHeaders, headers), socket);
  }

  onResponseStarted(): void {
    this.handler.onResponseStarted?.();
  }

  onResponseStart(controller: ExchangeController, status: number, headers: HeaderRecord, statusText?: string): void {
    const raw = rawOf(controller.rawHeaders, headers);
    if (this.handler.onHeaders?.(status, raw, () => controller.resume(), statusText ?? '') === false) {
      controller.pause();
    }
  }

  onResponseData(controller: ExchangeController, chunk: Buffer): void {
    if (this.handler.onData?.(chunk) === false) controller.pause();
  }

  onResponseEnd(controller: ExchangeController, trailers: HeaderRecord): void {
    this.handler.onComplete?.(rawOf(controller.rawTrailers, trailers));
  }

  onResponseError(_controller: ExchangeController | null | undefined, error: unknown): void {
    this.handler.onError?.(error);
  }

  onBodySent(chunk: unknown, total?: unknown): void {
    this.handler.onBodySent?.(chunk, total);
  }

  onRequestSent(): void {
    this.handler.onRequestSent?.();
  }
}

/** What came over the wire when the platform kept it as buffers (HTTP/1), else the same rebuilt (HTTP/2 has only the object). */
function rawOf(raw: unknown, headers: HeaderRecord | undefined): RawHeaders {
  return Array.isArray(raw) && Buffer.isBuffer(raw[0]) ? (raw as Buffer[]) : rawFromRecord(headers ?? {});
}
