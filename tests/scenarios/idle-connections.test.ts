/** Connections that end: because the server is tired of waiting, because they are old, because nobody uses them. */

import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

import { createClient, staticResolver, type Client, type ServiceOptions } from '../../src/index.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { until } from '../support/until.js';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface PlainServer {
  readonly server: Server;
  readonly address: string;
  readonly open: Set<Socket>;
  readonly opened: number;
}

async function serve(listener: RequestListener): Promise<PlainServer> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const open = new Set<Socket>();
  let opened = 0;
  server.on('connection', (socket: Socket) => {
    opened++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  cleanups.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    server,
    address,
    open,
    get opened() {
      return opened;
    },
  };
}

function start(address: string, options: Partial<ServiceOptions> = {}): Client {
  const client = createClient({ services: { orders: { resolver: staticResolver([address]), ...options } } });
  cleanups.push(() => client.close({ timeoutMs: 0 }));
  return client;
}

const sleep = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));

async function get(client: Client): Promise<string> {
  return (await client.fetch('http://orders/')).text();
}

describe('a server that closes idle connections', () => {
  const IDLE_MS = 200;
  const LANES = 60;
  const ROUNDS = 20;

  it.each([
    ['and says after how long', true],
    ['and does not say so', false],
  ])(
    '%s never fails a POST, and none arrives twice',
    async (_, says) => {
      const seen = new Map<string, number>();
      const { server, address } = await serve((request, response) => {
        const id = String(request.headers['x-id']);
        seen.set(id, (seen.get(id) ?? 0) + 1);
        // Named by hand, the header of Node's that states the time is left out.
        if (!says) response.setHeader('connection', 'keep-alive');
        request.resume().on('end', () => response.end('ok'));
      });
      server.keepAliveTimeout = IDLE_MS;
      (server as { keepAliveTimeoutBuffer?: number }).keepAliveTimeoutBuffer = 0;
      const client = start(address, { ejection: false, limits: { maxInFlight: LANES } });
      const random = createSeededRandom(11);
      const errors: unknown[] = [];
      const lane = async (number: number): Promise<void> => {
        for (let round = 0; round < ROUNDS; round++) {
          const headers = { 'x-id': `${number}.${round}` };
          await client
            .fetch('http://orders/', { method: 'POST', body: 'order', headers })
            .then((response) => response.text())
            .catch((error: unknown) => errors.push(error));
          // A third of the pauses ends within a few milliseconds of the server's.
          const spreadMs = random.next() < 0.34 ? 10 : 0.8 * IDLE_MS;
          await sleep(IDLE_MS + spreadMs * (2 * random.next() - 1));
        }
      };
      await Promise.all(Array.from({ length: LANES }, (__, number) => lane(number)));
      expect(errors).toEqual([]);
      expect(seen.size).toBe(LANES * ROUNDS);
      expect([...seen.values()].filter((times) => times > 1)).toEqual([]);
    },
    120_000,
  );

  it('costs no handshakes where it waits longer than the client', async () => {
    const server = await serve((request, response) => {
      request.resume().on('end', () => response.setHeader('connection', 'keep-alive').end('ok'));
    });
    const client = start(server.address, { transport: { keepAliveTimeoutMs: 300 } });
    const post = async (): Promise<string> =>
      (await client.fetch('http://orders/', { method: 'POST', body: 'x' })).text();
    // Three connections that are idle until the client closes them are proof enough.
    await Promise.all([get(client), get(client), get(client)]);
    await until(() => server.open.size === 0, { what: 'idle connections to close' });
    expect(await post()).toBe('ok');
    const { opened } = server;
    for (let i = 0; i < 20; i++) {
      await sleep(5);
      expect(await post()).toBe('ok');
    }
    expect(server.opened).toBe(opened);
  });
});

describe('a connection that has reached its age', () => {
  it('is replaced between two calls, and no call fails', async () => {
    const ports = new Set<number | undefined>();
    const { address } = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      request.resume();
      setTimeout(() => response.end('ok'), 5);
    });
    const client = start(address, { transport: { maxConnectionAgeMs: 200 }, retry: false });
    const until1s = performance.now() + 1_500;
    const lane = async (method: string): Promise<number> => {
      let calls = 0;
      for (; performance.now() < until1s; calls++) {
        const init = method === 'POST' ? { method, body: 'x' } : { method };
        expect(await (await client.fetch('http://orders/', init)).text()).toBe('ok');
      }
      return calls;
    };
    const calls = await Promise.all(['GET', 'POST', 'GET', 'POST'].map(lane));
    // Four lanes of some seven ages each; slow machines do fewer calls, and each of them may need a connection.
    const total = calls.reduce((sum, count) => sum + count, 0);
    expect(ports.size).toBeGreaterThanOrEqual(Math.min(12, total / 2));
    expect(ports.size).toBeLessThan(Math.max(60, total));
  });

  it('carries its answer to the end', async () => {
    const { address, open } = await serve((_, response) => {
      response.write('first ');
      setTimeout(() => response.end('second'), 600);
    });
    const client = start(address, { transport: { maxConnectionAgeMs: 100 } });
    const response = await client.fetch('http://orders/');
    await sleep(200);
    expect(open.size).toBe(1);
    expect(await response.text()).toBe('first second');
    await until(() => open.size === 0, { what: 'the connection to close' });
  });

  it('stays where no age is set', async () => {
    const server = await serve((_, response) => response.end('ok'));
    const client = start(server.address, { transport: { maxConnectionAgeMs: false, keepAliveTimeoutMs: 3_000 } });
    const sockets = new Set<Socket>();
    for (let i = 0; i < 10; i++) {
      expect(await get(client)).toBe('ok');
      for (const socket of server.open) sockets.add(socket);
      await sleep(20);
    }
    expect(sockets.size).toBe(1);
  });
});
