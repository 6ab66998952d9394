import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  closesConnection,
  rawFromRecord,
  rawHeader,
  recordFromRaw,
  recordHeader,
  type RawHeaders,
} from '../../../src/data/transport/raw-headers.js';

const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));

describe('raw headers', () => {
  const raw = bytes('Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'X-Name', 'caf\u00e9');

  it('finds a header whatever its case, without decoding the others', () => {
    expect(rawHeader(raw, 'content-type')).toBe('text/plain');
    expect(rawHeader(raw, 'x-name')).toBe('caf\u00e9');
    expect(rawHeader(raw, 'retry-after')).toBeUndefined();
  });

  it('joins a header that came more than once', () => {
    expect(rawHeader(raw, 'set-cookie')).toBe('a=1, b=2');
    expect(recordHeader({ 'set-cookie': ['a=1', 'b=2'] }, 'set-cookie')).toBe('a=1, b=2');
  });

  it('makes an object with lower-case names and arrays of repeated values', () => {
    expect(recordFromRaw(raw)).toEqual({
      'content-type': 'text/plain',
      'set-cookie': ['a=1', 'b=2'],
      'x-name': 'caf\u00e9',
    });
  });

  it('takes strings and lists of values, which some versions of undici hand out', () => {
    expect(recordFromRaw(['A', 'x', 'B', bytes('1', '2')])).toEqual({ a: 'x', b: ['1', '2'] });
    expect(rawHeader(['A', 'x', 'B', bytes('1', '2')], 'b')).toBe('1, 2');
  });

  it('lets no header name reach the prototype', () => {
    const record = recordFromRaw(bytes('__proto__', 'x', '__proto__', 'y', 'constructor', 'z'));
    expect(Object.getPrototypeOf(record)).toBe(Object.getPrototypeOf({}));
    expect(record).toEqual({ constructor: 'z' });
  });

  it('loses nothing on the way to raw and back', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
    const value = fc.stringMatching(/^[\u0020-\u00ff]{0,20}$/);
    const values = fc.oneof(value, fc.array(value, { minLength: 2, maxLength: 4 }));
    fc.assert(
      fc.property(fc.dictionary(name, values, { noNullPrototype: true }), (record) => {
        expect(recordFromRaw(rawFromRecord(record))).toEqual(record);
      }),
    );
  });
});

describe('closesConnection', () => {
  it.each<[string, RawHeaders, boolean]>([
    ['as bytes', [Buffer.from('Connection'), Buffer.from('close')], true],
    ['in any case', ['CONNECTION', 'Close'], true],
    ['kept alive', ['Connection', 'keep-alive'], false],
    ['another header of the same length', ['X-Whatever', 'close', 'Keep-Alive', 'close'], false],
    ['none', [], false],
  ])('%s', (_, raw, expected) => {
    expect(closesConnection(raw)).toBe(expected);
  });
});
