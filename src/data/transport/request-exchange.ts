/**
 * The handler behind `client.request`: turns one exchange into a promise of status, headers and a body stream. Of the
 * modern generation, because the headers that it is given are an object, which is what its caller wants as well.
 */

import type { DispatchHandler } from './dispatcher-like.js';
import type { ExchangeController, ModernHandler } from './handler-shape.js';
import type { HeaderRecord } from './raw-headers.js';
import { recordHeader } from './raw-headers.js';
import type { BodySource } from './response-body.js';
import { ResponseBody } from './response-body.js';

export interface ResponseData {
  readonly statusCode: number;
  /** Lower-case names; a header that came more than once is an array. */
  readonly headers: Record<string, string | string[]>;
  /** Filled when the body has ended. */
  readonly trailers: Record<string, string | string[]>;
  /** Read it, `dump()` it or destroy it: until then it occupies a connection. */
  readonly body: ResponseBody;
}

export interface RequestExchange {
  readonly handler: DispatchHandler;
  /** Rejects with what the handler was failed with, or with the reason of an abort. */
  readonly response: Promise<ResponseData>;
  /** Gives up: at once for whoever waits, and on the wire as soon as there is something to abort. */
  abort(reason: unknown): void;
}

export function createRequestExchange(): RequestExchange {
  return new PromisedExchange();
}

class PromisedExchange implements RequestExchange, ModernHandler, BodySource {
  readonly response: Promise<ResponseData>;
  private resolve!: (data: ResponseData) => void;
  private reject!: (error: unknown) => void;
  private controller: ExchangeController | undefined;
  private body: ResponseBody | undefined;
  private headers: HeaderRecord = {};
  private trailers: HeaderRecord = {};
  private aborted = false;
  private reason: unknown;

  constructor() {
    this.response = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  get handler(): DispatchHandler {
    return this;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    this.reject(reason);
    if (this.body !== undefined) this.body.fail(reason);
    this.controller?.abort(reason);
  }

  get contentType(): string | undefined {
    return recordHeader(this.headers, 'content-type');
  }

  get contentLength(): number | undefined {
    const value = recordHeader(this.headers, 'content-length');
    return value === undefined ? undefined : Number(value);
  }

  resume(): void {
    this.controller?.resume();
  }

  cancel(reason: Error | null): void {
    this.controller?.abort(reason ?? undefined);
  }

  onRequestStart(controller: ExchangeController): void {
    this.controller = controller;
    if (this.aborted) controller.abort(this.reason);
  }

  onResponseStart(_controller: ExchangeController, status: number, headers: HeaderRecord): void {
    if (status < 200) return;
    this.headers = headers;
    this.body = new ResponseBody(this);
    this.resolve({ statusCode: status, headers, trailers: this.trailers, body: this.body });
  }

  onResponseData(controller: ExchangeController, chunk: Buffer): void {
    if (this.body?.deliver(chunk) === false) controller.pause();
  }

  onResponseEnd(_controller: ExchangeController, trailers: HeaderRecord): void {
    Object.assign(this.trailers, trailers);
    this.body?.finish();
  }

  onResponseError(_controller: ExchangeController | null | undefined, error: unknown): void {
    if (this.body === undefined) this.reject(error);
    else this.body.fail(error);
  }
}
