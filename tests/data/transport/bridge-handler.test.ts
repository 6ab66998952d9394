import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Agent } from 'undici';
import { bridgeHandler } from '../../../src/data/transport/bridge-handler.js';
import type { DispatcherLike, HandlerShape } from '../../../src/data/transport/dispatcher-like.js';
import type {
  Abort,
  ExchangeController,
  LegacyHandler,
  ModernHandler,
} from '../../../src/data/transport/handler-shape.js';
import { failHandler, shapeOf } from '../../../src/data/transport/handler-shape.js';
import type { HeaderRecord, RawHeaders } from '../../../src/data/transport/raw-headers.js';
import { recordFromRaw } from '../../../src/data/transport/raw-headers.js';
import { until } from '../../support/until.js';
import type { TestServer } from './harness.js';
import { serve } from './harness.js';

/** A handler of either generation that writes down the same words, pauses after every chunk and goes on a moment later. */
interface Logged {
  readonly log: string[];
  readonly pauses: number;
}

class LegacyLog implements LegacyHandler, Logged {
  readonly log: string[] = [];
  pauses = 0;
  private resume: () => void = () => {};
  private readonly onStart: (abort: Abort) => void;

  constructor(onStart: (abort: Abort) => void = () => {}) {
    this.onStart = onStart;
  }

  onConnect(abort: Abort): void {
    this.log.push('start');
    this.onStart(abort);
  }

  onResponseStarted(): void {
    this.log.push('first byte');
  }

  onBodySent(): void {
    this.log.push('body sent');
  }

  onRequestSent(): void {
    this.log.push('request sent');
  }

  onHeaders(status: number, raw: RawHeaders, resume: () => void): boolean {
    this.log.push(`${status} ${JSON.stringify(recordFromRaw(raw)['x-list'] ?? null)}`);
    this.resume = resume;
    return true;
  }

  onData(chunk: Buffer): boolean {
    this.log.push(String(chunk));
    this.pauses++;
    setImmediate(() => this.resume());
    return false;
  }

  onUpgrade(status: number, raw: RawHeaders, socket: { destroy(): void }): void {
    this.log.push(`upgrade ${status} ${String(recordFromRaw(raw).upgrade)}`);
    socket.destroy();
  }

  onComplete(raw: RawHeaders): void {
    this.log.push(`end ${JSON.stringify(recordFromRaw(raw))}`);
  }

  onError(error: unknown): void {
    this.log.push(`error ${(error as Error).message}`);
  }
}

class ModernLog implements ModernHandler, Logged {
  readonly log: string[] = [];
  pauses = 0;
  private readonly onStart: (abort: Abort) => void;

  constructor(onStart: (abort: Abort) => void = () => {}) {
    this.onStart = onStart;
  }

  onRequestStart(controller: ExchangeController): void {
    this.log.push('start');
    this.onStart((reason) => controller.abort(reason));
  }

  onResponseStarted(): void {
    this.log.push('first byte');
  }

  onBodySent(): void {
    this.log.push('body sent');
  }

  onRequestSent(): void {
    this.log.push('request sent');
  }

  onResponseStart(_controller: ExchangeController, status: number, headers: HeaderRecord): void {
    this.log.push(`${status} ${JSON.stringify(headers['x-list'] ?? null)}`);
  }

  onResponseData(controller: ExchangeController, chunk: Buffer): void {
    this.log.push(String(chunk));
    this.pauses++;
    controller.pause();
    setImmediate(() => controller.resume());
  }

  onRequestUpgrade(
    _controller: ExchangeController,
    status: number,
    headers: HeaderRecord,
    socket: { destroy(): void },
  ): void {
    this.log.push(`upgrade ${status} ${String(headers.upgrade)}`);
    socket.destroy();
  }

  onResponseEnd(_controller: ExchangeController, trailers: HeaderRecord): void {
    this.log.push(`end ${JSON.stringify(trailers)}`);
  }

  onResponseError(_controller: ExchangeController | null | undefined, error: unknown): void {
    this.log.push(`error ${(error as Error).message}`);
  }
}

const make = { legacy: LegacyLog, modern: ModernLog };
const pairs = [
  ['legacy', 'legacy'],
  ['legacy', 'modern'],
  ['modern', 'legacy'],
  ['modern', 'modern'],
] as const;

// undici 7 takes both generations, so every combination can be seen against a real server.
describe.each(pairs)('a %s handler in a %s dispatch', (own: HandlerShape, wire: HandlerShape) => {
  const agent = new Agent();
  let server: TestServer;

  beforeAll(async () => {
    server = await serve((request, response) => {
      if (request.url === '/hang') return;
      request.resume().on('end', () => {
        response.writeHead(200, { 'x-list': ['a', 'b'], trailer: 'x-sum' });
        response.write('one');
        setTimeout(() => {
          response.write('two');
          response.addTrailers({ 'x-sum': '42' });
          response.end();
        }, 20);
      });
    });
    server.server.on('upgrade', (_request, socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\n');
    });
  });

  afterAll(async () => {
    await agent.close();
    await server.close();
  });

  const send = (handler: Logged, options: object = {}): void => {
    const bridged = bridgeHandler(handler, wire);
    expect(shapeOf(bridged)).toBe(wire);
    const all = { origin: `http://127.0.0.1:${server.port}`, path: '/', method: 'GET', ...options };
    (agent as unknown as DispatcherLike).dispatch(all, bridged);
  };

  it('hears everything, in order, and can pause', async () => {
    const handler = new make[own]();
    send(handler, { method: 'POST', body: 'x' });
    await until(() => handler.log.at(-1)?.startsWith('end'), { what: 'the end' });
    // undici 7 itself does not tell a modern handler of the two sending steps; our bridges do.
    const steps = handler.log.filter((entry) => entry !== 'body sent' && entry !== 'request sent');
    expect(steps).toEqual(['start', 'first byte', '200 ["a","b"]', 'one', 'two', 'end {"x-sum":"42"}']);
    if (wire === 'legacy') expect(handler.log.slice(1, 3)).toEqual(['body sent', 'request sent']);
    expect(handler.pauses).toBe(2);
  });

  it('can abort as it starts', async () => {
    const handler = new make[own]((abort) => abort(new Error('no')));
    send(handler);
    await until(() => handler.log.length === 2, { what: 'the error' });
    expect(handler.log).toEqual(['start', 'error no']);
  });

  it('hears of an error before the start', async () => {
    const handler = new make[own]();
    send(handler, { path: 'relative' });
    expect(handler.log).toEqual([expect.stringMatching(/^error path must be/)]);
  });

  it('hears of an upgrade', async () => {
    const handler = new make[own]();
    send(handler, { upgrade: 'chat' });
    await until(() => handler.log.at(-1)?.startsWith('upgrade'), { what: 'the upgrade' });
    expect(handler.log).toEqual(expect.arrayContaining(['start', 'upgrade 101 chat']));
  });

  it('can be failed from outside', () => {
    const handler = new make[own]();
    failHandler(handler, new Error('no route'));
    expect(handler.log).toEqual(['error no route']);
  });
});
