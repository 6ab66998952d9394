/** HTTP/2 to endpoints, and servers that go away in the middle of it. */

import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import {
  createClient,
  getCall,
  staticResolver,
  type Client,
  type FairleadEvents,
  type ServiceOptions,
} from '../../src/index.js';
import { createCertificateAuthority, type Certificate, type CertificateAuthority } from '../support/certificates.js';
import { rejectionOf } from '../support/rejection.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

const NAME = 'orders.internal';
const URL_OF = `https://${NAME}/`;

let ca: CertificateAuthority;
let own: Certificate;
beforeAll(async () => {
  ca = await createCertificateAuthority();
  own = await ca.issue(NAME);
}, 60_000);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type OnStream = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, body: () => Promise<string>) => void;

interface H2Server {
  readonly server: Http2SecureServer;
  readonly address: string;
  readonly sessions: ServerHttp2Session[];
  readonly seen: string[];
}

async function serve(onStream: OnStream, settings = {}): Promise<H2Server> {
  const server = createSecureServer({ ...own, settings });
  const sessions: ServerHttp2Session[] = [];
  const seen: string[] = [];
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    seen.push(`${headers[':method']} ${headers[':authority']}${headers[':path']}`);
    onStream(stream, headers, async () => {
      let text = '';
      for await (const chunk of stream) text += String(chunk);
      return text;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(async () => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sessions, seen };
}

const answer = (stream: ServerHttp2Stream, text = 'ok'): void => {
  stream.respond({ ':status': 200, 'x-kind': 'h2' });
  stream.end(text);
};

function start(endpoints: readonly string[], transport: ServiceOptions['transport'] = {}, more = {}): Client {
  const client = createClient({
    services: {
      [NAME]: {
        resolver: staticResolver(endpoints),
        tls: { ca: ca.cert },
        transport: { http2: true, ...transport },
        ...more,
      },
    },
  });
  cleanups.push(() => client.close({ timeoutMs: 0 }));
  return client;
}

const post = async (client: Client, body: RequestInit['body'] = 'order 1'): Promise<string> =>
  (
    await client.fetch(URL_OF, {
      method: 'POST',
      body: body ?? null,
      ...(typeof body === 'string' ? {} : { duplex: 'half' }),
    })
  ).text();

describe('transport.http2', () => {
  it('carries many calls over one connection, with the logical name as authority', async () => {
    const { address, sessions, seen } = await serve((stream, headers, body) => {
      void body().then((text) => setTimeout(() => answer(stream, `${String(headers['x-id'])}:${text}`), 20));
    });
    const client = start([address]);
    const calls = Array.from({ length: 50 }, async (_, id) => {
      const init = id % 2 === 0 ? {} : { method: 'POST', body: `body ${id}` };
      const response = await client.fetch(`${URL_OF}${id}?q=1`, { ...init, headers: { 'x-id': `${id}` } });
      expect(response.headers.get('x-kind')).toBe('h2');
      expect(response.url).toBe(`${URL_OF}${id}?q=1`);
      return response.text();
    });
    expect(await Promise.all(calls)).toEqual(
      Array.from({ length: 50 }, (_, id) => (id % 2 === 0 ? `${id}:` : `${id}:body ${id}`)),
    );
    expect(sessions).toHaveLength(1);
    expect(seen).toContain(`GET ${NAME}/0?q=1`);
    const { statusCode, body } = await client.request(URL_OF, { method: 'POST', body: Buffer.from('raw') });
    expect([statusCode, await body.text()]).toEqual([200, 'undefined:raw']);
    expect(sessions).toHaveLength(1);
  });

  it('opens another connection when the server takes no more streams on the first', async () => {
    const { address, sessions } = await serve((stream) => setTimeout(() => answer(stream), 100), {
      maxConcurrentStreams: 4,
    });
    const client = start([address], { maxConnections: 3 });
    expect(await post(client)).toBe('ok');
    const texts = await Promise.all(Array.from({ length: 30 }, () => post(client)));
    expect(new Set(texts)).toEqual(new Set(['ok']));
    expect(sessions.length).toBeGreaterThan(1);
    expect(sessions.length).toBeLessThanOrEqual(3);
  });

  it('speaks HTTP/1.1 with an endpoint that offers nothing else, over the connection that it has', async () => {
    const versions: string[] = [];
    let connections = 0;
    const server = createServer(own, (request, response) => {
      versions.push(request.httpVersion);
      request.pipe(response);
    }).listen(0, '127.0.0.1');
    server.on('secureConnection', () => connections++);
    await once(server, 'listening');
    cleanups.push(async () => {
      server.close();
      server.closeAllConnections();
    });
    const client = start([`127.0.0.1:${(server.address() as AddressInfo).port}`]);
    expect(await post(client, new Blob(['a stream']).stream())).toBe('a stream');
    expect(await post(client)).toBe('order 1');
    expect(versions).toEqual(['1.1', '1.1']);
    expect(connections).toBeLessThanOrEqual(2);
  });

  it('streams both ways, and gives up a stream that nobody wants', async () => {
    const ends: string[] = [];
    const { address } = await serve((stream) => {
      stream.respond({ ':status': 200 });
      stream.on('aborted', () => ends.push('aborted'));
      stream.on('end', () => ends.push('end'));
      stream.pipe(stream);
    });
    const client = start([address]);
    const megabyte = Buffer.alloc(1 << 20, 'x');
    const response = await client.fetch(URL_OF, { method: 'POST', body: new Blob([megabyte]) });
    expect((await response.arrayBuffer()).byteLength).toBe(megabyte.byteLength);
    const abort = new AbortController();
    const open = await client.fetch(URL_OF, {
      method: 'POST',
      body: new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([1])) }),
      duplex: 'half',
      signal: abort.signal,
    });
    expect(ends).toEqual(['end']);
    abort.abort();
    await rejectionOf(open.text());
    // A part of an upload must not look like all of it.
    await until(() => ends.length > 1, { what: 'the stream to be given up' });
    expect(ends).toEqual(['end', 'aborted']);
  });

  it('gives up an upload that was answered before its end, so that its connection can close', async () => {
    const closed: ServerHttp2Stream[] = [];
    const { address, sessions } = await serve((stream) => {
      // It goes on reading: one that does not ends the stream itself.
      stream.resume().on('close', () => closed.push(stream));
      answer(stream, 'enough');
    });
    const client = start([address], { keepAliveTimeoutMs: 100 });
    const body = new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array([1])) });
    expect(await post(client, body)).toBe('enough');
    await until(() => closed.length === 1, { what: 'the stream to be given up' });
    await until(() => sessions[0]?.destroyed, { what: 'the idle connection to be closed' });
  });

  it('lets what runs finish after a GOAWAY, and sends the next call over a new connection', async () => {
    const waiting: ServerHttp2Stream[] = [];
    const { address, sessions } = await serve((stream, headers) => {
      if (headers[':path'] === '/wait') waiting.push(stream);
      else answer(stream);
    });
    const client = start([address], {}, { retry: false });
    const running = client.fetch(`${URL_OF}wait`);
    await until(() => waiting.length === 1, { what: 'the stream' });
    sessions[0]?.close();
    await until(async () => (await post(client)) === 'ok' && sessions.length === 2, { what: 'a second connection' });
    answer(waiting[0] as ServerHttp2Stream, 'finished');
    expect(await (await running).text()).toBe('finished');
  });

  it('repeats what a GOAWAY leaves out, POST included, and none arrives twice', async () => {
    // A server that looks at the first stream only, and says so.
    const bodies: string[] = [];
    let goneAway = false;
    const { address, sessions } = await serve((stream, _headers, body) => {
      if (goneAway && stream.session === sessions[0]) return;
      void body().then((text) => {
        if (text.startsWith('order')) bodies.push(text);
        answer(stream, text);
      });
    });
    const client = start([address], {}, { retry: false });
    expect(await post(client, 'first')).toBe('first');
    goneAway = true;
    const orders = Array.from({ length: 10 }, (_, index) => `order ${index}`);
    const calls = orders.map((order) => post(client, order));
    sessions[0]?.goaway(constants.NGHTTP2_NO_ERROR, 1);
    expect((await Promise.all(calls)).sort()).toEqual([...orders].sort());
    expect([...bodies].sort()).toEqual([...orders].sort());
    expect(sessions).toHaveLength(2);
  });

  it('repeats a refused stream once at the same endpoint, and then goes elsewhere', async () => {
    let refusals = 0;
    const refusing = await serve((stream) => {
      refusals++;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    });
    const good = await serve((stream, _headers, body) => void body().then((text) => answer(stream, text)));
    const client = start([refusing.address, good.address], {}, { balancer: 'round-robin', ejection: false });
    for (let i = 0; i < 4; i++) expect(await post(client, `order ${i}`)).toBe(`order ${i}`);
    expect(good.seen).toHaveLength(4);
    expect(refusals).toBeGreaterThanOrEqual(2);

    const alone = start([refusing.address], {}, { retry: false });
    const error = await rejectionOf(post(alone));
    expect(error.cause?.code).toBe('ERR_HTTP2_REFUSED_STREAM');
    expect(error.message).toContain(`${refusing.address} refused the request without having processed it`);
  });

  it('replaces connections at their age, and fails no call', async () => {
    const { address, sessions } = await serve((stream) => setTimeout(() => answer(stream), 20));
    const client = start([address], { maxConnectionAgeMs: 200 }, { retry: false });
    const end = performance.now() + 1_200;
    while (performance.now() < end) expect(await post(client)).toBe('ok');
    expect(sessions.length).toBeGreaterThanOrEqual(3);
  });

  it('fails a call whose connection breaks, and the next one works', async () => {
    const { address, sessions } = await serve((stream, headers) => {
      if (headers[':path'] === '/break') stream.session?.destroy(undefined, constants.NGHTTP2_INTERNAL_ERROR);
      else answer(stream);
    });
    const client = start([address], {}, { retry: false });
    const error = await rejectionOf(client.fetch(`${URL_OF}break`, { method: 'POST', body: 'x' }));
    expect(error).toMatchObject({ name: 'TypeError', code: 'ERR_ALL_ATTEMPTS_FAILED' });
    const response = await client.fetch(URL_OF);
    expect(getCall(response)?.attempts).toHaveLength(1);
    expect(await response.text()).toBe('ok');
    expect(sessions).toHaveLength(2);
  });
});

