import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createJsonFrames } from '../../src/kit/json-frames.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What comes out when the text arrives in these pieces. */
function read(pieces: readonly (string | Uint8Array)[], maxBytes = 1_000): { values: unknown[]; isWithin: boolean } {
  const frames = createJsonFrames(maxBytes);
  const texts = pieces.flatMap((piece) => frames.push(typeof piece === 'string' ? bytes(piece) : piece));
  return { values: texts.map((text) => JSON.parse(text) as unknown), isWithin: frames.isWithin };
}

function cut(whole: Uint8Array, at: readonly number[]): Uint8Array[] {
  const cuts = [0, ...[...at].map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return cuts.slice(1).map((end, index) => whole.subarray(cuts[index], end));
}

describe('createJsonFrames', () => {
  it('gives a value as soon as its last bracket is there, line end or not', () => {
    expect(read(['{"a":1}'])).toEqual({ values: [{ a: 1 }], isWithin: false });
    expect(read(['{"a":1}\n{"b":2}\r\n\t [3]{}'])).toEqual({ values: [{ a: 1 }, { b: 2 }, [3], {}], isWithin: false });
  });

  it('takes brackets and quotes within strings for what they are', () => {
    const value = { 'a}"]': '{[\\"', b: ['}'] };
    expect(read([JSON.stringify(value)]).values).toEqual([value]);
  });

  it('says when a value has begun and not ended', () => {
    expect(read(['{"a":1}\n', '{"b"'])).toEqual({ values: [{ a: 1 }], isWithin: true });
    expect(read([])).toEqual({ values: [], isWithin: false });
    expect(read([' \n'])).toEqual({ values: [], isWithin: false });
  });

  it.each(['x', '1', '"a"', '}', '{}]', '\uFEFF{}'])('refuses a stream that is no JSON: %j', (text) => {
    expect(() => read([text])).toThrow(SyntaxError);
  });

  it('bounds each value, not the stream, and does so before the value ends', () => {
    const ten = '{"a":"bc"}';
    expect(read([ten.repeat(100)], 10).values).toHaveLength(100);
    expect(() => read([ten.replace('bc', 'bcd')], 10)).toThrow(RangeError);
    expect(() => read(['{"aaaaa', 'aaaa'], 10)).toThrow('larger than 10 bytes');
  });

  it('reads any values from any pieces, whatever they cut in two', () => {
    const value = fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue()));
    const blank = fc.constantFrom('', '\n', ' \r\n', '\t');
    fc.assert(
      fc.property(fc.array(fc.tuple(value, blank)), fc.array(fc.nat()), (given, places) => {
        const text = given.map(([each, after]) => JSON.stringify(each) + after).join('');
        const { values, isWithin } = read(cut(bytes(text), places), 1_000_000);
        // Through JSON, which knows no minus zero and no lone surrogate of its own.
        expect(values).toEqual(given.map(([each]) => JSON.parse(JSON.stringify(each)) as unknown));
        expect(isWithin).toBe(false);
      }),
    );
  });

  it('never does anything with any bytes but read them, or refuse them by an error of its kind', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
        const frames = createJsonFrames(64);
        try {
          for (const piece of pieces)
            for (const text of frames.push(piece)) expect(text.length).toBeLessThanOrEqual(64);
        } catch (error) {
          expect(['SyntaxError', 'RangeError']).toContain((error as Error).name);
        }
      }),
    );
  });
});
