/**
 * One request and its response as a stream of an HTTP/2 session, told to a handler of the modern generation.
 *
 * The protocol says of some streams that nobody has looked at them: those that a server refused, and those beyond the
 * last one that its GOAWAY names (RFC 9113 §6.8, §8.7). Such a request is sent once more over another connection, and
 * the handler hears nothing of it, or it fails with an error that says so.
 */

import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from 'node:http2';
import { ReplayBody } from '../../replay-body.js';
import { bridgeHandler } from '../bridge-handler.js';
import type { DispatchHandler, DispatchOptions } from '../dispatcher-like.js';
import type { ExchangeController, ModernHandler } from '../handler-shape.js';
import { rawFromRecord, type HeaderRecord } from '../raw-headers.js';
import { REFUSED_STREAM } from '../unprocessed.js';
import { requestHeaders, responseHeaders } from './http2-headers.js';

/** Where an exchange gets its streams. */
export interface ExchangeHost {
  readonly address: string;
  /** Nobody has looked at it: it may be sent again. False when that was done before. */
  again(exchange: Http2Exchange): boolean;
  over(exchange: Http2Exchange): void;
  /** Streams of this session beyond this one were not looked at; undefined while nothing is known. */
  lastStreamId(session: ClientHttp2Session): number | undefined;
}

/** Silence in the middle of a body that ends it. Milliseconds; undici's default, too. */
const BODY_TIMEOUT_MS = 300_000;

/**
 * What is kept of a request body: a server that is about to go refuses streams it has not looked at, and the platform's
 * fetch hands over every body as something that can be read once. Longer ones are sent once.
 */
const KEPT_BYTES = 65_536;

export class Http2Exchange implements ExchangeController {
  aborted = false;
  paused = false;
  reason: unknown = null;
  rawHeaders: unknown = null;
  rawTrailers: unknown = null;

  readonly options: DispatchOptions;
  /** As it was handed in. */
  readonly given: DispatchHandler;
  private readonly handler: ModernHandler;
  private readonly host: ExchangeHost;
  private readonly body: ReplayBody | undefined;
  private reading: AsyncIterableIterator<Uint8Array> | undefined;
  private stream: ClientHttp2Stream | undefined;
  private session: ClientHttp2Session | undefined;
  private hasBegun = false;
  private responded = false;
  private settled = false;
  private trailers: HeaderRecord = {};

  constructor(options: DispatchOptions, handler: DispatchHandler, host: ExchangeHost) {
    this.options = options;
    this.given = handler;
    this.handler = bridgeHandler(handler, 'modern');
    this.host = host;
    const { body } = options;
    if (typeof body === 'object' && body !== null && !ArrayBuffer.isView(body))
      this.body = new ReplayBody(body, KEPT_BYTES);
  }

  /** Its handler has heard of it. */
  get begun(): boolean {
    return this.hasBegun;
  }

  /** Sends it over this session. */
  start(session: ClientHttp2Session): void {
    if (!this.hasBegun) {
      this.hasBegun = true;
      this.handler.onRequestStart?.(this);
    }
    // Called off in there, or while it waited for its second connection.
    if (this.settled) return;
    this.session = session;
    const { body } = this.options;
    let stream: ClientHttp2Stream;
    try {
      stream = session.request(requestHeaders(this.options), { endStream: body === null || body === undefined });
    } catch (error) {
      this.fail(error);
      return;
    }
    this.stream = stream;
    this.listen(stream, session);
    void this.send(stream, body);
  }

  abort(reason?: unknown): void {
    if (this.settled) return;
    this.aborted = true;
    this.reason = reason ?? new DOMException('This operation was aborted', 'AbortError');
    this.fail(this.reason);
  }

  pause(): void {
    this.paused = true;
    this.stream?.pause();
  }

  resume(): void {
    this.paused = false;
    this.stream?.resume();
  }

  /** Ends it with an error; also when it has not begun. */
  fail(error: unknown): void {
    if (this.settled) return;
    this.settle();
    this.giveUp();
    this.handler.onResponseError?.(this.hasBegun ? this : null, error);
  }

