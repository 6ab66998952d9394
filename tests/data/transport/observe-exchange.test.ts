import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { SERVICE_DEFAULTS } from '../../../src/client/defaults.js';
import { observeExchange } from '../../../src/data/transport/observe-exchange.js';
import type { EndpointAgents } from '../../../src/data/transport/endpoint-agents.js';
import { until } from '../../support/until.js';
import type { TestServer } from './harness.js';
import {
  agentsWith,
  dispatcherTo,
  endpointAt,
  failingOver,
  fetchOver,
  Recorder,
  refusingPort,
  targetAt,
  serve,
} from './harness.js';

const routes: Record<string, (request: IncomingMessage, response: ServerResponse) => void> = {
  '/hello': (_request, response) => response.setHeader('x-kind', 'plain').end('hello'),
  '/host': (request, response) => response.end(request.headers.host),
  '/echo': (request, response) => void request.pipe(response),
  '/reset': (request) => request.socket.resetAndDestroy(),
  '/hang': () => {},
  '/early': (_request, response) => {
    response.writeEarlyHints({ link: '</a.css>; rel=preload' });
    response.end('late');
  },
  '/cut': (request, response) => {
    response.writeHead(200, { 'content-length': '10' });
    response.write('half', () => setImmediate(() => request.socket.resetAndDestroy()));
  },
  '/stall': (_request, response) => {
    response.writeHead(200);
    response.write('half');
  },
  '/trailers': (_request, response) => {
    response.writeHead(200, { trailer: 'x-sum' });
    response.write('body');
    response.addTrailers({ 'x-sum': '42' });
    response.end();
  },
};

