/** Everything that can be sent as a body, and what arrives of it. */

import { Readable } from 'node:stream';

import { attempt, settle } from '../describe.js';
import type { FetchCase, LooseInit } from '../fetch-case.js';
import { sent } from './sent.js';

const posted = (name: string, body: () => unknown, init: LooseInit = {}, more: Partial<FetchCase> = {}): FetchCase =>
  sent(`body: ${name}`, () => ({ method: 'POST', body: body(), ...init }), more);

const MAY_HANG = { mayHang: true } as const;
/** Whether the head of the request has left before its body fails. */
const BY_CHANCE = { receivesByChance: true } as const;

const bytes = (): Uint8Array => Uint8Array.from({ length: 256 }, (_, index) => index);

function form(): FormData {
  const data = new FormData();
  data.append('field', 'käse\r\n"quoted"');
  data.append('field', 'second');
  data.append('file', new Blob(['file text'], { type: 'text/x-file' }), 'na"me.txt');
  return data;
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ');
  await new Promise((resolve) => setTimeout(resolve, 5));
  yield Buffer.from('two');
}

const stream = (): ReadableStream => new Blob(['streamed text']).stream();
const half = { duplex: 'half' };

const kinds: FetchCase[] = [
  posted('a string', () => 'käse 試'),
  posted('an empty string', () => ''),
  posted('a lone surrogate', () => '\ud800'),
  posted('an ArrayBuffer', () => bytes().buffer),
  posted('an empty ArrayBuffer', () => new ArrayBuffer(0)),
  posted('a Uint8Array', bytes),
  posted('a part of a Uint8Array', () => bytes().subarray(10, 20)),
  posted('a Buffer', () => Buffer.from('buffer')),
  posted('a Float64Array', () => Float64Array.of(1.5, 2.5)),
  posted('a BigUint64Array', () => BigUint64Array.of(1n)),
  posted('a DataView', () => new DataView(bytes().buffer, 65, 3)),
  posted('a SharedArrayBuffer', () => new SharedArrayBuffer(3)),
  posted('a Blob', () => new Blob(['blob'], { type: 'text/x-blob' })),
  posted('a Blob without a type', () => new Blob(['blob'])),
  posted('an empty Blob', () => new Blob([])),
  posted('a File', () => new File(['file'], 'name.txt', { type: 'text/x-file' })),
  posted('a FormData', form),
  posted('an empty FormData', () => new FormData()),
  posted(
    'URLSearchParams',
    () =>
      new URLSearchParams([
        ['a', '1 2'],
        ['a', 'ü'],
      ]),
  ),
  posted('a number', () => 5),
  posted('an object', () => ({ a: 1 })),
  posted('an array', () => ['a', 'b']),
  posted('null', () => null),
  posted('undefined', () => undefined),
  posted('false', () => false),
  posted('a symbol', () => Symbol('no body')),
  posted('a string with a content type', () => '{}', { headers: { 'Content-Type': 'application/json' } }),
  posted('a FormData with a content type', form, { headers: { 'content-type': 'text/x-own' } }),
  posted('a length that is right', () => 'text', { headers: { 'content-length': '4' } }),
  posted('a length that is too small', () => 'text', { headers: { 'content-length': '3' } }, MAY_HANG),
  posted('a length that is too large', () => 'text', { headers: { 'content-length': '5' } }, BY_CHANCE),
  posted('large', () => 'x'.repeat(1_000_000)),
  posted('a large FormData', () => {
    const data = form();
    data.append('large', new Blob([new Uint8Array(300_000).fill(7)]), 'large.bin');
    return data;
  }),
];

const streams: FetchCase[] = [
  posted('a stream', stream, half),
  posted('a stream without duplex', stream),
  posted(
    'a byte stream',
    () =>
      new ReadableStream({
        type: 'bytes',
        start(controller) {
          controller.enqueue(bytes());
          controller.close();
        },
      }),
    half,
  ),
  posted('an empty stream', () => new ReadableStream({ start: (controller) => controller.close() }), half),
  posted('a stream of strings', () => ReadableStream.from(['no', 'bytes']), half),
  posted('a stream with a length', stream, { ...half, headers: { 'content-length': '13' } }),
  posted('a stream with a wrong length', stream, { ...half, headers: { 'content-length': '5' } }, MAY_HANG),
  posted('an async generator', chunks, half),
  posted('an async generator without duplex', chunks),
  posted('an async iterable', () => ({ [Symbol.asyncIterator]: chunks }), half),
  posted('a Readable', () => Readable.from([Buffer.from('a'), Buffer.from('b')]), half),
  posted(
    'a stream that fails at once',
    () => new ReadableStream({ start: (controller) => controller.error(new RangeError('no more')) }),
    half,
    BY_CHANCE,
  ),
  posted(
    'a stream that fails midway',
    () => {
      let pulls = 0;
      return new ReadableStream({
        pull(controller) {
          if (pulls++ === 0) controller.enqueue(Buffer.from('some'));
          else controller.error(new RangeError('no more'));
        },
      });
    },
    half,
    BY_CHANCE,
  ),
  posted(
    'a generator that throws',
    async function* () {
      yield Buffer.from('some');
      throw new RangeError('no more');
    },
    half,
    BY_CHANCE,
  ),
  posted(
    'a generator that throws at once',
    async function* () {
      if (Date.now() > 0) throw new RangeError('nothing');
      yield Buffer.from('some');
    },
    half,
    BY_CHANCE,
  ),
  posted(
    'a stream that yields null',
    () => new ReadableStream({ start: (controller) => controller.enqueue(null) }),
    half,
    MAY_HANG,
  ),
  {
    name: 'body: a stream that is locked',
    run: async ({ fetch, url }) => {
      const body = stream();
      const reader = body.getReader();
      const first = await settle(fetch(url(), { method: 'POST', body, ...half }));
      reader.releaseLock();
      return first;
    },
  },
  {
    name: 'body: a stream that was read from',
    run: async ({ fetch, url }) => {
      const body = stream();
      const reader = body.getReader();
      await reader.read();
      reader.releaseLock();
      return settle(fetch(url(), { method: 'POST', body, ...half }));
    },
  },
  {
    name: 'body: a stream twice',
    run: async ({ fetch, url }) => {
      const body = stream();
      const first = await settle(fetch(url(), { method: 'POST', body, ...half }));
      return { first, locked: body.locked, second: await settle(fetch(url(), { method: 'POST', body, ...half })) };
    },
  },
  {
    name: 'body: a Request with a stream, and its state afterwards',
    run: async ({ fetch, url }) => {
      const init = { method: 'POST', body: stream(), duplex: 'half' as const };
      const request = new Request(url(), init);
      const result = await settle(fetch(request));
      return { result, used: request.bodyUsed, again: await attempt(() => request.text()) };
    },
  },
];

export const requestBodies: readonly FetchCase[] = [...kinds, ...streams];