  /** Fails it as one that nobody has looked at. */
  refuse(cause: unknown): void {
    const message = `${this.host.address} refused the request without having processed it (HTTP/2)`;
    this.fail(Object.assign(new Error(message, { cause }), { code: REFUSED_STREAM }));
  }

  private listen(stream: ClientHttp2Stream, session: ClientHttp2Session): void {
    let error: unknown;
    stream.on('response', (headers: IncomingHttpHeaders & { ':status'?: number }) => this.respond(stream, headers));
    stream.on('trailers', (headers: IncomingHttpHeaders) => (this.trailers = responseHeaders(headers)));
    stream.on('error', (reason: unknown) => (error = reason));
    // The stream's own timer and not a Clock's: nobody else sees that one long piece of an upload makes progress.
    stream.setTimeout(this.options.bodyTimeout ?? BODY_TIMEOUT_MS, () => this.timeOut());
    stream.on('end', () => {
      if (this.responded && stream.rstCode === constants.NGHTTP2_NO_ERROR) this.complete();
    });
    stream.on('close', () => this.closed(stream, session, error));
  }

  private async send(stream: ClientHttp2Stream, body: unknown): Promise<void> {
    try {
      if (this.body === undefined) {
        if (body === null || body === undefined) return;
        this.handler.onBodySent?.(body);
        stream.end(body as string);
        return;
      }
      const isCurrent = (): boolean => this.stream === stream && !this.settled;
      for await (const chunk of (this.reading = this.body.read())) {
        if (!isCurrent() || stream.destroyed) return;
        this.handler.onBodySent?.(chunk);
        if (!stream.write(chunk)) await drained(stream);
      }
      if (isCurrent()) stream.end();
    } catch (error) {
      if (this.stream === stream) this.fail(error);
    }
  }

  private respond(stream: ClientHttp2Stream, headers: IncomingHttpHeaders & { ':status'?: number }): void {
    if (this.settled) return;
    this.responded = true;
    // Not before: what comes in one piece with its headers may otherwise be told earlier than they are.
    stream.on('data', (chunk: Buffer) => {
      if (!this.settled) this.handler.onResponseData?.(this, chunk);
    });
    const record = responseHeaders(headers);
    this.rawHeaders = rawFromRecord(record);
    this.handler.onResponseStarted?.();
    this.handler.onResponseStart?.(this, headers[':status'] ?? 0, record, '');
  }

  private complete(): void {
    if (this.settled) return;
    this.settle();
    // A server may answer without having read the request (RFC 9113 §8.1); a rest that nobody asks for would keep the stream open.
    if (this.stream?.writableFinished === false) this.giveUp();
    this.rawTrailers = rawFromRecord(this.trailers);
    this.handler.onResponseEnd?.(this, this.trailers);
  }

  private closed(stream: ClientHttp2Stream, session: ClientHttp2Session, error: unknown): void {
    if (this.settled || this.stream !== stream) return;
    if (!this.responded && this.wasRefused(stream, session)) {
      this.stream = undefined;
      void this.reading?.return?.();
      if (this.body?.repeatable !== false && this.host.again(this)) return;
      this.refuse(error);
      return;
    }
    const message = `HTTP/2: ${this.host.address} ended the stream before the response was complete`;
    this.fail(error ?? Object.assign(new Error(message), { code: 'UND_ERR_SOCKET' }));
  }

  private wasRefused(stream: ClientHttp2Stream, session: ClientHttp2Session): boolean {
    if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || stream.id === undefined) return true;
    const last = this.host.lastStreamId(session);
    return last !== undefined && stream.id > last;
  }

  private timeOut(): void {
    // As undici does: it is the reader who is slow.
    if (this.paused) return;
    const code = this.responded ? 'UND_ERR_BODY_TIMEOUT' : 'UND_ERR_HEADERS_TIMEOUT';
    this.fail(Object.assign(new Error(`HTTP/2: ${this.host.address} was silent for too long`), { code }));
  }

  private giveUp(): void {
    this.body?.cancel();
    // Not close(): that ends the body first, and the server would take a part of an upload for all of it.
    this.stream?.destroy(new Error('given up'));
  }

  private settle(): void {
    this.settled = true;
    this.host.over(this);
  }
}

function drained(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    stream.once('drain', resolve);
    stream.once('close', resolve);
  });
}
