import { describe, expect, it } from '@jest/globals';

import { trackBody, type BodyObserver } from '../../src/data/transport/track-body.js';

function observed(): BodyObserver & { readonly told: unknown[] } {
  const told: unknown[] = [];
  return { told, ended: () => void told.push('ended'), failed: (error) => void told.push(error) };
}

/** Bodies of such a size that not all of them is read ahead. */
const PIECE = new Uint8Array(50_000);

function source(pieces: number, fail?: Error): { body: ReadableStream<Uint8Array>; cancelled: unknown[] } {
  const cancelled: unknown[] = [];
  let left = pieces;
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        if (left-- > 0) controller.enqueue(PIECE);
        else if (fail === undefined) controller.close();
        else controller.error(fail);
      },
      cancel: (reason) => void cancelled.push(reason),
    },
    { highWaterMark: 0 },
  );
  return { body, cancelled };
}

const never = new AbortController().signal;

describe('trackBody', () => {
  it.each([
    [null, 200],
    [null, 204],
    [null, 304],
  ])('knows that a response with the body %p and status %d is over', (body, status) => {
    const observer = observed();
    const response = new Response(body, { status });
    expect(trackBody(response, observer, never)).toBe(response);
    expect(observer.told).toEqual(['ended']);
  });

  it('tells the end of a body when it has been read, and passes everything on', async () => {
    const observer = observed();
    const original = new Response(source(5).body, { status: 201, statusText: 'Made', headers: { 'x-own': '1' } });
    const response = trackBody(original, observer, never);
    expect(response).toMatchObject({ status: 201, statusText: 'Made' });
    expect(response.headers.get('x-own')).toBe('1');
    expect(observer.told).toEqual([]);
    expect((await response.arrayBuffer()).byteLength).toBe(250_000);
    expect(observer.told).toEqual(['ended']);
  });

  it('reads a small body to its end though nobody asks for it', async () => {
    const observer = observed();
    trackBody(new Response('small'), observer, never);
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    expect(observer.told).toEqual(['ended']);
  });

  it('reads no further ahead than it must', async () => {
    const observer = observed();
    const { body } = source(100);
    trackBody(new Response(body), observer, never);
    for (let turns = 0; turns < 100; turns++) await Promise.resolve();
    expect(observer.told).toEqual([]);
  });

  it('tells of a body that breaks, and so does the body', async () => {
    const observer = observed();
    const error = new Error('broken');
    const response = trackBody(new Response(source(3, error).body), observer, never);
    await expect(response.arrayBuffer()).rejects.toBe(error);
    expect(observer.told).toEqual([error]);
  });

  it('tells the end of a body that is cancelled, and cancels the one below', async () => {
    const observer = observed();
    const { body, cancelled } = source(100);
    const response = trackBody(new Response(body), observer, never);
    await response.body?.cancel('enough');
    expect(observer.told).toEqual(['ended']);
    expect(cancelled).toEqual(['enough']);
  });

  it('breaks the body off with the reason of an abort, and cancels the one below', async () => {
    const observer = observed();
    const controller = new AbortController();
    const { body, cancelled } = source(100);
    const response = trackBody(new Response(body), observer, controller.signal);
    controller.abort('gone');
    await expect(response.text()).rejects.toBe('gone');
    expect(cancelled).toEqual(['gone']);
    // Whoever aborts knows.
    expect(observer.told).toEqual([]);
  });

  it('drops what comes after the abort', async () => {
    const controller = new AbortController();
    const observer = observed();
    let arrive: (() => void) | undefined;
    const body = new ReadableStream<Uint8Array>({
      pull: (stream) => new Promise((resolve) => (arrive = () => (stream.enqueue(PIECE), resolve()))),
    });
    const response = trackBody(new Response(body), observer, controller.signal);
    const read = response.text();
    for (let turns = 0; turns < 50; turns++) await Promise.resolve();
    controller.abort('gone');
    await expect(read).rejects.toBe('gone');
    expect(() => arrive?.()).toThrow();
    expect(observer.told).toEqual([]);
  });
});