describe('observeExchange under fetch', () => {
  let server: TestServer;
  let agents: EndpointAgents;
  let hits: string[] = [];

  beforeAll(async () => {
    server = await serve((request, response) => {
      hits.push(`${request.method} ${request.url}`);
      routes[request.url ?? '']?.(request, response);
    });
    agents = agentsWith();
  });

  afterEach(() => {
    hits = [];
  });

  afterAll(async () => {
    await agents.destroy();
    await server.close();
  });

  const call = (path: string, recorder: Recorder, init?: RequestInit): Promise<Response> =>
    fetchOver(dispatcherTo(agents, server.endpoint, recorder), `http://orders${path}`, init);

  it('reports start, response and end, and reads headers by name', async () => {
    const recorder = new Recorder();
    const response = await call('/hello', recorder);
    expect(await response.text()).toBe('hello');
    expect(response.url).toBe('http://orders/hello');
    expect(recorder.events).toEqual(['started', 'responded 200', 'ended']);
    expect(recorder.header?.('x-kind')).toBe('plain');
    expect(recorder.header?.('x-other')).toBeUndefined();
  });

  it('reports body parts as they are sent', async () => {
    const recorder = new Recorder();
    const response = await call('/echo', recorder, { method: 'POST', body: 'payload' });
    expect(await response.text()).toBe('payload');
    expect(recorder.events).toEqual(['started', 'bodySent', 'responded 200', 'ended']);
  });

  it('keeps the logical host', async () => {
    expect(await (await call('/host', new Recorder())).text()).toBe('orders');
  });

  it('does not take an informational response for the answer', async () => {
    const recorder = new Recorder();
    expect(await (await call('/early', recorder)).text()).toBe('late');
    expect(recorder.events).toEqual(['started', 'responded 200', 'ended']);
  });

  it('never says started when the connection is refused', async () => {
    const recorder = new Recorder();
    const endpoint = endpointAt(await refusingPort());
    const failure = fetchOver(dispatcherTo(agents, endpoint, recorder), 'http://orders/');
    await expect(failure).rejects.toMatchObject({ message: 'fetch failed', cause: { code: 'ECONNREFUSED' } });
    expect(recorder.events).toEqual(['failed ECONNREFUSED']);
  });

  it('reports a reset after the request', async () => {
    const recorder = new Recorder();
    await expect(call('/reset', recorder)).rejects.toMatchObject({ message: 'fetch failed' });
    expect(recorder.events).toEqual(['started', expect.stringMatching(/^failed (ECONNRESET|UND_ERR_SOCKET)$/)]);
  });

  it('reports a body that is cut, after the response', async () => {
    const recorder = new Recorder();
    const response = await call('/cut', recorder);
    await expect(response.text()).rejects.toMatchObject({ message: 'terminated' });
    expect(recorder.events).toEqual([
      'started',
      'responded 200',
      expect.stringMatching(/^failed (ECONNRESET|UND_ERR_SOCKET)$/),
    ]);
  });

  it('reports response headers that do not come in time', async () => {
    const recorder = new Recorder();
    const dispatcher = dispatcherTo(agents, server.endpoint, recorder);
    const impatient = {
      dispatch: (options: object, handler: object) =>
        dispatcher.dispatch(Object.assign(options, { headersTimeout: 50 }) as never, handler),
    };
    await expect(fetchOver(impatient, 'http://orders/hang')).rejects.toMatchObject({
      cause: { code: 'UND_ERR_HEADERS_TIMEOUT' },
    });
    expect(recorder.events).toEqual(['started', 'failed UND_ERR_HEADERS_TIMEOUT']);
  });

  it('reports an abort by the caller while waiting for the response', async () => {
    const recorder = new Recorder();
    const controller = new AbortController();
    const answer = call('/hang', recorder, { signal: controller.signal });
    await until(() => hits.length === 1, { what: 'the request' });
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toMatchObject({ message: 'enough' });
    await until(() => recorder.events.length === 2, { what: 'the failure' });
    expect(recorder.events).toEqual(['started', expect.stringMatching(/^failed /)]);
  });

  it('reports an abort by the caller in the middle of the body', async () => {
    const recorder = new Recorder();
    const controller = new AbortController();
    const response = await call('/stall', recorder, { signal: controller.signal });
    controller.abort(new Error('enough'));
    // With the reason on Node 22 and later, with an AbortError on Node 20.
    await expect(response.text()).rejects.toBeDefined();
    await until(() => recorder.events.length === 3, { what: 'the failure' });
    expect(recorder.events).toEqual(['started', 'responded 200', expect.stringMatching(/^failed /)]);
  });

  it('reports a cancelled body as a failure of this exchange, with nothing left open', async () => {
    const recorder = new Recorder();
    const response = await call('/stall', recorder);
    await response.body?.cancel();
    await until(() => recorder.events.length === 3, { what: 'the end' });
  });

  it('sends nothing when the caller aborted before the connection was there', async () => {
    const slow = agentsWith();
    const recorder = new Recorder();
    const controller = new AbortController();
    const answer = fetchOver(dispatcherTo(slow, server.endpoint, recorder), 'http://orders/hello', {
      signal: controller.signal,
    });
    controller.abort(new Error('changed my mind'));
    await expect(answer).rejects.toMatchObject({ message: 'changed my mind' });
    // Closing waits for the late connection, which fetch then refuses to use.
    await slow.close();
    expect(recorder.events).toEqual(['started', 'never left', 'failed AbortError']);
    expect(hits).toEqual([]);
  });

  it('aborts from started, and then the handler learns of the error alone', async () => {
    const refusal = new Error('too late');
    const recorder = new Recorder(undefined, (abort) => abort(refusal));
    await expect(call('/hello', recorder)).rejects.toMatchObject({ message: 'fetch failed', cause: refusal });
    expect(recorder.events).toEqual(['started', 'failed Error']);
    expect(hits).toEqual([]);
  });

  it('says nothing to the handler when the observer takes over', async () => {
    const told: string[] = [];
    const handler = {
      onConnect: () => told.push('connect'),
      onHeaders: () => true,
      onData: () => true,
      onComplete: () => {},
      onError: () => told.push('error'),
    };
    const recorder = new Recorder(
      () => true,
      (abort) => abort(new Error('late')),
    );
    const options = { origin: 'http://orders', path: '/hello', method: 'GET' };
    agents.dispatch(server.endpoint, targetAt(options, server.endpoint), options, observeExchange(handler, recorder));
    await until(() => recorder.events.length === 2, { what: 'the failure' });
    expect(told).toEqual([]);
  });

  it('delivers a streamed POST once when the first endpoints cannot be reached', async () => {
    const log: string[] = [];
    const dead = [endpointAt(await refusingPort()), endpointAt(await refusingPort())];
    const body = new ReadableStream({
      start(controller) {
        for (const part of ['one ', 'two ', 'three']) controller.enqueue(new TextEncoder().encode(part));
        controller.close();
      },
    });
    const response = await fetchOver(failingOver(agents, [...dead, server.endpoint], log), 'http://orders/echo', {
      method: 'POST',
      body,
      duplex: 'half',
    });
    expect(await response.text()).toBe('one two three');
    expect(hits).toEqual(['POST /echo']);
    expect(log).toEqual(['failed ECONNREFUSED', 'failed ECONNREFUSED']);
  });

  it('abandons a connection that comes up late, after another endpoint has answered', async () => {
    // The first endpoint queues behind a busy connection; the observer loses patience and sends elsewhere.
    const narrow = agentsWith({ transport: { ...SERVICE_DEFAULTS.transport, maxConnections: 1 } });
    const other = await serve((_request, response) => response.end('other'));
    const blocker = new AbortController();
    const busy = fetchOver(dispatcherTo(narrow, server.endpoint, new Recorder()), 'http://orders/hang', {
      signal: blocker.signal,
    });
    busy.catch(() => {});
    await until(() => hits.length === 1, { what: 'the blocker' });
    const late = new Recorder(
      () => true,
      (abort) => abort(new Error('abandoned')),
    );
    const second = new Recorder();
    const response = await fetchOver(
      {
        dispatch: (options, handler) => {
          narrow.dispatch(server.endpoint, targetAt(options, server.endpoint), options, observeExchange(handler, late));
          return narrow.dispatch(
            other.endpoint,
            targetAt(options, other.endpoint),
            options,
            observeExchange(handler, second),
          );
        },
      },
      'http://orders/hello',
    );
    expect(await response.text()).toBe('other');
    blocker.abort();
    await narrow.close();
    expect(late.events).toEqual(['started', 'failed Error']);
    expect(second.events).toEqual(['started', 'responded 200', 'ended']);
    expect(hits).toEqual(['GET /hang']);
    await other.close();
  });

  it('reports garbage as a failure after the start', async () => {
    const garbage = createServer((socket) => socket.on('error', () => {}).end('not http at all\r\n\r\n')).listen(
      0,
      '127.0.0.1',
    );
    await until(() => garbage.listening, { what: 'the server' });
    const recorder = new Recorder();
    const endpoint = endpointAt((garbage.address() as AddressInfo).port);
    await expect(fetchOver(dispatcherTo(agents, endpoint, recorder), 'http://orders/')).rejects.toMatchObject({
      message: 'fetch failed',
    });
    expect(recorder.events).toEqual(['started', expect.stringMatching(/^failed /)]);
    garbage.close();
  });
});
