/** Unix sockets, IPv6, names with two addresses, connections that are there before the first call, endpoints that leave. */

import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import dns from 'node:dns';
import { lookup } from 'node:dns/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  createClient,
  getCall,
  staticResolver,
  type Client,
  type EndpointInput,
  type ServiceOptions,
} from '../../src/index.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { createCertificateAuthority } from '../support/certificates.js';
import { recordDials } from '../support/dial-recorder.js';
import { rejectionOf } from '../support/rejection.js';
import { startSecureServer } from '../support/secure-server.js';
import { silencePort } from '../support/silent-port.js';
import { until } from '../support/until.js';

// Certificates are made in here, which takes a busy machine seconds.
jest.setTimeout(30_000);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  jest.restoreAllMocks();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Listening {
  readonly server: Server;
  readonly port: number;
  readonly open: Set<Socket>;
  opened(): number;
}

async function listen(
  where: { readonly path: string } | { readonly host: string; readonly port?: number },
  listener: RequestListener = (request, response) => response.end(`${request.headers.host} ${request.url}`),
): Promise<Listening> {
  const server = createServer(listener);
  const open = new Set<Socket>();
  let opened = 0;
  server.on('connection', (socket: Socket) => {
    opened++;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  server.listen('path' in where ? where : { port: 0, ...where });
  await once(server, 'listening');
  cleanups.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { server, port: (server.address() as AddressInfo).port, open, opened: () => opened };
}

function start(endpoints: readonly EndpointInput[], options: Partial<ServiceOptions> = {}): Client {
  const client = createClient({ services: { orders: { resolver: staticResolver(endpoints), ...options } } });
  cleanups.push(() => client.close({ timeoutMs: 0 }));
  return client;
}

const text = async (client: Client, url = 'http://orders/a'): Promise<string> => (await client.fetch(url)).text();

async function socketFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fl-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  return join(folder, 'orders.sock');
}

describe('an endpoint that is a Unix socket', () => {
  it('is called by its path, with the logical Host', async () => {
    const path = await socketFile();
    await listen({ path });
    const client = start([`unix:${path}`], { allow: { unixSockets: [path] } });
    const response = await client.fetch('http://orders/a');
    expect(await response.text()).toBe('orders /a');
    expect(getCall(response)?.attempts).toMatchObject([{ endpoint: `unix:${path}`, address: `unix:${path}` }]);
    const { body } = await client.request('http://orders/b');
    expect(await body.text()).toBe('orders /b');
  });

  it('takes the fields of any endpoint, and TLS', async () => {
    const [path, ca] = [await socketFile(), await createCertificateAuthority()];
    const secure = await startSecureServer(await ca.issue('orders'), (request, response) => response.end(request.url));
    cleanups.push(async () => secure[Symbol.asyncDispose]());
    secure.server.close();
    await once(secure.server, 'close');
    secure.server.listen(path);
    await once(secure.server, 'listening');
    const endpoint = { host: `unix:${path}`, scheme: 'https', basePath: '/api' } as const;
    const client = start([endpoint], {
      allow: { unixSockets: [`${path.slice(0, path.lastIndexOf('/'))}/`] },
      tls: { ca: ca.cert },
    });
    expect(await text(client)).toBe('/api/a');
    expect(secure.visits).toMatchObject([{ serverName: 'orders', host: 'orders' }]);
  });

  it('is refused unless it is listed, so that no registry chooses among the sockets of a machine', async () => {
    const path = await socketFile();
    const { opened } = await listen({ path });
    for (const unixSockets of [undefined, [], [`${path}x`], ['/run/']]) {
      const client = start([`unix:${path}`], { allow: unixSockets === undefined ? {} : { unixSockets } });
      const error = await rejectionOf(text(client));
      expect(error).toMatchObject({ name: 'TypeError' });
      expect(error.message).toContain(`unix:${path} is not in allow.unixSockets`);
    }
    expect(opened()).toBe(0);
  });

  it.each(['unix:relative', 'unix:', 'unix:/a/../b', 'unix:/a//b', 'unix:/a\0b', `unix:/${'x'.repeat(120)}`])(
    'is none when its path has another form: %j',
    (input) => {
      expect(() => start([input], { allow: { unixSockets: ['/'] } })).toThrow('host must be a host name');
    },
  );
});

describe('IPv6 and dual stack', () => {
  it('calls an address in brackets', async () => {
    const { port } = await listen({ host: '::1' });
    const client = start([`[::1]:${port}`]);
    const response = await client.fetch('http://orders/a');
    expect(await response.text()).toBe('orders /a');
    expect(getCall(response)?.attempts[0]?.address).toBe(`[::1]:${port}`);
    expect(await text(start([{ host: '::1', port }]))).toBe('orders /a');
  });

  it('finds a server that listens on one of the two addresses of a name', async () => {
    // Both, or what this machine has.
    for (const { address: host } of await lookup('localhost', { all: true })) {
      const { port } = await listen({ host });
      expect(await text(start([`localhost:${port}`]))).toBe('orders /a');
    }
  });

  it('dials only the family that is asked for', async () => {
    const { port } = await listen({ host: '127.0.0.1' });
    expect(await text(start([`localhost:${port}`], { transport: { family: 4 } }))).toBe('orders /a');
    const error = await rejectionOf(text(start([`localhost:${port}`], { transport: { family: 6 } })));
    expect(error.message).toMatch(/ECONNREFUSED|ENOTFOUND|EAI_|no address/);
  });
});

describe('an address of IPv4 within IPv6', () => {
  it('is dialled, under the policy of the address that it carries', async () => {
    const { port, opened } = await listen({ host: '127.0.0.1' });
    const mapped = `[::ffff:127.0.0.1]:${port}`;
    expect(await text(start([mapped]))).toBe('orders /a');
    expect(await text(start([mapped], { allow: { cidrs: ['127.0.0.0/8'] } }))).toBe('orders /a');
    const before = opened();
    for (const allow of [{ loopback: false }, { cidrs: ['10.0.0.0/8'] }])
      expect(await rejectionOf(text(start([mapped], { allow })))).toMatchObject({ code: 'ERR_ADDRESS_REFUSED' });
    expect(opened()).toBe(before);
  });
});

describe('a name with an address of each version', () => {
  const answering = (...addresses: [string, 4 | 6][]): void => {
    const all = addresses.map(([address, family]) => ({ address, family }));
    jest
      .spyOn(dns, 'lookup')
      .mockImplementation(((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
        done(null, all)) as never);
  };
  const V6: [string, 6] = ['::1', 6];
  const V4: [string, 4] = ['127.0.0.1', 4];

  it.each([
    ['IPv6', V6, V4],
    ['IPv4', V4, V6],
  ])('is reached by the other one where %s is silent, well before the connect timeout', async (_, dead, alive) => {
    const ca = await createCertificateAuthority();
    const plain = await listen({ host: alive[0] });
    const secure = await startSecureServer(await ca.issue('orders'), undefined, alive[0]);
    cleanups.push(async () => secure[Symbol.asyncDispose]());
    for (const { port, url, options } of [
      { port: plain.port, url: 'http://orders/a', options: {} },
      { port: secure.port, url: 'https://orders/a', options: { tls: { ca: ca.cert } } },
    ]) {
      await using _silent = await silencePort(dead[0], port);
      answering(dead, alive);
      using dials = recordDials();
      const client = start([`dual.example:${port}`], { ...options, transport: { connectTimeoutMs: 20_000 } });
      const startedAtMs = performance.now();
      expect(await text(client, url)).toMatch(/^(orders \/a|ok)$/);
      // The platform waits a quarter of a second for the first.
      expect(performance.now() - startedAtMs).toBeLessThan(10_000);
      expect(dials.dialled).toHaveLength(2);
      // To a POST, the first of its kind, a new connection is nothing else.
      const { statusCode, body } = await client.request(url, { method: 'POST', body: 'order' });
      await body.dump();
      expect(statusCode).toBe(200);
    }
  });

  it('is dialled only where the policy lets it, whichever comes first', async () => {
    const server = await listen({ host: '127.0.0.1' });
    const other = await listen({ host: '::1', port: server.port });
    for (const addresses of [
      [V6, V4],
      [V4, V6],
    ]) {
      answering(...addresses);
      const client = start([`dual.example:${server.port}`], { allow: { cidrs: ['127.0.0.0/8'] } });
      expect(await text(client)).toBe('orders /a');
    }
    expect(other.opened()).toBe(0);
  });
});

describe('transport.maxConnections', () => {
  it('bounds the connections to each endpoint, whatever happens to them; calls beyond wait', async () => {
    let most = 0;
    using dials = recordDials();
    const servers: Listening[] = [];
    for (let i = 0; i < 2; i++) {
      const server = await listen({ host: '127.0.0.1' }, (request, response) => {
        most = Math.max(most, ...servers.map(({ port }) => dials.openTo(port)));
        if (request.url === '/break') request.socket.destroy();
        else setTimeout(() => response.end('ok'), 20);
      });
      servers.push(server);
    }
    const client = start(
      servers.map(({ port }) => `127.0.0.1:${port}`),
      { transport: { maxConnections: 2 }, ejection: false, throttle: false, retry: false },
    );
    const call = async (number: number): Promise<string> => {
      const path = number % 10 === 3 ? 'break' : '';
      const controller = new AbortController();
      if (number % 10 === 7) setTimeout(() => controller.abort(), number);
      const init = { method: number % 2 === 0 ? 'GET' : 'POST', signal: controller.signal };
      if (number % 3 === 0) {
        const { body } = await client.request(`http://orders/${path}`, init);
        return body.text();
      }
      return (await client.fetch(`http://orders/${path}`, init)).text();
    };
    const results = await Promise.allSettled(Array.from({ length: 100 }, (_, number) => call(number)));
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThanOrEqual(80);
    expect(most).toBe(2);
    expect(servers.every(({ opened }) => opened() >= 2)).toBe(true);
    await until(() => client.snapshot().services['orders']?.inFlight === 0, { what: 'the end of all' });
  });
});

describe('transport.prewarm', () => {
  it('opens connections in ready(), and the first calls use them', async () => {
    const server = await listen({ host: '127.0.0.1' });
    const client = start([`127.0.0.1:${server.port}`], { transport: { prewarm: 3 } });
    await client.ready();
    await until(() => server.opened() === 3, { what: 'the connections' });
    const texts = await Promise.all([text(client), text(client), text(client)]);
    expect(texts).toEqual(['orders /a', 'orders /a', 'orders /a']);
    expect(server.opened()).toBe(3);
  });

  it('does so for TLS, handshake included', async () => {
    const ca = await createCertificateAuthority();
    const server = await startSecureServer(await ca.issue('orders'));
    cleanups.push(async () => server[Symbol.asyncDispose]());
    const client = start([server.address], { transport: { prewarm: 2 }, tls: { ca: ca.cert } });
    await client.ready();
    await until(() => server.open.size === 2, { what: 'the handshakes' });
    const ports = new Set([...server.open].map((socket) => socket.remotePort));
    expect(await text(client, 'https://orders/')).toBe('ok');
    expect([...server.open].every((socket) => ports.has(socket.remotePort))).toBe(true);
  });

  it('opens none by default, and does not mind an endpoint that cannot be reached', async () => {
    const server = await listen({ host: '127.0.0.1' });
    await start([`127.0.0.1:${server.port}`]).ready();
    expect(server.opened()).toBe(0);
    await start(['127.0.0.1:1', `127.0.0.1:${server.port}`], { transport: { prewarm: 1 } }).ready();
    await until(() => server.opened() === 1, { what: 'the connection' });
  });
});

describe('pools', () => {
  it('of an endpoint that discovery removes close when the last body has ended', async () => {
    const parts: (() => void)[] = [];
    const server = await listen({ host: '127.0.0.1' }, (_, response) => {
      response.write('first ');
      parts.push(() => response.end('second'));
    });
    const other = await listen({ host: '127.0.0.1' });
    const resolver = createManualResolver([`127.0.0.1:${server.port}`]);
    const client = createClient({ services: { orders: { resolver, cache: { shrinkThreshold: 1 } } } });
    cleanups.push(() => client.close({ timeoutMs: 0 }));
    const response = await client.fetch('http://orders/');
    resolver.set([`127.0.0.1:${other.port}`]);
    await until(async () => (await text(client)) === 'orders /a', { what: 'the new endpoint' });
    expect(server.open.size).toBe(1);
    parts[0]?.();
    expect(await response.text()).toBe('first second');
    await until(() => server.open.size === 0, { what: 'the connection to close' });
  });

  it('that nobody uses are given up, and made anew when somebody does', async () => {
    const server = await listen({ host: '127.0.0.1' });
    const client = start([`127.0.0.1:${server.port}`], {
      transport: { keepAliveTimeoutMs: 100, idlePoolTimeoutMs: 200 },
    });
    expect(await text(client)).toBe('orders /a');
    await until(() => server.open.size === 0, { what: 'the idle connection to close' });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await text(client)).toBe('orders /a');
    expect(server.opened()).toBe(2);
  });
});
