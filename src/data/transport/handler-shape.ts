/** The callbacks of both handler generations, and how to tell them apart. Every callback is optional, as in undici itself. */

import type { DispatchHandler, HandlerShape } from './dispatcher-like.js';
import type { HeaderRecord, RawHeaders } from './raw-headers.js';

export type Abort = (reason?: unknown) => void;

export interface LegacyHandler {
  onConnect?(abort: Abort, context?: unknown): void;
  onUpgrade?(status: number | null, raw: RawHeaders | null, socket: unknown): unknown;
  onResponseStarted?(): void;
  /** False pauses the body until `resume` is called. Also called for 1xx. */
  onHeaders?(status: number, raw: RawHeaders, resume: () => void, statusText: string): unknown;
  /** False pauses the body. */
  onData?(chunk: Buffer): unknown;
  onComplete?(rawTrailers: RawHeaders): void;
  onError?(error: unknown): void;
  onBodySent?(chunk: unknown, total?: unknown): void;
  onRequestSent?(): void;
}

/** How a modern handler steers its exchange. */
export interface ExchangeController {
  abort(reason?: unknown): void;
  pause(): void;
  resume(): void;
  readonly aborted: boolean;
  readonly paused: boolean;
  readonly reason: unknown;
  /** Of the response, as it came over the wire. */
  rawHeaders?: unknown;
  rawTrailers?: unknown;
}

export interface ModernHandler {
  onRequestStart?(controller: ExchangeController, context?: unknown): void;
  onRequestUpgrade?(
    controller: ExchangeController,
    status: number | null,
    headers: HeaderRecord,
    socket: unknown,
  ): unknown;
  onResponseStarted?(): void;
  /** Also called for 1xx. */
  onResponseStart?(controller: ExchangeController, status: number, headers: HeaderRecord, statusText?: string): void;
  onResponseData?(controller: ExchangeController, chunk: Buffer): void;
  onResponseEnd?(controller: ExchangeController, trailers: HeaderRecord): void;
  /** `controller` is missing when the exchange failed before it started. */
  onResponseError?(controller: ExchangeController | null | undefined, error: unknown): void;
  onBodySent?(chunk: unknown, total?: unknown): void;
  onRequestSent?(): void;
}

/** A handler that has both generations counts as modern, as it does for undici 7. */
export function shapeOf(handler: DispatchHandler): HandlerShape {
  return typeof (handler as ModernHandler).onRequestStart === 'function' ? 'modern' : 'legacy';
}

/** Ends a handler's exchange with an error, whatever its generation. For fetch, the promise rejects with this error as `cause`. */
export function failHandler(handler: DispatchHandler, error: unknown): void {
  if (shapeOf(handler) === 'modern') (handler as ModernHandler).onResponseError?.(null, error);
  else (handler as LegacyHandler).onError?.(error);
}
