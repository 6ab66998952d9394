import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createEventStreamParser, type StreamEvent } from '../../src/kit/event-stream.js';

interface Read {
  readonly events: StreamEvent[];
  readonly retries: number[];
  readonly unfinished: boolean;
}

function read(chunks: readonly Uint8Array[], maxBytes = 1_000_000): Read {
  const events: StreamEvent[] = [];
  const retries: number[] = [];
  const parser = createEventStreamParser({
    maxBytes,
    onEvent: (event) => events.push(event),
    onRetry: (ms) => retries.push(ms),
  });
  for (const chunk of chunks) parser.push(chunk);
  return { events, retries, unfinished: parser.unfinished };
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (...texts: string[]): Read => read(texts.map(bytes));
const data = (...texts: string[]): string[] => parse(...texts).events.map((event) => event.data);
const message = (text: string, lastEventId = ''): StreamEvent => ({ type: 'message', data: text, lastEventId });

describe('an event stream', () => {
  it('reads the examples of the standard', () => {
    expect(
      data('data: This is the first message.\n\ndata: This is the second message, it\ndata: has two lines.\n\n'),
    ).toEqual(['This is the first message.', 'This is the second message, it\nhas two lines.']);
    expect(parse('event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n').events).toEqual([
      { type: 'add', data: '73857293', lastEventId: '' },
      { type: 'remove', data: '2153', lastEventId: '' },
    ]);
    expect(data('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual(['YHOO\n+2\n10']);
    // "Four blocks": a comment, an id, an id that is reset, and a leading space that is kept.
    expect(
      parse(': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event').events,
    ).toEqual([message('first event', '1'), message('second event')]);
    // "data" without a value: empty, a line feed, and one that the end cut off.
    expect(data('data\n\ndata\ndata\n\ndata:')).toEqual(['', '\n']);
    expect(data('data:test\n\ndata: test\n\n')).toEqual(['test', 'test']);
  });

  it.each([
    ['LF', 'id: 7\ndata: a\ndata: b\n\ndata: c\n\n'],
    ['CR', 'id: 7\rdata: a\rdata: b\r\rdata: c\r\r'],
    ['CRLF', 'id: 7\r\ndata: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n'],
    ['all kinds', 'id: 7\r\ndata: a\rdata: b\n\r\ndata: c\n\r'],
  ])('takes lines that end in %s, cut anywhere', (_, text) => {
    const whole = bytes(text);
    const expected = [message('a\nb', '7'), message('c', '7')];
    for (let at = 0; at <= whole.length; at++) {
      expect(read([whole.subarray(0, at), whole.subarray(at)]).events).toEqual(expected);
    }
    expect(read([...whole].map((byte) => Uint8Array.of(byte))).events).toEqual(expected);
  });

  it('gives an event out with its last CR, without waiting for an LF that may not come', () => {
    expect(data('data: a\r\n\r')).toEqual(['a']);
    expect(data('data: a\r\n\r', '\ndata: b\r\n\r')).toEqual(['a', 'b']);
    expect(data('data: a\r\n\r', '', '\ndata: b\n\n')).toEqual(['a', 'b']);
  });

  it('passes over one byte order mark at the beginning, torn or not, and over no other', () => {
    const marked = bytes('\uFEFFdata: a\n\n\uFEFFdata: b\n\ndata: \uFEFFc\n\n');
    expect(read([marked]).events.map((event) => event.data)).toEqual(['a', '\uFEFFc']);
    expect(read([...marked].map((byte) => Uint8Array.of(byte))).events).toHaveLength(2);
    expect(data('\uFEFF\n\ndata: a\n\n')).toEqual(['a']);
  });

  it('keeps the last id until another comes, and takes none with NULL', () => {
    expect(
      parse('id: 1\ndata: a\n\nid: 2\0\ndata: b\n\nid: 3\n\ndata: c\n\n').events.map((e) => e.lastEventId),
    ).toEqual(['1', '1', '3']);
  });

  it('takes a retry of digits only', () => {
    expect(parse('retry: 1500\nretry: 1.5\nretry: -1\nretry:\nretry: 2s\nretry:7\n\n').retries).toEqual([1500, 7]);
  });

  it('passes over comments and unknown fields, and forgets the type of an event without data', () => {
    expect(parse(':\n: ping\nfoo: bar\nDATA: x\ndata : x\nevent: lost\n\ndata: a\n\n').events).toEqual([message('a')]);
  });

  it('reads what is no UTF-8 as replacement characters', () => {
    expect(read([bytes('data: '), Uint8Array.of(0xff, 0xc3), bytes('\n\n')]).events).toEqual([message('\uFFFD\uFFFD')]);
  });

  it('knows whether something has begun', () => {
    const unfinished = (...texts: string[]): boolean => parse(...texts).unfinished;
    expect(['', 'data: a\n\n', ': ping\n', 'retry: 1\n', 'id: 7\n'].map((text) => unfinished(text))).toEqual(
      Array(5).fill(false),
    );
    expect(['d', 'data: a', 'data: a\n', ': pin', 'data: a\n\nid'].map((text) => unfinished(text))).toEqual(
      Array(5).fill(true),
    );
  });

  it('takes events and lines of exactly the cap and not a byte more', () => {
    // Six of "data: ", and four.
    expect(read([bytes('data: 1234\n\n'.repeat(3))], 10).events).toHaveLength(3);
    for (const text of ['data: 12345', 'data:1\nid: 12\n', ': 123456789', 'data: é€\n\n1234567890a']) {
      expect(() => read([bytes(text)], 10)).toThrow(new RangeError('an event is larger than 10 bytes'));
    }
    // What has no end is found out while it comes.
    const parser = createEventStreamParser({ maxBytes: 1_000, onEvent: () => {} });
    const endless = bytes('data: '.padEnd(400, 'x'));
    parser.push(endless);
    parser.push(endless);
    expect(() => parser.push(endless)).toThrow('larger than 1000 bytes');
  });

  it('does not count comments together, which come for as long as the stream lives', () => {
    expect(read([bytes(': ping\n'.repeat(1_000)), bytes('data: a\n\n')], 20).events).toHaveLength(1);
  });

  it('reads any events whatever the line endings and the cuts', () => {
    const ending = fc.constantFrom('\n', '\r', '\r\n');
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n]/g, ''));
    const event = fc.record({
      type: fc.option(
        line.filter((text) => text !== ''),
        { nil: undefined },
      ),
      lines: fc.array(line, { minLength: 1, maxLength: 4 }),
      comment: line,
    });
    fc.assert(
      fc.property(
        fc.array(event, { maxLength: 6 }),
        fc.infiniteStream(ending),
        fc.infiniteStream(fc.integer({ min: 0, max: 7 })),
        (events, endings, cuts) => {
          const end = (): string => endings.next().value as string;
          let text = '';
          let afterCr = false;
          const add = (content: string): void => {
            let next = end();
            // A CR, then an empty line that ends in LF, would be one CRLF.
            if (content === '' && afterCr && next === '\n') next = '\r\n';
            text += content + next;
            afterCr = next === '\r';
          };
          for (const { type, lines, comment } of events) {
            add(`:${comment}`);
            if (type !== undefined) add(`event: ${type}`);
            for (const each of lines) add(`data: ${each}`);
            add('');
          }
          const whole = bytes(text);
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < whole.length;) {
            const length = cuts.next().value as number;
            chunks.push(whole.subarray(at, at + length));
            at += length;
          }
          expect(read(chunks).events).toEqual(
            events.map(({ type = 'message', lines }) => ({ type, data: lines.join('\n'), lastEventId: '' })),
          );
        },
      ),
    );
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 }), (chunks) => {
        const { events } = read(chunks);
        expect(events.every(({ data: text }) => typeof text === 'string')).toBe(true);
      }),
    );
  });

  it('reads a megabyte of one kind of line ending in linear time', () => {
    for (const end of ['\r', '\n', '\r\n']) {
      const startedAt = performance.now();
      expect(read([bytes(`data: a${end}${end}`.repeat(100_000))], 100).events).toHaveLength(100_000);
      // Some 50 ms; searching the rest of the chunk for each line would take minutes.
      expect(performance.now() - startedAt).toBeLessThan(5_000);
    }
  });
});
