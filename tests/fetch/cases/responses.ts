/** Statuses, encodings, the ways to read a body, and what stands beside the message itself. */

import type { ServerResponse } from 'node:http';
import * as zlib from 'node:zlib';

import { attempt, describeHead, describeResponse, settle } from '../describe.js';
import type { FetchCase } from '../fetch-case.js';
import { sent } from './sent.js';

const TEXT = 'a text that is worth the effort '.repeat(20);

const STATUSES = [
  200, 201, 202, 203, 204, 205, 206, 226, 299, 300, 304, 305, 306, 400, 401, 402, 404, 405, 407, 408, 409,
];
const MORE_STATUSES = [
  410, 412, 413, 417, 418, 421, 422, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 599,
];

const statuses: FetchCase[] = [...STATUSES, ...MORE_STATUSES].flatMap((status) =>
  ['GET', 'POST'].map((method) =>
    sent(`status: ${status} to a ${method}`, () => ({ method, ...(method === 'POST' ? { body: 'text' } : {}) }), {
      serve: (_request, response) => response.writeHead(status, 'Of Its Own', { 'x-own': '1' }).end('body'),
    }),
  ),
);

const heads: FetchCase[] = [
  sent('status: HEAD with a length', () => ({ method: 'HEAD' }), {
    serve: (_request, response) => response.writeHead(200, { 'content-length': '5' }).end(),
  }),
  sent('status: 204 with headers of a body', undefined, {
    serve: (_request, response) =>
      response.writeHead(204, { 'content-type': 'text/x', 'content-encoding': 'gzip' }).end(),
  }),
  sent('status: 304 with headers of a body', () => ({ headers: { 'if-none-match': '"1"' } }), {
    serve: (_request, response) => response.writeHead(304, { etag: '"1"', 'content-type': 'text/x' }).end(),
  }),
  sent('status: an empty body', undefined, { serve: (_request, response) => response.end() }),
];

const encoded = (name: string, encoding: string, body: Buffer, method = 'GET'): FetchCase =>
  sent(`encoding: ${name}`, () => ({ method }), {
    serve: (_request, response) =>
      response
        .writeHead(200, { 'content-encoding': encoding, 'content-length': body.length })
        .end(method === 'HEAD' ? undefined : body),
  });

const { zstdCompressSync } = zlib as { zstdCompressSync?: (data: string) => Buffer };

const encodings: FetchCase[] = [
  encoded('gzip', 'gzip', zlib.gzipSync(TEXT)),
  encoded('x-gzip', 'x-gzip', zlib.gzipSync(TEXT)),
  encoded('deflate', 'deflate', zlib.deflateSync(TEXT)),
  encoded('deflate without its header', 'deflate', zlib.deflateRawSync(TEXT)),
  encoded('br', 'br', zlib.brotliCompressSync(TEXT)),
  ...(zstdCompressSync === undefined ? [] : [encoded('zstd', 'zstd', zstdCompressSync(TEXT))]),
  encoded('two', 'gzip, br', zlib.brotliCompressSync(zlib.gzipSync(TEXT))),
  encoded('upper case', 'GZIP', zlib.gzipSync(TEXT)),
  encoded('unknown', 'own', Buffer.from(TEXT)),
  encoded('gzip that is none', 'gzip', Buffer.from(TEXT)),
  encoded('gzip that breaks off', 'gzip', zlib.gzipSync(TEXT).subarray(0, 30)),
  encoded('gzip of nothing', 'gzip', Buffer.alloc(0)),
  encoded('gzip to a HEAD', 'gzip', zlib.gzipSync(TEXT), 'HEAD'),
];

/** A body read by one of its methods. */
function read(name: string, body: string | Buffer, type: string, action: (response: Response) => unknown): FetchCase {
  return {
    name: `reading: ${name}`,
    serve: (_request, response) => response.writeHead(200, { 'content-type': type }).end(body),
    run: async ({ fetch, url }) => {
      const response = await fetch(url());
      return {
        result: await attempt(() => action(response)),
        used: response.bodyUsed,
        again: await attempt(() => response.text()),
      };
    },
  };
}

const formBody =
  '--b\r\ncontent-disposition: form-data; name="f"; filename="a.txt"\r\ncontent-type: text/x\r\n\r\nfile\r\n--b--\r\n';

