/** The servers of one case, and what they were sent. */

import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';

import { shorten } from './describe.js';
import type { FetchCase } from './fetch-case.js';

const NAMES = ['origin', 'sibling', 'stranger'] as const;

export interface Origins {
  readonly ports: readonly number[];
  readonly arrived: (count?: number) => Promise<void>;
  readonly over: (count?: number) => Promise<void>;
  /** Ends everything. Answers what was received, in order. */
  close(): Promise<unknown[]>;
}

interface Received {
  readonly entry: Record<string, unknown>;
  readonly finished: Promise<void>;
}

export async function startOrigins({ serve = echo, speak, siblingIsDown }: FetchCase): Promise<Origins> {
  const received: Received[] = [];
  const sockets: Socket[] = [];
  let connections = 0;
  let overCount = 0;
  const watchers = new Set<() => void>();
  const changed = (): void => watchers.forEach((watch) => watch());
  const reached = (value: () => number, count: number): Promise<void> =>
    new Promise((resolve) => {
      const watch = (): void => {
        if (value() < count) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
    });

  const servers: (Server | ReturnType<typeof createNetServer>)[] = NAMES.map((name) => {
    if (name === 'origin' && speak !== undefined) {
      return createNetServer((socket) => {
        connections++;
        socket.on('error', () => {});
        socket.on('close', () => (overCount++, changed()));
        speak(socket);
        changed();
      });
    }
    const server = createHttpServer((request, response) => {
      const body = readWhole(request);
      const finished = new Promise<void>((resolve) => response.once('close', resolve));
      void finished.then(() => (overCount++, changed()));
      const entry = entryOf(name, request, sockets.indexOf(request.socket));
      body.then(
        (bytes) => Object.assign(entry, { body: shorten(bytes), trailers: request.rawTrailers }),
        () => Object.assign(entry, { body: 'cut off' }),
      );
      received.push({ entry, finished });
      response.sendDate = false;
      changed();
      serve(request, response, body);
    });
    server.on('connect', (request, socket) => {
      received.push({ entry: entryOf(name, request, -1), finished: Promise.resolve() });
      socket.end('HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n');
    });
    return server;
  });
  for (const server of servers) {
    server.on('connection', (socket: Socket) => void sockets.push(socket));
    server.listen(0, 'localhost');
  }
  await Promise.all(servers.map((server) => once(server, 'listening')));

  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  if (siblingIsDown) await new Promise((resolve) => servers[1]?.close(resolve));

  return {
    ports,
    arrived: (count = 1) => reached(() => received.length + connections, count),
    over: (count = 1) => reached(() => overCount, count),
    async close() {
      for (const server of servers) server.close();
      for (const socket of sockets) socket.destroy();
      await Promise.all(received.map(({ finished }) => finished));
      return [...received.map(({ entry }) => entry), ...(speak === undefined ? [] : [{ connections }])];
    },
  };
}

function entryOf(name: string, request: IncomingMessage, connection: number): Record<string, unknown> {
  const { method, url, httpVersion, rawHeaders } = request;
  return { name, method, url, httpVersion, headers: [...rawHeaders], connection, body: 'cut off' };
}

function readWhole(request: IncomingMessage): Promise<Buffer> {
  const body = new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => reject(new Error('cut off')));
  });
  // Who does not ask is not told.
  body.catch(() => {});
  return body;
}

async function echo(request: IncomingMessage, response: ServerResponse, body: Promise<Buffer>): Promise<void> {
  const bytes = await body.catch(() => undefined);
  if (bytes === undefined) return;
  response.setHeader('content-type', request.headers['content-type'] ?? 'text/plain');
  response.setHeader('x-method', String(request.method));
  response.end(bytes);
}
