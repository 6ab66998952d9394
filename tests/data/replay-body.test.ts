import fc from 'fast-check';

import { describe, expect, it } from '@jest/globals';

import { ReplayBody } from '../../src/data/replay-body.js';

interface Source extends AsyncIterable<unknown> {
  asked: number;
  left: boolean;
}

/** Gives these chunks, and counts how often it is asked. */
function sourceOf(...chunks: readonly unknown[]): Source {
  const iterator = chunks[Symbol.iterator]();
  const source: Source = {
    asked: 0,
    left: false,
    [Symbol.asyncIterator]: () => ({
      async next() {
        source.asked++;
        const { done, value } = iterator.next();
        return { done: done === true, value: await value };
      },
      async return() {
        source.left = true;
        return { done: true, value: undefined };
      },
    }),
  };
  return source;
}

async function textOf(reading: AsyncIterable<Uint8Array>): Promise<string> {
  let text = '';
  for await (const chunk of reading) text += Buffer.from(chunk).toString();
  return text;
}

const next = async (reading: AsyncIterator<Uint8Array>): Promise<string | undefined> => {
  const { value } = await reading.next();
  return value === undefined ? undefined : Buffer.from(value as Uint8Array).toString();
};

describe('a body that is kept', () => {
  it('asks for nothing before somebody reads, and for each chunk once', async () => {
    const source = sourceOf('ab', 'cd');
    const body = new ReplayBody(source, 4);
    const first = body.read();
    expect(source.asked).toBe(0);
    expect(await textOf(first)).toBe('abcd');
    expect(await textOf(body.read())).toBe('abcd');
    expect(source.asked).toBe(3);
    expect(Buffer.from(body.whole ?? []).toString()).toBe('abcd');
  });

  it('takes text, views and buffers, and nothing else', async () => {
    const bytes = new TextEncoder().encode('xbc');
    const body = new ReplayBody(sourceOf('a', bytes.subarray(1, 2), bytes.slice(2).buffer), 9);
    expect(await textOf(body.read())).toBe('abc');
    await expect(textOf(new ReplayBody(sourceOf(5), 9).read())).rejects.toThrow('neither text nor bytes');
  });

  it('serves two readings at the same time, whichever is ahead', async () => {
    const source = sourceOf('a', 'b', 'c');
    const body = new ReplayBody(source, 3);
    const [one, two] = [body.read(), body.read()];
    expect(await next(one)).toBe('a');
    expect(await Promise.all([next(one), next(two)])).toEqual(['b', 'a']);
    expect(await Promise.all([next(two), next(one), next(two)])).toEqual(['b', 'c', 'c']);
    expect(await Promise.all([next(one), next(two)])).toEqual([undefined, undefined]);
    expect(source.asked).toBe(4);
  });

  it('is gone for all but the one that read beyond the bound', async () => {
    const body = new ReplayBody(sourceOf('ab', 'cd', 'ef'), 3);
    const [fast, slow] = [body.read(), body.read()];
    expect(await next(slow)).toBe('ab');
    expect(body.repeatable).toBe(true);
    expect([await next(fast), await next(fast)]).toEqual(['ab', 'cd']);
    expect([body.repeatable, body.tooLong, body.whole]).toEqual([false, true, undefined]);
    await expect(next(slow)).rejects.toThrow('too long to be sent again');
    expect([await next(fast), await next(fast)]).toEqual(['ef', undefined]);
  });

  it('goes on to another reading where the one that waited has left', async () => {
    let come = (_: string): void => {};
    const body = new ReplayBody(sourceOf('ab', new Promise<string>((resolve) => (come = resolve)), 'ef'), 3);
    const [gone, heir] = [body.read(), body.read()];
    await next(gone);
    const waiting = gone.next();
    await gone.return?.();
    expect(await next(heir)).toBe('ab');
    const last = next(heir);
    come('cd');
    expect(await waiting).toMatchObject({ done: true });
    expect([await last, await next(heir)]).toEqual(['cd', 'ef']);
  });

  it('leaves the source alone when a reading is left, and leaves it when the last one has been released', async () => {
    const source = sourceOf('a', 'b');
    const body = new ReplayBody(source, 9);
    const reading = body.read();
    await next(reading);
    await reading.return?.();
    expect(source.left).toBe(false);
    expect(await next(reading)).toBeUndefined();
    const again = body.read();
    expect(await next(again)).toBe('a');
    body.release();
    expect(source.left).toBe(false);
    expect(body.repeatable).toBe(false);
    expect(await next(again)).toBe('b');
    await again.return?.();
    expect(source.left).toBe(true);
    await expect(next(body.read())).rejects.toThrow('given up');
  });

  it('is broken for everybody when its source is', async () => {
    const broken = new Error('disk');
    const source = {
      async *[Symbol.asyncIterator]() {
        yield 'a';
        throw broken;
      },
    };
    const body = new ReplayBody(source, 9);
    await expect(textOf(body.read())).rejects.toBe(broken);
    expect(body.repeatable).toBe(false);
    await expect(textOf(body.read())).rejects.toBe(broken);
  });

  it('is filled ahead of everybody up to its bound, or to its end', async () => {
    const short = sourceOf('a', 'b');
    const body = new ReplayBody(short, 2);
    await body.fill();
    expect(Buffer.from(body.whole ?? []).toString()).toBe('ab');
    const long = sourceOf('a', 'b', 'c', 'd');
    const beyond = new ReplayBody(long, 2);
    await beyond.fill();
    expect([long.asked, long.left, beyond.tooLong, beyond.repeatable]).toEqual([3, true, true, false]);
    const broken = new ReplayBody(sourceOf(1), 2);
    await broken.fill();
    expect(broken.repeatable).toBe(false);
  });

  it('gives every reading the body as it is, or an error, and never a part of it as the whole', async () => {
    const chunks = fc.array(fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', 'c') }), {
      maxLength: 6,
    });
    const steps = fc.array(fc.nat(2), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(chunks, fc.nat(16), steps, async (parts, limit, order) => {
        const body = new ReplayBody(sourceOf(...parts), limit);
        const whole = parts.join('');
        const readings = [0, 1, 2].map(() => ({ reading: body.read(), text: '', state: 'open' }));
        const step = async (each: (typeof readings)[number]): Promise<void> => {
          if (each.state !== 'open') return;
          try {
            const chunk = await next(each.reading);
            if (chunk === undefined) each.state = 'done';
            else each.text += chunk;
          } catch {
            each.state = 'lost';
          }
        };
        for (const which of order) await step(readings[which] as (typeof readings)[number]);
        for (const each of readings) while (each.state === 'open') await step(each);
        for (const { state, text } of readings) {
          if (state === 'done') expect(text).toBe(whole);
          else expect(whole.startsWith(text)).toBe(true);
        }
        const done = readings.filter(({ state }) => state === 'done').length;
        expect(done).toBe(whole.length <= limit ? 3 : 1);
      }),
    );
  });
});