describe('an endpoint that sends GOAWAY', () => {
  /** Two servers that count, and a client that knows both. */
  async function two(drain: ServiceOptions['drain']): Promise<{
    client: Client;
    first: H2Server;
    calls(count: number): Promise<void>;
    state(): string | undefined;
    events: FairleadEvents['drain'][0][];
  }> {
    const first = await serve((stream) => answer(stream));
    const second = await serve((stream) => answer(stream));
    const client = start([first.address, second.address], {}, { balancer: 'round-robin', drain });
    const events: FairleadEvents['drain'][0][] = [];
    client.on('drain', (event) => events.push(event));
    return {
      client,
      first,
      events,
      async calls(count) {
        for (let call = 0; call < count; call++) expect(await post(client)).toBe('ok');
      },
      state: () =>
        client.snapshot().services[NAME]!.endpoints.find(({ host, port }) => `${host}:${port}` === first.address)
          ?.state,
    };
  }

  it('gets nothing new at once, and is back when a new connection shows that it stays', async () => {
    const { first, calls, state, events } = await two({ holdMs: 60_000 });
    await calls(4);
    const before = first.seen.length;
    expect(before).toBeGreaterThan(0);
    first.sessions[0]!.close();
    await until(() => state() === 'draining', { what: 'the word of the server' });
    expect(events).toMatchObject([{ on: true, sign: 'goaway', detail: 'it sent GOAWAY, and has no other connection' }]);
    await calls(10);
    expect(first.seen).toHaveLength(before);
    await until(() => state() === 'healthy', { what: 'a second on a new connection', timeoutMs: 20_000 });
    expect(first.sessions).toHaveLength(2);
    expect(events).toMatchObject([{ on: true }, { on: false, sign: 'goaway' }]);
    await calls(4);
    expect(first.seen.length).toBeGreaterThan(before);
  });

  it('and takes no connections any more gets nothing until its time is over, and no call fails', async () => {
    const { first, calls, state } = await two({ holdMs: 3_000 });
    await calls(4);
    const before = first.seen.length;
    first.server.close();
    first.sessions[0]!.close();
    await until(() => state() === 'draining', { what: 'the word of the server' });
    await spend(2_000);
    expect(state()).toBe('draining');
    await calls(10);
    expect(first.seen).toHaveLength(before);
    await until(() => state() !== 'draining', { what: 'the end of its time', timeoutMs: 20_000 });
    await calls(10);
  });

  it('on each new connection as well is leaving', async () => {
    const { first, calls, state } = await two({ holdMs: 60_000 });
    await calls(4);
    first.server.on('session', (session) => session.close());
    first.sessions[0]!.close();
    await until(() => first.sessions.length === 2, { what: 'the question whether it stays' });
    await spend(2_000);
    expect(state()).toBe('draining');
    await calls(10);
    expect(first.sessions).toHaveLength(2);
  });

  it('stays in use with drain.goAway off', async () => {
    const { first, calls, state, events } = await two({ goAway: false });
    await calls(4);
    first.sessions[0]!.close();
    await until(() => first.sessions[0]!.closed, { what: 'the end of the session' });
    await calls(10);
    expect(state()).toBe('healthy');
    expect(events).toEqual([]);
    expect(first.sessions).toHaveLength(2);
  });
});
