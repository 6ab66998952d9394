import { Readable } from 'node:stream';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { isIdempotentMethod, isReplayableBody } from '../../src/data/idempotency.js';
import { hasHeader, headerValue } from '../../src/data/request-headers.js';

describe('isIdempotentMethod', () => {
  it.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE', 'QUERY'])('%s may be sent twice', (method) => {
    expect(isIdempotentMethod(method)).toBe(true);
  });

  it.each(['POST', 'PATCH', 'CONNECT', 'LOCK', 'get', ''])('%j may not', (method) => {
    expect(isIdempotentMethod(method)).toBe(false);
  });
});

describe('headerValue', () => {
  it.each([
    [{ 'X-User': 'a' }, 'a'],
    [{ 'x-user': ['a', 'b'] }, 'a,b'],
    [['X-User', 'a', 'other', 'x-user', 'x-user', 'b'], 'a,b'],
    [
      [
        ['X-User', 'a'],
        ['x-user', 'b'],
      ],
      'a,b',
    ],
    [new Headers({ 'x-user': 'a' }), 'a'],
    [{ other: 'x-user' }, undefined],
    [{ 'x-user': undefined }, undefined],
    [new Headers(), undefined],
    [undefined, undefined],
    [null, undefined],
  ])('of %j is %j', (headers, value) => expect(headerValue(headers, 'x-user')).toBe(value));
});

describe('hasHeader', () => {
  it.each<[string, unknown]>([
    ['an object', { 'Idempotency-Key': 'k' }],
    ['an object with a list', { 'idempotency-key': ['k'] }],
    ['an empty value', { 'idempotency-key': '' }],
    [
      'pairs',
      [
        ['Accept', 'x'],
        ['IDEMPOTENCY-KEY', 'k'],
      ],
    ],
    ['a flat list', ['accept', 'x', 'Idempotency-key', 'k']],
    ['Headers', new Headers({ 'Idempotency-Key': 'k' })],
    ['a buffer as a name', [Buffer.from('Idempotency-Key'), Buffer.from('k')]],
  ])('finds it in %s', (_, headers) => {
    expect(hasHeader(headers, 'idempotency-key')).toBe(true);
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'idempotency-key: k'],
    ['an empty object', {}],
    ['an empty list', []],
    ['other headers', { accept: 'x' }],
    ['a value of that text', ['accept', 'idempotency-key']],
    ['a value of that text in pairs', [['accept', 'idempotency-key']]],
    ['Headers without it', new Headers({ accept: 'x' })],
    ['a key without a value, which undici does not send', { 'idempotency-key': undefined }],
    ['a key with null', { 'idempotency-key': null }],
    ['a pair without a value', [['idempotency-key']]],
    ['a name at the end of a flat list', ['idempotency-key']],
  ])('does not find it in %s', (_, headers) => {
    expect(hasHeader(headers, 'idempotency-key')).toBe(false);
  });

  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,20}$/);
  const value = fc.stringMatching(/^[a-z0-9]{1,10}$/);

  it('says the same of the same headers in every form', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), name, (pairs, wanted) => {
        const lower = wanted.toLowerCase();
        const expected = pairs.some(([key]) => key.toLowerCase() === lower);
        expect(hasHeader(pairs, lower)).toBe(expected);
        expect(hasHeader(pairs.flat(), lower)).toBe(expected);
        expect(hasHeader(Object.fromEntries(pairs), lower)).toBe(expected);
        expect(hasHeader(new Headers(pairs), lower)).toBe(expected);
      }),
    );
  });
});

describe('isReplayableBody', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['text', 'text'],
    ['empty text', ''],
    ['what fetch makes text of', 7],
    ['bytes', new Uint8Array(2)],
    ['a Node buffer', Buffer.from('x')],
    ['a view', new DataView(new ArrayBuffer(2))],
    ['a buffer', new ArrayBuffer(2)],
    ['a shared buffer', new SharedArrayBuffer(2)],
    ['a blob', new Blob(['x'])],
    ['a file', new File(['x'], 'x')],
    ['a form', new FormData()],
    ['parameters', new URLSearchParams('a=1')],
  ])('%s can be sent again', (_, body) => {
    expect(isReplayableBody(body)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['a web stream', new Blob(['x']).stream()],
    ['a Node stream', Readable.from(['x'])],
    ['an async generator', (async function* () {})()],
    ['a generator', (function* () {})()],
    [
      'a form that is a stream, as of the package form-data',
      Object.assign(new Readable(), { [Symbol.toStringTag]: 'FormData' }),
    ],
    ['an array, of which fetch would make text', ['x']],
    ['an object', {}],
  ])('%s cannot, or nobody knows', (_, body) => {
    expect(isReplayableBody(body)).toBe(false);
  });
});
