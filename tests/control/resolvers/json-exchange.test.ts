import { describe, expect, it } from '@jest/globals';

import { exchangeJson, type JsonRequest } from '../../../src/control/resolvers/json-exchange.js';
import type { RegistryFetchInit } from '../../../src/control/resolvers/background-fetch.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { rejectionOf } from '../../support/rejection.js';

interface Seen {
  readonly status: number;
  readonly body: unknown;
}

const JSON_TYPE = { headers: { 'content-type': 'application/json' } };

/** One exchange with a registry that answers so, and what was sent. */
function exchange(response: Response, more: Partial<JsonRequest<Seen>> = {}) {
  const sent: { url: string; init: RegistryFetchInit }[] = [];
  const answer = exchangeJson<Seen>(
    {
      fetch: async (url, init) => {
        sent.push({ url: url.href, init });
        return response;
      },
      url: new URL('http://registry/list?token=secret-in-the-query'),
      headers: {},
      maxBytes: 1_000,
      read: (body, { status }) => ({ body, status }),
      ...more,
    },
    { timeoutMs: 1_000, signal: new AbortController().signal, clock: createFakeClock() },
  );
  return { answer, sent };
}

describe('exchangeJson', () => {
  it('gets, and hands over the body', async () => {
    const { answer, sent } = exchange(Response.json({ a: 1 }), { parameters: { index: '7' } });
    expect(await answer).toEqual({ status: 200, body: { a: 1 } });
    expect(sent[0]?.url).toBe('http://registry/list?token=secret-in-the-query&index=7');
    expect(sent[0]?.init.method).toBeUndefined();
  });

  it('posts a form, and hides what is in it', async () => {
    const form = { username: 'ada', password: 'correct horse/&=' };
    const { answer, sent } = exchange(new Response('no correct horse/&= here', { status: 403 }), {
      form,
      quoteFailures: true,
    });
    const { message } = await rejectionOf(answer);
    expect(message).toBe('POST http://registry/list: status 403: no *** here');
    expect(sent[0]?.init.method).toBe('POST');
    expect(sent[0]?.init.headers.get('content-type')).toBe('application/x-www-form-urlencoded');
    expect(Object.fromEntries(new URLSearchParams(sent[0]?.init.body))).toEqual(form);
  });

  it('hands over a status that counts as an answer, without the body that came with it', async () => {
    const { answer } = exchange(new Response('nobody', { status: 404 }), { accepts: (status) => status === 404 });
    expect(await answer).toEqual({ status: 404, body: undefined });
    const other = exchange(new Response('nobody', { status: 410 }), { accepts: (status) => status === 404 });
    expect((await rejectionOf(other.answer)).message).toBe('GET http://registry/list: status 410');
  });

  it('takes a 304 for an answer only after it sent an entity tag', async () => {
    const tagged = exchange(new Response(null, { status: 304 }), { etag: '"1"' });
    expect(await tagged.answer).toEqual({ status: 304, body: undefined });
    expect(tagged.sent[0]?.init.headers.get('if-none-match')).toBe('"1"');
    const { answer } = exchange(new Response(null, { status: 304 }));
    expect((await rejectionOf(answer)).message).toBe('GET http://registry/list: status 304');
  });

  it('says what an answer lacks, and nothing that was sent', async () => {
    const read = (): Seen => {
      throw new Error('no list for secret-in-the-query');
    };
    const { answer } = exchange(new Response('{}', JSON_TYPE), { read });
    expect((await rejectionOf(answer)).message).toBe('GET http://registry/list: no list for ***');
    const open = exchange(new Response('{}', JSON_TYPE), { read, openQuery: true });
    expect((await rejectionOf(open.answer)).message).toBe('GET http://registry/list: no list for secret-in-the-query');
  });

  it('refuses what is no JSON, too large, or somewhere else', async () => {
    const failures = [
      new Response('<html>', { headers: { 'content-type': 'text/html' } }),
      new Response(`"${'x'.repeat(1_000)}"`, JSON_TYPE),
      new Response(null, { status: 302, headers: { location: 'http://elsewhere/' } }),
    ].map(async (response) => (await rejectionOf(exchange(response).answer)).message);
    expect(await Promise.all(failures)).toEqual([
      'GET http://registry/list: the content type is no JSON: text/html',
      'GET http://registry/list: the body is larger than 1000 bytes',
      'GET http://registry/list: it redirects (status 302), and redirects are not followed',
    ]);
  });
});
