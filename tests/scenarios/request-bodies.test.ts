/** Bodies that come as streams, retried on real servers: kept while they are sent, or made anew. */

import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { Readable } from 'node:stream';

import { afterEach, describe, expect, it } from '@jest/globals';

import {
  createClient,
  staticResolver,
  type CallOptions,
  type CallReport,
  type Client,
  type RetryOptions,
} from '../../src/index.js';
import { startHttpListeners, type HttpListeners } from '../support/http-listeners.js';

type Answer = Parameters<RequestListener>[1];
type Body = string | ReadableStream<Uint8Array> | Readable | AsyncIterable<Uint8Array>;

interface Put {
  readonly body?: Body;
  readonly method?: string;
  readonly fairlead?: CallOptions;
}

interface Stage {
  readonly client: Client;
  /** The bodies that came whole, and how each was framed. */
  readonly bodies: string[];
  readonly lengths: (string | undefined)[];
  report(): CallReport;
}

const opened: (HttpListeners | Client)[] = [];

afterEach(async () => {
  for (const each of opened.splice(0).reverse()) await each.close();
});

/** Two servers, asked in turn; `answer` is asked when the nth body of all has come, and `begun` when its headers have. */
async function stage(
  retry: RetryOptions,
  answer: (response: Answer, n: number) => void,
  begun: (response: Answer, n: number) => boolean = () => false,
): Promise<Stage> {
  const bodies: string[] = [];
  const lengths: (string | undefined)[] = [];
  let requests = 0;
  const listener: RequestListener = (request, response) => {
    lengths.push(request.headers['content-length']);
    if (begun(response, ++requests)) return;
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => answer(response, bodies.push(body)));
  };
  const servers = await startHttpListeners(listener, listener);
  const client = createClient({
    services: {
      orders: {
        resolver: staticResolver(servers.addresses),
        balancer: 'round-robin',
        retry: { backoffBaseMs: 0, ...retry },
      },
    },
  });
  opened.push(servers, client);
  const reports: CallReport[] = [];
  client.on('call', (report) => reports.push(report));
  return { client, bodies, lengths, report: () => reports.at(-1) as CallReport };
}

const failFirst = (response: Answer, n: number): void => {
  response.statusCode = n === 1 ? 503 : 200;
  response.end('ok');
};

const webStream = (...chunks: string[]): ReadableStream<Uint8Array> => ReadableStream.from(bytes(...chunks));
const bytes = async function* (...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk);
};

const viaFetch = async (client: Client, { body, ...init }: Put): Promise<number> => {
  const given = { method: 'PUT', ...init, ...(body === undefined ? {} : { body, duplex: 'half' }) };
  const response = await client.fetch('http://orders/', given as RequestInit);
  await response.arrayBuffer();
  return response.status;
};

const viaRequest = async (client: Client, put: Put): Promise<number> => {
  const { statusCode, body } = await client.request('http://orders/', { method: 'PUT', ...put });
  await body.dump();
  return statusCode;
};

