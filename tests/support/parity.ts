/** One story, told through `client.fetch` and through `client.request`: what its callers, its servers and its listeners saw, as plain data. */

import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createClient, staticResolver, type Client, type ClientOptions, type ServiceOptions } from '../../src/index.js';
import type { CallOptions } from '../../src/client/options.js';
import type { PickerFactory } from '../../src/data/picker.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

export type Way = 'fetch' | 'request';

/** What both functions take. */
export interface CallInit {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
  readonly fairlead?: CallOptions;
}

export interface Story {
  readonly client: Client;
  /** One call and its answer, read to the end; or its error. Never rejects. */
  call(init?: CallInit, url?: string): Promise<unknown>;
  /** Resolves when a server has got a request. */
  arrived(): Promise<void>;
  /** Resolves when an event of the kind was told. */
  told(kind: 'call' | 'retry'): Promise<void>;
}

export interface ParityCase {
  readonly name: string;
  /** What each endpoint does; `refuses` stands for one that nobody listens at. */
  readonly servers: readonly (RequestListener | 'refuses')[];
  readonly service?: Partial<ServiceOptions>;
  readonly options?: Partial<ClientOptions>;
  readonly play: (story: Story) => Promise<unknown>;
  /** Of what is recorded, so that both are not wrong in the same way. */
  readonly expected: object;
}

/** In the order of the list, those that were not tried first. */
const inOrder: PickerFactory = ({ endpoints }) => ({
  pick: ({ tried }) =>
    Math.max(
      0,
      endpoints.findIndex(({ id }) => tried?.has(id) !== true),
    ),
});

export async function recordStory(story: ParityCase, way: Way): Promise<Record<string, unknown>> {
  const requests: string[] = [];
  const servers = story.servers.map((serve, index) => {
    if (serve === 'refuses') return undefined;
    return createServer((request, response) => {
      const at = requests.push('') - 1;
      const told = `${request.method} to ${index + 1}`;
      requests[at] = told;
      void textOf(request).then((body) => (requests[at] = body === '' ? told : `${told}: ${body}`));
      serve(request, response);
    });
  });
  const ports = await Promise.all(
    servers.map(async (server) => {
      if (server === undefined) return freePort();
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return (server.address() as AddressInfo).port;
    }),
  );
  const named = (text: string): string =>
    ports.reduce((kept, port, index) => kept.replaceAll(`127.0.0.1:${port}`, `endpoint ${index + 1}`), text);
  const client = createClient({
    services: {
      orders: {
        resolver: staticResolver(ports.map((port) => `127.0.0.1:${port}`)),
        balancer: inOrder,
        retry: { backoffBaseMs: 1, backoffMaxMs: 1 },
        ...story.service,
      },
    },
    random: createSeededRandom(1),
    ...story.options,
  });
  const events: object[] = [];
  client.on('call', ({ status, error, notRetried, attempts }) =>
    events.push({
      call: status ?? error,
      notRetried,
      attempts: attempts.map(({ kind, endpoint, outcome, sent, ...attempt }) => ({
        [kind]: named(endpoint),
        status: attempt.status,
        outcome: 'reason' in outcome ? `${outcome.kind}, ${outcome.reason}` : outcome.kind,
        sent,
        notRetried: attempt.notRetried,
        error: /ERR_\w+|E[A-Z]{4,}/.exec(attempt.error ?? '')?.[0],
      })),
    }),
  );
  client.on('eject', ({ endpoint }) => events.push({ eject: named(endpoint) }));
  client.on('retry', ({ refused, attempt }) => events.push({ retry: attempt, refused }));
  client.on('hedge', ({ endpoint, kind }) => events.push({ hedge: named(endpoint), kind }));
  client.on('breaker', ({ to }) => events.push({ breaker: to }));
  try {
    const seen = await story.play({
      client,
      call: async (init = {}, url = 'http://orders/') => seenOf(() => send(client, way, url, init), named),
      arrived: () => until(() => requests.length > 0, { what: 'a request', intervalMs: 5 }).then(() => {}),
      told: (kind) => until(() => events.some((event) => kind in event), { what: kind, intervalMs: 5 }).then(() => {}),
    });
    const inFlight = client.snapshot().services['orders']?.inFlight;
    return { seen, requests, events, inFlight };
  } finally {
    await client.close({ timeoutMs: 0 });
    for (const server of servers) {
      server?.close();
      server?.closeAllConnections();
    }
  }
}

async function send(client: Client, way: Way, url: string, init: CallInit): Promise<object> {
  if (way === 'fetch') {
    const duplex = init.body instanceof ReadableStream ? { duplex: 'half' as const } : {};
    const response = await client.fetch(url, { ...(init as RequestInit), ...duplex });
    return { status: response.status, text: await response.text() };
  }
  const { statusCode, body } = await client.request(url, init);
  return { status: statusCode, text: await body.text() };
}

async function seenOf(work: () => Promise<object>, named: (text: string) => string): Promise<object> {
  try {
    return await work();
  } catch (error) {
    const { name, code, message, attempts } = error as {
      name?: string;
      code?: string;
      message?: string;
      attempts?: readonly unknown[];
    };
    // Of a body that breaks fetch says "terminated", whatever is the matter; the rest is the cause's.
    if (message === 'terminated') return { broken: (error as { cause?: { code?: unknown } }).cause?.code };
    if (attempts === undefined && typeof code === 'string' && !code.startsWith('ERR_')) return { broken: code };
    if (attempts === undefined) return { rejected: String(error) };
    // Milliseconds are never the same.
    return { name, code, message: named(message ?? '').replace(/\d+ ms/g, 'N ms'), attempts: attempts.length };
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of request) text += String(chunk);
  } catch {
    return `${text} (cut off)`;
  }
  return text;
}
