/**
 * The program of one fleet server. {@link fleetProgram} runs in a child process from its own text, so it may use nothing
 * but its parameter and Node's globals (see `server-process.ts`).
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Http2SecureServer, ServerHttp2Session } from 'node:http2';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { ReceivedRequest, ServerMode, ServerStats, ServerTls } from './server-mode.js';
import type { ProgramCommands, ProgramTools } from './server-process.js';

export interface FleetProgramOptions {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly seed: number;
  readonly tls?: ServerTls | undefined;
  readonly keepAliveTimeoutMs?: number | undefined;
  readonly serviceTimeMs?: number | undefined;
  readonly concurrency?: number | undefined;
  readonly queueLimit?: number | undefined;
  readonly graceMs?: number | undefined;
}

export function fleetProgram({ crypto, http, http2, https, later }: ProgramTools): ProgramCommands {
  type Mutable<T> = { -readonly [K in keyof T]: T[K] };
  const OK: ServerMode = { kind: 'ok' };
  let options: FleetProgramOptions;
  let server: Server | Http2SecureServer;
  let mode: ServerMode = OK;
  let exceptPaths: readonly string[] = [];
  let draining = false;
  let randomState = 0;

  let stats = { requests: 0, byMethod: {} as Record<string, number>, maxInFlight: 0, connections: 0 };
  let received: Mutable<ReceivedRequest>[] = [];
  const responses = new Set<ServerResponse>();
  const sessions = new Set<ServerHttp2Session>();
  // By the peer's port, because a TLS socket does not tell which TCP socket it wraps, and only that one can be reset.
  const sockets = new Map<number | undefined, Socket & { number?: number }>();

  /** mulberry32: a fault ratio needs no better generator. */
  function draw(): number {
    randomState = (randomState + 0x6d2b79f5) | 0;
    let mixed = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  // Capacity: `concurrency` workers take `serviceTimeMs` each; the others wait their turn. A caller that gave up is served
  // all the same, as most servers do: that is what makes overload dangerous.
  let working = 0;
  const queue: (() => void)[] = [];

  function serve(extraMs: number, work: () => void, refuse: () => void): void {
    const run = (): void => {
      working++;
      const totalMs = (options.serviceTimeMs ?? 0) + extraMs;
      const finish = (): void => {
        work();
        working--;
        queue.shift()?.();
      };
      if (totalMs > 0) later(finish, totalMs);
      else finish();
    };
    if (working < (options.concurrency ?? Infinity)) run();
    else if (queue.length < (options.queueLimit ?? Infinity)) queue.push(run);
    else refuse();
  }

  function readBody(req: IncomingMessage, record: Mutable<ReceivedRequest>, whole: () => void): void {
    const hash = crypto.createHash('sha256');
    req.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      record.bodyBytes += chunk.length;
    });
    req.on('end', () => {
      record.bodySha256 = hash.digest('hex');
      whole();
    });
  }

  function reset(req: IncomingMessage): void {
    sockets.get(req.socket.remotePort)?.resetAndDestroy();
  }

  function send(res: ServerResponse, status: number, headers: Record<string, string>, body: string): void {
    if (res.destroyed || res.headersSent) return;
    res.writeHead(status, headers);
    res.end(body);
  }

  function sendJson(res: ServerResponse, value: unknown, status = 200): void {
    send(res, status, { 'content-type': 'application/json' }, JSON.stringify(value));
  }

  function stream(res: ServerResponse, bytes: number, intervalMs: number): void {
    const chunk = Buffer.alloc(16384, 'fairlead ');
    let left = bytes;
    const more = (): void => {
      while (left > 0 && !res.destroyed) {
        const size = Math.min(left, chunk.length);
        left -= size;
        const flowing = res.write(chunk.subarray(0, size));
        if (intervalMs > 0) return void later(more, intervalMs);
        if (!flowing) return void res.once('drain', more);
      }
      res.end();
    };
    res.writeHead(200, { 'content-type': 'application/octet-stream' });
    more();
  }

  function answer(req: IncomingMessage, res: ServerResponse, url: URL, record: ReceivedRequest): void {
    const { pathname, searchParams } = url;
    if (pathname === '/stream') {
      return stream(res, Number(searchParams.get('bytes')), Number(searchParams.get('intervalMs')));
    }
    if (pathname === '/headers') return sendJson(res, req.headers);
    if (pathname === '/redirect') {
      const status = Number(searchParams.get('status') ?? 302);
      return send(res, status, { location: searchParams.get('to') ?? '/' }, '');
    }
    if (pathname.startsWith('/status/')) {
      return send(res, Number(pathname.slice('/status/'.length)), Object.fromEntries(searchParams), '');
    }
    const tls = req.socket as Partial<TLSSocket>;
    sendJson(res, {
      server: options.id,
      method: req.method,
      path: req.url,
      host: req.headers.host ?? req.headers[':authority'],
      requestId: req.headers['x-request-id'],
      httpVersion: req.httpVersion,
      servername: tls.servername,
      clientCertificate: options.tls?.requestCert === true ? tls.getPeerCertificate?.().subject?.CN : undefined,
      connection: sockets.get(req.socket.remotePort)?.number,
      bodyBytes: record.bodyBytes,
      bodySha256: record.bodySha256,
    });
  }

  function breakBody(req: IncomingMessage, res: ServerResponse): void {
    res.writeHead(200, { 'content-type': 'text/plain', 'content-length': '65536' });
    res.write('half of the body');
    // Long enough for the bytes to be read: a reset throws away what its receiver has not read yet.
    later(() => reset(req), 50);
  }

  function handle(req: IncomingMessage, res: ServerResponse): void {
    const method = req.method ?? 'GET';
    const url = new URL(req.url ?? '/', 'http://server');
    const id = req.headers['x-request-id'];
    const record = { id: String(id), method, path: req.url ?? '', bodyBytes: 0, bodySha256: undefined };
    stats.requests++;
    stats.byMethod[method] = (stats.byMethod[method] ?? 0) + 1;
    if (id !== undefined) received.push(record);
    responses.add(res);
    stats.maxInFlight = Math.max(stats.maxInFlight, responses.size);
    res.on('close', () => responses.delete(res));
    res.setHeader('x-server', options.id);
    if (draining && req.httpVersionMajor === 1) res.setHeader('connection', 'close');

    const now = exceptPaths.includes(url.pathname) ? OK : mode;
    if (now.kind === 'reset' && now.when === 'before') return reset(req);
    const extraMs = url.pathname.startsWith('/delay/') ? Number(url.pathname.slice('/delay/'.length)) : 0;
    const slowMs = now.kind === 'slow' ? now.delayMs : 0;
    const overloaded = (): void => sendJson(res, { error: 'queue full' }, 503);
    const healthy = now.kind === 'ok' || now.kind === 'slow';
    if (healthy && url.pathname === '/echo') {
      const type = req.headers['content-type'];
      const echo = (): void => {
        res.writeHead(200, type === undefined ? {} : { 'content-type': type });
        readBody(req, record, () => {});
        req.pipe(res);
      };
      return serve(slowMs, echo, overloaded);
    }
    readBody(req, record, () => {
      if (now.kind === 'hang') return;
      if (now.kind === 'garbage') {
        const socket = req.httpVersionMajor === 1 ? req.socket : sockets.get(req.socket.remotePort);
        return void socket?.end('\x00\x01 this is not HTTP \xff\r\n\r\n', 'latin1');
      }
      if (now.kind === 'reset') return now.when === 'after' ? reset(req) : breakBody(req, res);
      if (now.kind === 'status') return send(res, now.status, { ...now.headers }, '');
      if (now.kind === 'flaky' && draw() < now.ratio) return send(res, now.status ?? 503, {}, '');
      serve(slowMs + extraMs, () => answer(req, res, url, record), overloaded);
    });
  }

  function listen(patience: number): Promise<number> {
    return new Promise((resolve, reject) => {
      const onListening = (): void => {
        server.off('error', onError);
        resolve((server.address() as { port: number }).port);
      };
      const onError = (error: NodeJS.ErrnoException): void => {
        server.off('listening', onListening);
        // A port that was asked for may linger with its last owner for a moment.
        if (error.code !== 'EADDRINUSE' || options.port === 0 || patience === 0) return reject(error);
        later(() => resolve(listen(patience - 1)), 50);
      };
      server.once('error', onError).once('listening', onListening);
      server.listen(options.port, options.host);
    });
  }

  return {
    async start(given: FleetProgramOptions) {
      options = given;
      randomState = given.seed;
      const { tls } = given;
      if (tls === undefined) server = http.createServer(handle);
      else if (tls.http2 === true) {
        const onRequest = handle as (req: unknown, res: unknown) => void;
        server = http2.createSecureServer({ ...tls, allowHTTP1: true }, onRequest);
        server.on('session', (session: ServerHttp2Session) => {
          sessions.add(session);
          session.on('close', () => sessions.delete(session));
        });
      } else server = https.createServer(tls, handle);
      // Not in the type of the HTTP/2 server, which has it for its HTTP/1.1 connections.
      if (given.keepAliveTimeoutMs !== undefined) (server as Server).keepAliveTimeout = given.keepAliveTimeoutMs;
      server.on('connection', (socket: Socket & { number?: number }) => {
        const port = socket.remotePort;
        socket.number = ++stats.connections;
        sockets.set(port, socket);
        socket.on('close', () => sockets.delete(port));
        if (mode.kind === 'reset' && mode.when === 'before' && exceptPaths.length === 0) socket.resetAndDestroy();
      });
      return { port: await listen(20) };
    },
    mode(given: { mode: ServerMode; exceptPaths: readonly string[] }) {
      mode = given.mode;
      exceptPaths = given.exceptPaths;
    },
    stats: (): ServerStats => ({ ...stats, inFlight: responses.size, openSockets: sockets.size, received }),
    clear() {
      stats = { ...stats, requests: 0, byMethod: {}, maxInFlight: responses.size };
      received = [];
    },
    terminate() {
      draining = true;
      server.close(() => process.exit());
      if ('closeIdleConnections' in server) server.closeIdleConnections();
      for (const session of sessions) session.close();
      for (const res of responses) {
        if (res.req.httpVersionMajor === 1 && !res.headersSent) res.setHeader('connection', 'close');
      }
      later(() => process.exit(), options.graceMs ?? 10_000);
    },
  };
}
