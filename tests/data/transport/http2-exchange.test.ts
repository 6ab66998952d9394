import { describe, expect, it } from '@jest/globals';
import type { ClientHttp2Session } from 'node:http2';
import { Duplex } from 'node:stream';

import type { ModernHandler } from '../../../src/data/transport/handler-shape.js';
import { Http2Exchange } from '../../../src/data/transport/http2/http2-exchange.js';

/** A stream of node:http2 as far as an exchange knows it. */
class FakeStream extends Duplex {
  readonly id = 1;
  readonly rstCode = 0;
  readonly setTimeout = (_delayMs: number, onTimeout: () => void): void => void (this.runOut = onTimeout);
  runOut: () => void = () => {};
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, written: () => void): void {
    // The server does not read: what it is sent stays on the way.
    if (this.isRead) written();
  }
  isRead = true;
}

function begin(body: unknown = null, stream: FakeStream = new FakeStream()) {
  const told: string[] = [];
  const handler: ModernHandler = {
    onRequestStart: () => {},
    onResponseStart: (_controller, status) => void told.push(`status ${status}`),
    onResponseData: (_controller, chunk) => void told.push(String(chunk)),
    onResponseEnd: () => void told.push('end'),
    onResponseError: (_controller, error) => void told.push(String((error as { code?: unknown }).code)),
  };
  const host = { address: '10.0.0.1:443', again: () => false, over: () => {}, lastStreamId: () => undefined };
  const options = { origin: 'https://orders', path: '/', method: 'POST', headers: {}, body };
  const exchange = new Http2Exchange(options, handler, host);
  exchange.start({ request: () => stream } as unknown as ClientHttp2Session);
  return { exchange, stream, told };
}

/** Enough turns for streams to tell what they have. */
const turns = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

describe('an exchange over HTTP/2', () => {
  it('tells the status before the body, also when the body is there first', async () => {
    const { stream, told } = begin();
    stream.push('a body');
    stream.push(null);
    await turns();
    expect(told).toEqual([]);
    stream.emit('response', { ':status': 200 });
    await turns();
    expect(told).toEqual(['status 200', 'a body', 'end']);
  });

  it('gives up the stream when the answer is whole and the request is not', async () => {
    const stream = new FakeStream();
    stream.isRead = false;
    const { told } = begin('a long upload', stream);
    stream.emit('response', { ':status': 413 });
    stream.push(null);
    await turns();
    expect(told).toEqual(['status 413', 'end']);
    expect(stream.destroyed).toBe(true);
  });

  it('ends when the stream was silent for too long, unless it is the reader who is slow', async () => {
    const { exchange, stream, told } = begin();
    stream.emit('response', { ':status': 200 });
    exchange.pause();
    stream.runOut();
    expect(told).toEqual(['status 200']);
    exchange.resume();
    stream.runOut();
    expect(told).toEqual(['status 200', 'UND_ERR_BODY_TIMEOUT']);
  });
});
