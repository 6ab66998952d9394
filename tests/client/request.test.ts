/** client.request and client.dispatcher over connections that the test plays. */

import { describe, expect, it, jest } from '@jest/globals';

import type { Client } from '../../src/client/client.js';
import type * as CreateClient from '../../src/client/create-client.js';
import type { ClientOptions, ServiceOptions } from '../../src/client/options.js';
import type { RequestInput } from '../../src/client/request-call.js';
import { routeOptions, type RouteTarget } from '../../src/data/transport/route-options.js';
import type { DispatchHandler, DispatchOptions } from '../../src/data/transport/dispatcher-like.js';
import type { ExchangeObserver } from '../../src/data/transport/exchange-observer.js';
import type { ExchangeController, ModernHandler } from '../../src/data/transport/handler-shape.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { inOrder } from './bench.js';

/** One exchange on the wire. */
interface Exchange {
  readonly options: DispatchOptions;
  readonly aborts: unknown[];
  /** Starts, answers, and ends the body unless it is to stay open. */
  answer(status: number, end?: boolean): void;
  fail(error: unknown): void;
  start(): void;
}

type Script = (exchange: Exchange) => void;

interface Wired {
  readonly client: Client;
  readonly clock: FakeClock;
  readonly exchanges: Exchange[];
  /** Requests to hosts that are no service. */
  readonly passed: Exchange[];
}

function exchangeOf(options: DispatchOptions, handler: ModernHandler, observer?: ExchangeObserver): Exchange {
  const aborts: unknown[] = [];
  const controller: ExchangeController = {
    abort(reason) {
      aborts.push(reason);
      if (observer?.failed(reason) !== true) handler.onResponseError?.(controller, reason);
    },
    pause: () => {},
    resume: () => {},
    aborted: false,
    paused: false,
    reason: undefined,
  };
  const start = (): void => {
    observer?.started((reason) => controller.abort(reason));
    handler.onRequestStart?.(controller);
  };
  return {
    options,
    aborts,
    start,
    answer(status, end = true) {
      start();
      observer?.responded(status, () => undefined);
      handler.onResponseStart?.(controller, status, { 'x-own': '1' });
      handler.onResponseData?.(controller, Buffer.from('body'));
      if (!end) return;
      observer?.ended();
      handler.onResponseEnd?.(controller, {});
    },
    fail(error) {
      if (observer?.failed(error) !== true) handler.onResponseError?.(null, error);
    },
  };
}

function wired(script: Script[], service: Partial<ServiceOptions> = {}, options: Partial<ClientOptions> = {}): Wired {
  const exchanges: Exchange[] = [];
  const passed: Exchange[] = [];
  const clock = createFakeClock();
  const done = async (): Promise<void> => {};
  const play = (exchange: Exchange, into: Exchange[]): void => {
    into.push(exchange);
    (script.length > 1 ? script.shift() : script[0])?.(exchange);
  };
  let createClient: typeof CreateClient.createClient | undefined;
  jest.isolateModules(() => {
    jest.doMock('../../src/data/transport/platform-connections.js', () => ({
      createPlatformConnections: () => ({
        send: (
          _: unknown,
          target: RouteTarget,
          given: DispatchOptions,
          handler: ModernHandler,
          observer: ExchangeObserver,
        ) => play(exchangeOf(routeOptions(given, target), handler, observer), exchanges),
        drain: () => {},
        close: done,
        destroy: done,
      }),
    }));
    jest.doMock('../../src/data/transport/platform.js', () => ({
      findPlatform: () => ({
        application: () => undefined,
        agentShape: 'modern',
        createAgent: () => ({
          dispatch: (given: DispatchOptions, handler: DispatchHandler) => (
            play(exchangeOf(given, handler), passed),
            true
          ),
          close: done,
        }),
      }),
    }));
    ({ createClient } = jest.requireActual<typeof CreateClient>('../../src/client/create-client.js'));
  });
  const client = (createClient as typeof CreateClient.createClient)({
    services: { orders: { resolver: createManualResolver(['a:1', 'b:1', 'c:1']), balancer: inOrder, ...service } },
    clock,
    random: { next: () => 0 },
    ...options,
  });
  return { client, clock, exchanges, passed };
}

