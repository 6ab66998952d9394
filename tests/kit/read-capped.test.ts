import { gzipSync } from 'node:zlib';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readCapped } from '../../src/kit/read-capped.js';

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield chunk;
}

describe('reading with a cap', () => {
  it('reads a response', async () => {
    expect(await readCapped(new Response('héllo'), 6)).toBe('héllo');
    expect(await readCapped(new Response(null), 0)).toBe('');
    expect(await readCapped(new Response(''), 0)).toBe('');
  });

  it('takes exactly the cap and not a byte more', async () => {
    expect(await readCapped(new Response('12345'), 5)).toBe('12345');
    await expect(readCapped(new Response('123456'), 5)).rejects.toThrow('the body is larger than 5 bytes');
  });

  it('cancels what it does not read, and stops asking for it', async () => {
    let pulled = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled++;
        controller.enqueue(new Uint8Array(1_000));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    await expect(readCapped(new Response(endless), 10_000)).rejects.toThrow('larger than 10000 bytes');
    expect(cancelled).toBe(true);
    // Eleven to pass the cap; streams pull a little ahead.
    expect(pulled).toBeLessThan(15);
  });

  it('counts bytes, not characters, across chunks that cut a character in two', async () => {
    const bytes = new TextEncoder().encode('€');
    expect(await readCapped(chunksOf(bytes.subarray(0, 1), bytes.subarray(1)), 3)).toBe('€');
    await expect(readCapped(chunksOf(bytes), 2)).rejects.toThrow(/larger/);
  });

  it('drops a byte order mark and replaces what is not UTF-8', async () => {
    expect(await readCapped(chunksOf(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), 10)).toBe('a');
    expect(await readCapped(chunksOf(new Uint8Array([0x61, 0xff]), new Uint8Array([0xe2, 0x82])), 10)).toBe(
      'a\ufffd\ufffd',
    );
  });

  it('passes on the error of a body that breaks', async () => {
    const broken = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error('reset') });
    await expect(readCapped(new Response(broken), 10)).rejects.toBe('reset');
  });

  it('counts what comes out of the decompressor', async () => {
    const bomb = new Blob([gzipSync(Buffer.alloc(1_000_000))]).stream().pipeThrough(new DecompressionStream('gzip'));
    await expect(readCapped(new Response(bomb), 10_000)).rejects.toThrow(/larger/);
  });

  it('gives the text of any chunks, or refuses it by its size', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 20 })), fc.nat(100), async (chunks, cap) => {
        const whole = Buffer.concat(chunks);
        const reading = readCapped(chunksOf(...chunks), cap);
        if (whole.length > cap) await expect(reading).rejects.toThrow(/larger/);
        else expect(await reading).toBe(new TextDecoder().decode(whole));
      }),
    );
  });
});