const readings: FetchCase[] = [
  read('text', 'käse', 'text/plain', (response) => response.text()),
  read('text with a byte order mark', '\ufeffkäse', 'text/plain', (response) => response.text()),
  read('text that is no UTF-8', Buffer.from([0x61, 0xff]), 'text/plain', (response) => response.text()),
  read('json', '{"a":[1,"ü"]}', 'application/json', (response) => response.json()),
  read('json that is none', '{"a":', 'application/json', (response) =>
    response.json().catch((error: Error) => [error.name, error.message]),
  ),
  read('json of nothing', '', 'application/json', (response) => response.json()),
  read('arrayBuffer', 'abc', 'text/plain', async (response) => [...new Uint8Array(await response.arrayBuffer())]),
  read('bytes', 'abc', 'text/plain', async (response) => [
    ...(await (response as unknown as { bytes(): Promise<Uint8Array> }).bytes()),
  ]),
  read('blob', 'abc', 'Text/X-Own;a=b', async (response) => {
    const blob = await response.blob();
    return [blob.size, blob.type, await blob.text()];
  }),
  read('formData', formBody, 'multipart/form-data; boundary=b', async (response) => {
    const file = (await response.formData()).get('f') as File;
    return [file.name, file.type, await file.text()];
  }),
  read('formData that is none', 'x', 'text/plain', (response) => response.formData()),
  read('urlencoded formData', 'a=1&b=%C3%BC', 'application/x-www-form-urlencoded', async (response) => [
    ...((await response.formData()) as unknown as Iterable<unknown>),
  ]),
  read('the stream', 'abc', 'text/plain', async (response) => {
    const pieces: Buffer[] = [];
    for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) pieces.push(Buffer.from(piece));
    return Buffer.concat(pieces).toString();
  }),
  read('cancel', 'abc', 'text/plain', (response) => response.body?.cancel()),
  read('cancel, then the reader', 'abc', 'text/plain', async (response) => {
    const reader = response.body?.getReader();
    await reader?.cancel('enough');
    return reader?.read();
  }),
  read('a clone', 'abc', 'text/plain', async (response) => {
    const copy = response.clone();
    return [describeHead(copy), await copy.text(), await response.text(), copy.bodyUsed];
  }),
  read('a clone after reading', 'abc', 'text/plain', async (response) => {
    await response.text();
    return response.clone();
  }),
  read('both at once', 'abc', 'text/plain', (response) => Promise.all([response.text(), response.text()])),
];

async function inSteps(response: ServerResponse, ...pieces: string[]): Promise<void> {
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  response.end();
}

const besides: FetchCase[] = [
  sent('besides: 103 before the answer', undefined, {
    serve: (_request, response) => (response.writeEarlyHints({ link: '</a.css>; rel=preload' }), response.end('late')),
  }),
  sent('besides: 102 and 100 before the answer', () => ({ method: 'POST', body: 'text' }), {
    serve: (_request, response) => (response.writeProcessing(), response.writeContinue(), response.end('late')),
  }),
  sent('besides: trailers', undefined, {
    serve(_request, response) {
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '4' });
      response.end();
    },
  }),
  sent('besides: a body in pieces', undefined, {
    serve: (_request, response) => inSteps(response, 'a', 'b', 'c'),
  }),
  sent('besides: the answer before the end of the upload', () => ({ method: 'POST', body: 'x'.repeat(500_000) }), {
    receivesByChance: true,
    serve: (_request, response) => response.end('enough'),
  }),
  {
    name: 'besides: one connection for one call after the other',
    run: async ({ fetch, url }) => {
      const answers: unknown[] = [];
      for (let call = 0; call < 3; call++) answers.push(await settle(fetch(url(`/${call}`))));
      return answers;
    },
  },
  {
    name: 'besides: many at once',
    receivesByChance: true,
    run: async ({ fetch, url }) => {
      const paths = Array.from({ length: 20 }, (_, index) => `/?n=${index}`);
      const answers = await Promise.all(paths.map((path) => fetch(url(path), { method: 'POST', body: path })));
      return Promise.all(answers.map((answer) => answer.text()));
    },
    // In which order they arrive is chance.
    serve: (request, response) => response.end(request.url),
  },
  {
    name: 'besides: the resource timing of a call',
    run: async ({ fetch, url }) => {
      await describeResponse(await fetch(url('/timed')));
      await new Promise((resolve) => setTimeout(resolve, 20));
      const entries = performance.getEntriesByName(url('/timed')) as unknown as Record<string, unknown>[];
      return entries.map(({ name, initiatorType, entryType, responseStatus }) => ({
        name,
        initiatorType,
        entryType,
        responseStatus,
      }));
    },
  },
];

export const responses: readonly FetchCase[] = [...statuses, ...heads, ...encodings, ...readings, ...besides];