const OK: Script = (exchange) => exchange.answer(200);
const RESET: Script = (exchange) => {
  exchange.start();
  exchange.fail(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
};
const REFUSED: Script = (exchange) => exchange.fail(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));

describe('client.request', () => {
  it('sends to an endpoint under the logical name and gives status, headers and body', async () => {
    const { client, exchanges } = wired([OK]);
    const { statusCode, headers, body } = await client.request('http://Orders/v1?a=b#c');
    expect({ statusCode, headers, text: await body.text() }).toEqual({
      statusCode: 200,
      headers: { 'x-own': '1' },
      text: 'body',
    });
    expect(exchanges[0]?.options).toMatchObject({
      origin: 'http://a:1',
      path: '/v1?a=b',
      method: 'GET',
      headers: { host: 'orders' },
      body: null,
    });
  });

  it.each<[string, RequestInput['headers'], unknown]>([
    ['an object', { accept: 'x' }, { host: 'orders', accept: 'x' }],
    ['a flat list', ['accept', 'x'], ['host', 'orders', 'accept', 'x']],
    ['Headers', new Headers({ accept: 'x' }), ['host', 'orders', 'accept', 'x']],
    ['null', null, { host: 'orders' }],
  ])('takes headers as %s', async (_, headers, sent) => {
    const { client, exchanges } = wired([OK]);
    await client.request(new URL('http://orders'), { headers: headers ?? null });
    expect(exchanges[0]?.options.headers).toEqual(sent);
  });

  it.each<[string, RequestInput['headers'], unknown]>([
    [
      'beside nothing',
      undefined,
      { host: 'orders', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    ],
    [
      'beside an object',
      { a: 'b' },
      { host: 'orders', a: 'b', 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8' },
    ],
    [
      'beside a list',
      ['a', 'b'],
      ['host', 'orders', 'a', 'b', 'content-type', 'application/x-www-form-urlencoded;charset=UTF-8'],
    ],
    [
      'beside Headers',
      new Headers({ a: 'b' }),
      ['host', 'orders', 'a', 'b', 'content-type', 'application/x-www-form-urlencoded;charset=UTF-8'],
    ],
    ['unless the caller says', { 'Content-Type': 'own' }, { host: 'orders', 'Content-Type': 'own' }],
  ])('says what the body is, %s', async (_, headers, sent) => {
    const { client, exchanges } = wired([OK]);
    const body = new URLSearchParams({ a: '1' });
    await client.request('http://orders', { method: 'post', body, headers: headers ?? null });
    expect(exchanges[0]?.options).toMatchObject({ method: 'POST', body: 'a=1' });
    expect(exchanges[0]?.options.headers).toEqual(sent);
  });

  it('is retried like a fetch, and frees what it discards', async () => {
    const { client, exchanges } = wired([(exchange) => exchange.answer(503, false), OK]);
    const { statusCode } = await client.request('http://orders');
    expect(statusCode).toBe(200);
    expect(exchanges.map(({ options }) => options.origin)).toEqual(['http://a:1', 'http://b:1']);
    expect(exchanges[0]?.aborts).toHaveLength(1);
  });

  it('is not retried with a body that is used up, or a method that must not be', async () => {
    for (const init of [
      { method: 'PUT', body: (async function* () {})() },
      { method: 'POST', body: 'x' },
      { method: 'POST', body: 'x', headers: { 'idempotency-key': undefined } },
    ]) {
      const { client, exchanges } = wired([RESET]);
      await expect(client.request('http://orders', init)).rejects.toMatchObject({ code: 'ERR_ALL_ATTEMPTS_FAILED' });
      expect(exchanges).toHaveLength(1);
    }
  });

  it('moves on with any method and body when nothing was sent', async () => {
    const { client, exchanges } = wired([REFUSED, OK]);
    const body = (async function* () {})();
    expect((await client.request('http://orders', { method: 'POST', body })).statusCode).toBe(200);
    expect(exchanges.map(({ options }) => options.body)).toEqual([body, body]);
  });

  it.each(['before', 'meanwhile'])("rejects with the signal's reason when it aborts %s", async (when) => {
    const { client, exchanges } = wired([(exchange) => exchange.start()]);
    const controller = new AbortController();
    const reason = { why: 'enough' };
    if (when === 'before') controller.abort(reason);
    const call = client.request('http://orders', { signal: controller.signal });
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(exchanges).toHaveLength(when === 'before' ? 0 : 1);
    if (when === 'meanwhile') expect(exchanges[0]?.aborts).toContain(reason);
    expect(client.snapshot().services['orders']?.inFlight).toBe(0);
  });

  it('passes to hosts that are no service as it is', async () => {
    const { client, exchanges, passed } = wired([OK]);
    const { statusCode } = await client.request('http://elsewhere:81/x?y', { method: 'PUT', body: 'z' });
    expect(statusCode).toBe(200);
    expect(exchanges).toEqual([]);
    expect(passed[0]?.options).toMatchObject({ origin: 'http://elsewhere:81', path: '/x?y', method: 'PUT', body: 'z' });
    await client.close();
  });

  it.each(['before', 'meanwhile', 'within the body'])('heeds the signal there, too: %s', async (when) => {
    const { client, passed } = wired([
      (exchange) => (when === 'within the body' ? exchange.answer(200, false) : exchange.start()),
    ]);
    const controller = new AbortController();
    const reason = new Error('enough');
    if (when === 'before') controller.abort(reason);
    const call = client.request('http://elsewhere', { signal: controller.signal });
    if (when === 'within the body') {
      const { body } = await call;
      const text = body.text();
      controller.abort(reason);
      await expect(text).rejects.toBe(reason);
    } else {
      controller.abort(reason);
      await expect(call).rejects.toBe(reason);
    }
    expect(passed).toHaveLength(when === 'before' ? 0 : 1);
  });

  it.each(['orders/x', '', '/x'])('needs an absolute URL, not %j', async (url) => {
    const { client } = wired([OK]);
    await expect(client.request(url)).rejects.toMatchObject({ code: 'ERR_INVALID_OPTION', name: 'FairleadError' });
  });
});

describe('client.dispatcher', () => {
  function send(
    client: Client,
    options: Partial<DispatchOptions> = {},
  ): { statuses: number[]; errors: unknown[]; returned: boolean } {
    const statuses: number[] = [];
    const errors: unknown[] = [];
    const handler: ModernHandler = {
      onRequestStart: () => {},
      onResponseStart: (_, status) => void statuses.push(status),
      onResponseError: (_, error) => void errors.push(error),
    };
    const returned = client.dispatcher.dispatch(
      { origin: 'http://orders', path: '/', method: 'GET', ...options },
      handler,
    );
    return { statuses, errors, returned };
  }

  it('picks and sends, whatever way the origin is written', () => {
    const { client, exchanges } = wired([OK]);
    for (const origin of ['http://orders', 'http://ORDERS:80/', new URL('http://orders')])
      expect(send(client, { origin })).toEqual({ statuses: [200], errors: [], returned: true });
    expect(exchanges.map(({ options }) => [options.origin, options.headers])).toEqual(
      new Array(3).fill(['http://a:1', { host: 'orders' }]),
    );
  });

  it('moves on while nothing was sent, and not after that', () => {
    const { client, exchanges } = wired([REFUSED, RESET]);
    const { errors } = send(client);
    expect(errors).toEqual([expect.objectContaining({ code: 'ECONNRESET' })]);
    expect(exchanges).toHaveLength(2);
  });

  it('gives answers as they are: no retries', () => {
    const { client, exchanges } = wired([(exchange) => exchange.answer(503)]);
    expect(send(client).statuses).toEqual([503]);
    expect(exchanges).toHaveLength(1);
  });

  it('passes on to hosts that are no service', () => {
    const { client, passed } = wired([OK]);
    expect(send(client, { origin: 'http://elsewhere' }).statuses).toEqual([200]);
    expect(passed[0]?.options).toMatchObject({ origin: 'http://elsewhere' });
  });

  it('may be closed by whoever was given it without harm to the client', async () => {
    const { client } = wired([OK]);
    await client.dispatcher.close?.();
    await client.dispatcher.destroy?.();
    expect(send(client).statuses).toEqual([200]);
  });
});
