/** `client.request`: the same calls without WHATWG machinery, shaped like undici's `request`. */

import { FairleadError } from '../core/errors.js';
import type { Call } from '../data/call.js';
import type { Router } from '../data/call-input.js';
import { isReplayableBody } from '../data/idempotency.js';
import { isOneShotBody, keptBodies, madeBodies, type RoundBodies } from '../data/round-bodies.js';
import { hasHeader } from '../data/request-headers.js';
import type { DispatchOptions } from '../data/transport/dispatcher-like.js';
import { prepareBody, type PreparedBody } from '../data/transport/request-body.js';
import { createRequestExchange, type RequestExchange, type ResponseData } from '../data/transport/request-exchange.js';
import { invalidOption } from '../kit/option-error.js';
import { linkSignal } from '../kit/link-signal.js';
import { manageCall, type RequestForm } from './managed-call.js';
import type { CallOptions } from './options.js';
import type { Match } from './service-directory.js';
import { originPrefix, plainPath } from './service-match.js';

export interface RequestOptions {
  /** @default 'GET' */
  readonly method?: string;
  /** An object, a flat array of names and values, or `Headers`. */
  readonly headers?:
    Readonly<Record<string, string | readonly string[] | undefined>> | readonly string[] | Headers | null;
  /** A stream or an iterable is sent once and never again. */
  readonly body?:
    | string
    | Uint8Array
    | ArrayBuffer
    | NodeJS.ReadableStream
    | AsyncIterable<Uint8Array>
    | Blob
    | FormData
    | URLSearchParams
    | null;
  readonly signal?: AbortSignal | null;
}

export type RequestInput = RequestOptions & { readonly fairlead?: CallOptions };

/** @param path with the query */
export function requestCall(match: Match, path: string, options: RequestInput, router: Router): Promise<ResponseData> {
  return prepared(options, (body) =>
    manageCall(
      match,
      router,
      new DispatchForm(dispatchOptions(match.origin, path, options, body), options),
      options.fairlead,
    ),
  );
}

/** A host that is no service: sent as it is. */
export function requestElsewhere(router: Router, url: URL, options: RequestInput): Promise<ResponseData> {
  return prepared(options, (body) => {
    const signal = options.signal ?? undefined;
    signal?.throwIfAborted();
    const exchange = createRequestExchange();
    const unlink = linkSignal(signal, (reason) => exchange.abort(reason));
    exchange.response.then((data) => data.body.once('close', unlink), unlink);
    router.passThrough(dispatchOptions(url.origin, url.pathname + url.search, options, body), exchange.handler);
    return exchange.response;
  });
}

/** Goes on at once unless the body's bytes have to be waited for. */
function prepared<T>(options: RequestOptions, send: (body: PreparedBody) => Promise<T>): Promise<T> {
  const body = prepareBody(options.body);
  return 'then' in body ? body.then(send) : send(body);
}

class DispatchForm implements RequestForm<ResponseData> {
  readonly method: string;
  readonly signal: AbortSignal | undefined;
  private readonly options: RequestOptions;
  private readonly dispatched: DispatchOptions;
  private exchange: RequestExchange | undefined;
  bodies: RoundBodies | undefined;
  /** Of a round that began beside another one. */
  private others: RequestExchange[] | undefined;

  constructor(dispatched: DispatchOptions, options: RequestOptions) {
    this.options = options;
    this.dispatched = dispatched;
    this.method = this.dispatched.method;
    this.signal = options.signal ?? undefined;
  }

  url(): string {
    return String(this.dispatched.origin) + this.dispatched.path;
  }

  headers(): unknown {
    return this.options.headers;
  }

  repeatBody(make: CallOptions['body'], keptBytes: number): void {
    const given = this.options.body ?? undefined;
    if (make !== undefined) {
      if (given !== undefined) throw invalidOption('fairlead.body', 'must not be given together with a body');
      this.bodies = madeBodies(make);
    } else if (isOneShotBody(given)) {
      this.bodies = keptBodies(given, keptBytes);
    }
  }

  isReplayable(): boolean {
    return this.bodies?.isReplayable() ?? isReplayableBody(this.options.body);
  }

  send(call: Call): Promise<ResponseData> {
    return this.bodies === undefined ? this.sendThis(call, this.dispatched) : this.sendBody(call, this.bodies);
  }

  private async sendBody(call: Call, bodies: RoundBodies): Promise<ResponseData> {
    const { origin, path } = this.dispatched;
    const prepared = await prepareBody(await bodies.next());
    return this.sendThis(call, dispatchOptions(String(origin), path, this.options, prepared));
  }

  private sendThis(call: Call, dispatched: DispatchOptions): Promise<ResponseData> {
    if (this.signal?.aborted === true) return Promise.reject(this.signal.reason as Error);
    const exchange = createRequestExchange();
    if (this.exchange !== undefined) (this.others ??= []).push(this.exchange);
    this.exchange = exchange;
    call.dispatch(dispatched, exchange.handler);
    return exchange.response;
  }

  abort(reason: unknown): void {
    this.exchange?.abort(reason);
    for (const other of this.others ?? []) other.abort(reason);
  }

  status(data: ResponseData): number {
    return data.statusCode;
  }

  discard(data: ResponseData): void {
    // The abort comes back as an error that nobody listens to any more.
    data.body.on('error', () => {});
    data.body.destroy();
  }
}

function dispatchOptions(
  origin: string,
  path: string,
  options: RequestOptions,
  { body, contentType }: PreparedBody,
): DispatchOptions {
  return {
    origin,
    path,
    method: (options.method ?? 'GET').toUpperCase(),
    headers: contentType === undefined ? (options.headers ?? undefined) : withContentType(options.headers, contentType),
    body,
  };
}

/** What the body says of itself counts only where the caller says nothing. */
function withContentType(headers: RequestOptions['headers'], contentType: string): RequestOptions['headers'] {
  if (hasHeader(headers, 'content-type')) return headers;
  if (headers === undefined || headers === null) return { 'content-type': contentType };
  if (Array.isArray(headers)) return [...(headers as readonly string[]), 'content-type', contentType];
  if (typeof headers.entries === 'function')
    return [...(headers as Headers)].flat().concat('content-type', contentType);
  return { ...(headers as Record<string, string>), 'content-type': contentType };
}

/** Path and query. The URLs that services are called by are plain text nearly always, and are not parsed then. */
export function requestPath(url: string | URL): string {
  if (typeof url === 'string') {
    const origin = originPrefix(url);
    const path = origin === undefined ? undefined : plainPath(url, origin.length);
    if (path !== undefined) return path;
  }
  const { pathname, search } = parseRequestUrl(url);
  return pathname + search;
}

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function parseRequestUrl(url: string | URL): URL {
  if (typeof url === 'object') return url;
  try {
    return new URL(url);
  } catch (cause) {
    throw new FairleadError('ERR_INVALID_OPTION', `url: must be an absolute URL, got '${url}'`, { cause });
  }
}
