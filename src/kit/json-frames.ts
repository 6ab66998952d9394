/**
 * JSON values out of a stream of bytes, one after the other. What a server writes as a line arrives in any pieces: half
 * a message, four at once, a character cut in two; and some write their last message, an error, without a line end. So
 * values are told apart by their brackets, not by lines: a value is there as soon as its last bracket is.
 */

export interface JsonFrames {
  /**
   * The texts of the values that end in this chunk, in order.
   * @throws RangeError for a value larger than the bound
   * @throws SyntaxError for anything but white space between values
   */
  push(chunk: Uint8Array): string[];
  /** A value has begun and not ended: when the stream ends now, it broke off. */
  readonly isWithin: boolean;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
/** Space, tab, line feed, carriage return: RFC 8259 §2. */
const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * For values that are objects or arrays. It reads bytes: in UTF-8 no part of a longer character looks like a bracket or
 * a quote.
 *
 * @param maxBytes of one value
 */
export function createJsonFrames(maxBytes: number): JsonFrames {
  const decoder = new TextDecoder();
  /** How many brackets are open. */
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** Of the value that has begun: what earlier chunks held of it. */
  let text = '';
  let bytes = 0;

  function take(part: Uint8Array, isLast: boolean): void {
    bytes += part.byteLength;
    if (bytes > maxBytes) throw new RangeError(`a message is larger than ${maxBytes} bytes`);
    text += decoder.decode(part, { stream: !isLast });
  }

  /** Whether the value ends with this byte. */
  function read(byte: number): boolean {
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
      return false;
    }
    switch (byte) {
      case QUOTE:
        inString = true;
        return false;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth++;
        return false;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        return --depth === 0;
      default:
        return false;
    }
  }

  return {
    push(chunk) {
      const complete: string[] = [];
      let start = 0;
      for (let at = 0; at < chunk.length; at++) {
        const byte = chunk[at] as number;
        if (depth === 0) {
          start = at;
          if (BLANKS.has(byte)) continue;
          if (byte !== OPEN_OBJECT && byte !== OPEN_ARRAY) throw new SyntaxError('the stream is no JSON');
        }
        if (!read(byte)) continue;
        take(chunk.subarray(start, at + 1), true);
        complete.push(text);
        text = '';
        bytes = 0;
      }
      if (depth > 0) take(chunk.subarray(start), false);
      return complete;
    },
    get isWithin() {
      return depth > 0;
    },
  };
}
