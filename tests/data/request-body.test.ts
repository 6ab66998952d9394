import { Readable } from 'node:stream';

import { describe, expect, it } from '@jest/globals';

import { prepareBody } from '../../src/data/transport/request-body.js';

describe('prepareBody', () => {
  const stream = Readable.from(['x']);
  const formLike = Object.assign(new Readable(), { [Symbol.toStringTag]: 'FormData' });
  const bytes = new Uint8Array([1, 2]);

  it.each<[string, unknown, unknown, string | undefined]>([
    ['nothing', undefined, null, undefined],
    ['null', null, null, undefined],
    ['text', 'text', 'text', undefined],
    ['bytes', bytes, bytes, undefined],
    ['a stream', stream, stream, undefined],
    ['a stream that calls itself FormData, as of the package form-data', formLike, formLike, undefined],
    ['a buffer', new Uint8Array([1, 2]).buffer, Buffer.from([1, 2]), undefined],
    [
      'parameters',
      new URLSearchParams({ a: '1', b: 'ü' }),
      'a=1&b=%C3%BC',
      'application/x-www-form-urlencoded;charset=UTF-8',
    ],
  ])('takes %s at once', (_, given, body, contentType) => {
    expect(prepareBody(given)).toEqual({ body, contentType });
  });

  it('reads a blob, and takes its type', async () => {
    expect(await prepareBody(new Blob(['text'], { type: 'text/plain' }))).toEqual({
      body: Buffer.from('text'),
      contentType: 'text/plain',
    });
    expect(await prepareBody(new Blob(['text']))).toEqual({ body: Buffer.from('text'), contentType: undefined });
    expect(await prepareBody(new File(['text'], 'a.txt'))).toMatchObject({ body: Buffer.from('text') });
  });

  it('encodes a form, with the boundary that its content type names', async () => {
    const form = new FormData();
    form.set('a', '1');
    const { body, contentType } = await prepareBody(form);
    const boundary = /boundary=(.+)$/.exec(contentType ?? '')?.[1] as string;
    expect(contentType).toMatch(/^multipart\/form-data; boundary=/);
    expect(String(body)).toContain(`--${boundary}\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n`);
  });
});
