import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { observeExchange } from '../../../src/data/transport/observe-exchange.js';
import type { EndpointAgents } from '../../../src/data/transport/endpoint-agents.js';
import { prepareBody } from '../../../src/data/transport/request-body.js';
import type { RequestExchange, ResponseData } from '../../../src/data/transport/request-exchange.js';
import { createRequestExchange } from '../../../src/data/transport/request-exchange.js';
import { until } from '../../support/until.js';
import type { TestServer } from './harness.js';
import { agentsWith, Recorder, targetAt, serve } from './harness.js';

const FIFTY_MEGABYTES = 50 * 1024 * 1024;

describe('createRequestExchange', () => {
  let server: TestServer;
  let agents: EndpointAgents;
  let connections = 0;
  let written = 0;
  let aborted = 0;

  const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
    '/json': (_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.setHeader('content-type', 'application/json');
      response.end('\ufeff{"ok":true}');
    },
    '/echo': (request, response) => {
      response.setHeader('x-type', request.headers['content-type'] ?? 'none');
      response.setHeader('x-length', request.headers['content-length'] ?? 'none');
      request.pipe(response);
    },
    '/slow': (_request, response) => {
      response.write('one ');
      setTimeout(() => response.end('two'), 30);
    },
    '/huge': (request, response) => {
      request.socket.on('close', () => aborted++);
      const chunk = randomBytes(64 * 1024);
      Readable.from(
        (function* () {
          for (written = 0; written < FIFTY_MEGABYTES; written += chunk.length) yield chunk;
        })(),
      ).pipe(response);
    },
    '/empty': (_request, response) => response.writeHead(204).end(),
    '/hang': () => {},
    '/cut': (request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('half', () => setImmediate(() => request.socket.resetAndDestroy()));
    },
    '/trailers': (_request, response) => {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      setTimeout(() => response.end(), 30);
    },
    '/early': (_request, response) => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('late');
    },
  };

  beforeAll(async () => {
    server = await serve((request, response) => routes[request.url ?? '']?.(request, response));
    server.server.on('connection', () => connections++);
    agents = agentsWith();
  });

  afterAll(async () => {
    await agents.destroy();
    await server.close();
  });

  const begin = (path: string, recorder = new Recorder(), more: object = {}): RequestExchange => {
    const exchange = createRequestExchange();
    const options = { origin: 'http://orders', path, method: 'GET', ...more };
    agents.dispatch(
      server.endpoint,
      targetAt(options, server.endpoint),
      options,
      observeExchange(exchange.handler, recorder),
    );
    return exchange;
  };
  const request = (path: string, recorder?: Recorder, more?: object): Promise<ResponseData> =>
    begin(path, recorder, more).response;

  it('gives status, headers by lower-case name, and the body in the wanted form', async () => {
    const recorder = new Recorder();
    const { statusCode, headers, body } = await request('/json', recorder);
    expect(statusCode).toBe(200);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect(headers['content-type']).toBe('application/json');
    expect(body.bodyUsed).toBe(false);
    expect(await body.json()).toEqual({ ok: true });
    expect(body.bodyUsed).toBe(true);
    expect(recorder.events).toEqual(['started', 'responded 200', 'ended']);
    await expect(body.text()).rejects.toThrow('read already');
  });

  it('has the other forms as well', async () => {
    const expected = Buffer.from('\ufeff{"ok":true}');
    expect(Buffer.from(await (await request('/json')).body.bytes())).toEqual(expected);
    expect(Buffer.from(await (await request('/json')).body.arrayBuffer())).toEqual(expected);
    const blob = await (await request('/json')).body.blob();
    expect([blob.type, blob.size]).toEqual(['application/json', expected.length]);
  });

  it('waits for a body that comes in parts', async () => {
    expect(await (await request('/slow')).body.text()).toBe('one two');
    const { body } = await request('/slow');
    const parts: string[] = [];
    for await (const part of body) parts.push(String(part));
    expect(parts.join('')).toBe('one two');
  });

  it('has an empty body where there is none, and ignores informational responses', async () => {
    const { statusCode, body } = await request('/empty');
    expect([statusCode, await body.text()]).toEqual([204, '']);
    expect(await (await request('/early')).body.text()).toBe('late');
  });

  it('fills in trailers when the body has ended', async () => {
    const { body, trailers } = await request('/trailers');
    expect(trailers).toEqual({});
    await body.text();
    expect(trailers).toEqual({ 'x-sum': '42' });
  });

  it('holds the server back while nobody reads', async () => {
    const { body } = await request('/huge');
    let before = -1;
    await until(() => before === (before = written), { intervalMs: 150, what: 'the server to be held back' });
    // Our 64 KiB, a chunk on the way, and what the kernel's socket buffers take.
    expect(body.readableLength).toBeLessThanOrEqual(256 * 1024);
    expect(written).toBeLessThan(FIFTY_MEGABYTES / 2);
    expect((await body.bytes()).length).toBe(FIFTY_MEGABYTES);
  });

  it('ends the exchange when the body is destroyed', async () => {
    const recorder = new Recorder();
    const { body } = await request('/huge', recorder);
    aborted = 0;
    body.destroy();
    await until(() => aborted > 0, { what: 'the connection to close' });
    expect(recorder.events).toEqual(['started', 'responded 200', expect.stringMatching(/^failed /)]);
  });

  it('dumps a short rest and keeps the connection, and closes it for a long one', async () => {
    await (await request('/json')).body.dump();
    connections = 0;
    await (await request('/json')).body.dump();
    await (await request('/slow')).body.dump();
    expect(await (await request('/json')).body.json()).toEqual({ ok: true });
    expect(connections).toBe(0);
    aborted = 0;
    await (await request('/huge')).body.dump({ limit: 1_000 });
    await until(() => aborted > 0, { what: 'the connection to close' });
  });

  it('rejects what waits for the body when it is cut, and harms nobody when nobody waits', async () => {
    await expect((await request('/cut')).body.text()).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNRESET|UND_ERR_SOCKET/),
    });
    const { body } = await request('/cut');
    await until(() => body.destroyed, { what: 'the cut' });
  });

  it('rejects with the reason of an abort: before the connection, while waiting, and within the body', async () => {
    const reason = new Error('enough');
    const early = begin('/hang');
    early.abort(reason);
    await expect(early.response).rejects.toBe(reason);

    const recorder = new Recorder();
    const waiting = begin('/hang', recorder);
    await until(() => recorder.events.length === 1, { what: 'the start' });
    waiting.abort(reason);
    await expect(waiting.response).rejects.toBe(reason);
    expect(recorder.events).toEqual(['started', 'failed Error']);

    const reading = begin('/slow');
    const text = (await reading.response).body.text();
    reading.abort(reason);
    await expect(text).rejects.toBe(reason);
  });

  it.each([
    ['a string', () => 'pay load', 'none', '8'],
    ['bytes', () => new Uint8Array(Buffer.from('pay load')), 'none', '8'],
    ['an ArrayBuffer', () => new Uint8Array(Buffer.from('pay load')).buffer, 'none', '8'],
    ['a Readable', () => Readable.from([Buffer.from('pay '), Buffer.from('load')]), 'none', 'none'],
    ['an async iterable', () => asyncParts(), 'none', 'none'],
    ['a ReadableStream', () => new Blob(['pay load']).stream(), 'none', 'none'],
    ['a Blob', () => new Blob(['pay load'], { type: 'text/x' }), 'text/x', '8'],
    [
      'URLSearchParams',
      () => new URLSearchParams({ 'pay load': '' }),
      'application/x-www-form-urlencoded;charset=UTF-8',
      '9',
    ],
  ])('sends %s', async (_what, make, type, length) => {
    const { body, contentType } = await prepareBody(make());
    const headers = contentType === undefined ? {} : { 'content-type': contentType };
    const answer = await request('/echo', undefined, { method: 'POST', body, headers });
    expect([answer.headers['x-type'], answer.headers['x-length']]).toEqual([type, length]);
    expect((await answer.body.text()).replace('+', ' ').replace('=', '')).toBe('pay load');
  });

  it('sends FormData with its boundary', async () => {
    const form = new FormData();
    form.set('name', 'value');
    form.set('file', new Blob(['content']), 'file.txt');
    const { body, contentType } = await prepareBody(form);
    const answer = await request('/echo', undefined, {
      method: 'POST',
      body,
      headers: { 'content-type': contentType },
    });
    const echoed = new Response(await answer.body.text(), {
      headers: { 'content-type': String(answer.headers['x-type']) },
    });
    const back = await echoed.formData();
    expect(back.get('name')).toBe('value');
    expect(await (back.get('file') as File).text()).toBe('content');
  });
});

async function* asyncParts(): AsyncGenerator<Buffer> {
  yield Buffer.from('pay ');
  yield Buffer.from('load');
}
