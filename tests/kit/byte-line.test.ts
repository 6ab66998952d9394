import { describe, expect, it } from '@jest/globals';

import { createByteLine } from '../../src/kit/byte-line.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a line of bytes', () => {
  it('puts pieces together, also within a character', () => {
    const line = createByteLine();
    const text = bytes('aé€😀z');
    for (let at = 0; at < text.length; at++) line.append(text, at, at + 1);
    expect(line.length).toBe(text.length);
    expect(line.take()).toBe('aé€😀z');
    expect([line.length, line.take()]).toEqual([0, '']);
  });

  it('keeps what it has when it grows, and can be used again after it was huge', () => {
    const line = createByteLine();
    const text = 'x'.repeat(300_000);
    line.append(bytes(`ab${text}`), 0, 2);
    line.append(bytes(text), 0, 300_000);
    expect(line.take(1)).toBe(`b${text}`);
    line.append(bytes('small'), 0, 5);
    expect(line.take()).toBe('small');
  });

  it('copies: the chunk may be reused by whoever gave it', () => {
    const line = createByteLine();
    const chunk = bytes('abc');
    line.append(chunk, 0, 3);
    chunk.fill(0);
    expect(line.take()).toBe('abc');
  });

  it('knows how it begins', () => {
    const line = createByteLine();
    line.append(bytes('ab'), 0, 2);
    expect([line.startsWith([0x61]), line.startsWith([0x62]), line.startsWith([0x61, 0x62, 0x63])]).toEqual([
      true,
      false,
      false,
    ]);
    line.clear();
    expect(line.startsWith([0x61])).toBe(false);
  });
});
