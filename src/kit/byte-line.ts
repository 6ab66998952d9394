/**
 * One line of bytes that arrives in pieces of any size. Grown by doubling and reused, so that a peer that sends a byte
 * at a time costs memory for bytes, not for pieces.
 */

export interface ByteLine {
  readonly length: number;
  append(chunk: Uint8Array, from: number, to: number): void;
  /** The text so far, as UTF-8 with replacement characters for what is not; the line is empty after it. */
  take(from?: number): string;
  /** Whether the line begins with these bytes. */
  startsWith(bytes: readonly number[]): boolean;
  clear(): void;
}

const FIRST_CAPACITY = 1_024;

/** What a line may keep allocated when it is empty: one huge line must not cost its size for ever. */
const KEPT_CAPACITY = 65_536;

export function createByteLine(): ByteLine {
  // Byte order marks are data to us; whoever reads the first line knows that one may stand there.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let buffer = new Uint8Array(FIRST_CAPACITY);
  let length = 0;

  function clear(): void {
    length = 0;
    if (buffer.length > KEPT_CAPACITY) buffer = new Uint8Array(FIRST_CAPACITY);
  }

  return {
    get length() {
      return length;
    },
    append(chunk, from, to) {
      const needed = length + to - from;
      if (needed > buffer.length) {
        const grown = new Uint8Array(Math.max(needed, buffer.length * 2));
        grown.set(buffer.subarray(0, length));
        buffer = grown;
      }
      buffer.set(chunk.subarray(from, to), length);
      length = needed;
    },
    take(from = 0) {
      const text = decoder.decode(buffer.subarray(from, length));
      clear();
      return text;
    },
    startsWith: (bytes) => length >= bytes.length && bytes.every((byte, at) => buffer[at] === byte),
    clear,
  };
}