describe.each([
  ['fetch', viaFetch],
  ['request', viaRequest],
])('through client.%s', (_via, put) => {
  it.each<[string, () => Body]>([
    ['a web stream', () => webStream('one', 'two')],
    ['a stream of Node', () => Readable.from([Buffer.from('one'), Buffer.from('two')])],
    ['an iterable', () => bytes('one', 'two')],
  ])('replayBufferBytes: %s is sent again, whole', async (_kind, body) => {
    const { client, bodies, report } = await stage({ replayBufferBytes: 6 }, failFirst);
    expect(await put(client, { body: body() })).toBe(200);
    expect(bodies).toEqual(['onetwo', 'onetwo']);
    expect(report().attempts.map(({ kind, endpoint }) => [kind, endpoint])).toHaveLength(2);
  });

  it('replayBufferBytes: a longer one is sent once, and the reason is told', async () => {
    const { client, bodies, report } = await stage({ replayBufferBytes: 5 }, failFirst);
    const refusals: (string | undefined)[] = [];
    client.on('retry', ({ refused }) => refusals.push(refused));
    expect(await put(client, { body: webStream('one', 'two') })).toBe(503);
    expect(bodies).toEqual(['onetwo']);
    expect(report()).toMatchObject({ notRetried: 'body-limit', attempts: [{ notRetried: 'body-limit' }] });
    expect(refusals).toEqual(['body-limit']);
  });

  it('replayBufferBytes: nothing is kept by default', async () => {
    const { client, bodies, report } = await stage({}, failFirst);
    expect(await put(client, { body: webStream('one') })).toBe(503);
    expect([bodies, report().notRetried]).toEqual([['one'], 'body']);
  });

  it('replayBufferBytes: per call, and none where the call is not retried', async () => {
    const { client, bodies } = await stage({}, (response, n) => failFirst(response, n % 2));
    expect(await put(client, { body: webStream('one'), fairlead: { retry: { replayBufferBytes: 3 } } })).toBe(200);
    expect(bodies).toEqual(['one', 'one']);
    expect(await put(client, { body: webStream('two'), fairlead: { retry: false } })).toBe(503);
    expect(bodies).toEqual(['one', 'one', 'two']);
  });

  it('replayBufferBytes: a body that was under way when the connection broke is sent from the start, and its source is read once', async () => {
    let asked = 0;
    let goOn = (): void => {};
    const broken = new Promise<void>((resolve) => (goOn = resolve));
    const slow = async function* (): AsyncGenerator<Uint8Array> {
      asked++;
      yield Buffer.from('one');
      await broken;
      yield Buffer.from('two');
    };
    const { client, bodies } = await stage({ replayBufferBytes: 64 }, end200, (response, n) => {
      if (n > 1) return false;
      void once(response.req, 'data').then(() => (response.destroy(), goOn()));
      return true;
    });
    expect(await put(client, { body: slow() })).toBe(200);
    expect([bodies, asked]).toEqual([['onetwo'], 1]);
  });

  it('replayBufferBytes: a source is left when its call has ended without it', async () => {
    let left = (): void => {};
    const leaving = new Promise<void>((resolve) => (left = resolve));
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          yield Buffer.from('more');
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      } finally {
        left();
      }
    };
    const { client } = await stage({ replayBufferBytes: 1_000_000, maxAttempts: 1 }, failFirst, (response) => {
      void once(response.req, 'data').then(() => response.destroy());
      return true;
    });
    await expect(put(client, { body: endless() })).rejects.toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED' });
    await leaving;
  });

  it.each<[string, () => Body | Promise<Body>]>([
    ['a stream', () => webStream('made')],
    ['a promise of an iterable', () => Promise.resolve(bytes('made'))],
    ['text', () => 'made'],
  ])('body: a function makes %s for every attempt', async (_kind, body) => {
    const { client, bodies, lengths } = await stage({}, failFirst);
    let made = 0;
    expect(await put(client, { fairlead: { body: () => (made++, body()) } })).toBe(200);
    expect([bodies, made]).toEqual([['made', 'made'], 2]);
    expect(lengths).toEqual(typeof body() === 'string' ? ['4', '4'] : [undefined, undefined]);
  });

  it('body: what the function throws ends the call, also when it is asked again', async () => {
    const oops = new Error('no disk');
    const { client } = await stage({}, failFirst);
    const fail = async (): Promise<never> => {
      throw oops;
    };
    await expect(put(client, { fairlead: { body: fail } })).rejects.toBe(oops);
    let made = 0;
    const failLater = (): Promise<string> => (++made > 1 ? fail() : Promise.resolve('once'));
    await expect(put(client, { fairlead: { body: failLater } })).rejects.toBe(oops);
    expect(made).toBe(2);
  });

  it('body: is refused together with another one', async () => {
    const { client } = await stage({}, failFirst);
    await expect(put(client, { body: 'two', fairlead: { body: () => 'three' } })).rejects.toMatchObject({
      code: 'ERR_INVALID_OPTION',
      message: expect.stringContaining('fairlead.body'),
    });
  });
});

function end200(response: Answer): void {
  response.end('ok');
}

describe('a Request', () => {
  it('is sent again with replayBufferBytes, and its length is told both times', async () => {
    const { client, bodies, lengths } = await stage({ replayBufferBytes: 64 }, failFirst);
    const response = await client.fetch(new Request('http://orders/', { method: 'PUT', body: 'text' }));
    await response.arrayBuffer();
    expect([response.status, bodies, lengths]).toEqual([200, ['text', 'text'], ['4', '4']]);
  });

  it('is sent once when its body is longer', async () => {
    const { client, bodies, report } = await stage({ replayBufferBytes: 3 }, failFirst);
    const response = await client.fetch(new Request('http://orders/', { method: 'PUT', body: 'text' }));
    expect([response.status, bodies, report().notRetried]).toEqual([503, ['text'], 'body-limit']);
    await response.arrayBuffer();
  });

  it('takes its body from a function', async () => {
    const { client, bodies } = await stage({}, failFirst);
    const request = new Request('http://orders/', { method: 'PUT', body: 'given' });
    const response = await client.fetch(request, { fairlead: { body: () => 'made' } });
    await response.arrayBuffer();
    expect([response.status, bodies]).toEqual([200, ['made', 'made']]);
  });
});
