/**
 * Reads `text/event-stream`, by the letter of the WHATWG HTML standard (§9.2.5 "Parsing an event stream" and §9.2.6
 * "Interpreting an event stream"): UTF-8 with or without a byte order mark; lines that end in LF, CR or CRLF, also when
 * a CRLF is torn between two chunks; comments, unknown fields, an `id` with NULL and a `retry` that is no number are
 * passed over; an event that the end of the stream cut off is never given out.
 *
 * What the standard leaves open is bounded here: an event, or a line of any kind, may not be larger than `maxBytes`.
 */

import { createByteLine } from './byte-line.js';

export interface StreamEvent {
  /** `message` when the stream names none. */
  readonly type: string;
  /** The `data` fields, joined by line feeds. */
  readonly data: string;
  /** Of this event, or of the last one that had any; empty when none had. */
  readonly lastEventId: string;
}

export interface EventStreamListener {
  /** Of one event with all its fields, and of one line. Exactly so many bytes are accepted. */
  readonly maxBytes: number;
  readonly onEvent: (event: StreamEvent) => void;
  /** The wait before a new connection, in milliseconds, as the stream asks for it: any integer. */
  readonly onRetry?: (retryMs: number) => void;
}

export interface EventStreamParser {
  /** @throws RangeError when an event or a line is larger than `maxBytes` */
  push(chunk: Uint8Array): void;
  /** Whether data, or a line, has begun and not ended: what comes next is awaited. */
  readonly unfinished: boolean;
}

const [LF, CR] = [0x0a, 0x0d];
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

export function createEventStreamParser({ maxBytes, onEvent, onRetry }: EventStreamListener): EventStreamParser {
  const line = createByteLine();
  let isFirstLine = true;
  /** The last chunk ended in CR: an LF that follows belongs to it. */
  let afterCr = false;
  let type = '';
  let data = '';
  let hasData = false;
  let lastEventId = '';
  /** Bytes of the fields of the event that is being read. */
  let eventBytes = 0;

  function append(chunk: Uint8Array, from: number, to: number): void {
    if (eventBytes + line.length + to - from > maxBytes) {
      throw new RangeError(`an event is larger than ${maxBytes} bytes`);
    }
    line.append(chunk, from, to);
  }

  function endLine(): void {
    const { length } = line;
    const text = line.take(isFirstLine && line.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0);
    isFirstLine = false;
    if (text === '') return dispatch();
    const colon = text.indexOf(':');
    // A comment: servers send them for ever, to show that they live.
    if (colon === 0) return;
    eventBytes += length;
    if (colon < 0) takeField(text, '');
    else takeField(text.slice(0, colon), text.slice(text[colon + 1] === ' ' ? colon + 2 : colon + 1));
  }

  function takeField(name: string, value: string): void {
    switch (name) {
      case 'data':
        data += hasData ? `\n${value}` : value;
        hasData = true;
        break;
      case 'event':
        type = value;
        break;
      case 'id':
        if (!value.includes('\0')) lastEventId = value;
        break;
      case 'retry':
        if (/^\d+$/.test(value)) onRetry?.(Number(value));
    }
  }

  function dispatch(): void {
    const event = { type: type === '' ? 'message' : type, data, lastEventId };
    // "data" without a value is data all the same: an event with an empty text.
    const isEvent = hasData;
    type = data = '';
    hasData = false;
    eventBytes = 0;
    if (isEvent) onEvent(event);
  }

  return {
    push(chunk) {
      let at = afterCr && chunk[0] === LF ? 1 : 0;
      if (chunk.length > 0) afterCr = false;
      let lf = -1;
      let cr = -1;
      while (at < chunk.length) {
        // Looked for again only when passed: a stream with one kind of ending would be searched whole for the other each time.
        if (lf < at) lf = indexOrEnd(chunk, LF, at);
        if (cr < at) cr = indexOrEnd(chunk, CR, at);
        const end = Math.min(lf, cr);
        append(chunk, at, end);
        if (end === chunk.length) return;
        endLine();
        const isCr = chunk[end] === CR;
        afterCr = isCr && end + 1 === chunk.length;
        at = isCr && chunk[end + 1] === LF ? end + 2 : end + 1;
      }
    },
    get unfinished() {
      return hasData || line.length > 0;
    },
  };
}

function indexOrEnd(chunk: Uint8Array, byte: number, from: number): number {
  const at = chunk.indexOf(byte, from);
  return at < 0 ? chunk.length : at;
}
