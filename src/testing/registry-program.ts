/**
 * The program of the registry server. {@link registryProgram} runs in a child process from its own text, so it may use
 * nothing but its parameter and Node's globals (see `server-process.ts`).
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { RegistryMode, RegistryStats, RegistryTarget } from './registry-mode.js';
import type { ServerTls } from './server-mode.js';
import type { ProgramCommands, ProgramTools } from './server-process.js';

export interface RegistryProgramOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
  readonly tls?: ServerTls | undefined;
  readonly heartbeatMs: number;
  readonly retryMs?: number | undefined;
}

export function registryProgram({ crypto, http, https, later }: ProgramTools): ProgramCommands {
  interface Service {
    targets: readonly RegistryTarget[];
    index: number;
  }
  let options: RegistryProgramOptions;
  let port = 0;
  let server: Server | undefined;
  let mode: RegistryMode = { kind: 'ok' };
  // Counts every change of anything, as Consul's and etcd's do: a service's index is that of its last change.
  let index = 1;
  const services = new Map<string, Service>();
  const waiting = new Map<() => void, string>();
  const streams = new Map<ServerResponse, string>();
  const sockets = new Set<Socket>();
  const stats = { requests: 0, notModified: 0, unauthorized: 0, connections: 0, resumed: 0 };

  function send(res: ServerResponse, status: number, headers: Record<string, string>, body = ''): void {
    if (res.destroyed) return;
    res.writeHead(status, headers);
    res.end(body);
  }

  function contentOf(name: string): { readonly body: string; readonly etag: string; readonly index: string } {
    const service = services.get(name);
    const targets = mode.kind === 'empty' ? [] : (service?.targets ?? []);
    const body = JSON.stringify(
      targets.map((target) =>
        typeof target === 'string'
          ? { targets: [target], labels: {} }
          : { targets: [target.target], labels: target.labels },
      ),
    );
    const etag = `"${crypto.createHash('sha256').update(body).digest('hex').slice(0, 16)}"`;
    return { body, etag, index: String(service?.index ?? 1) };
  }

  /** `before`, then pieces of `chunk` bytes, `count` of them, as fast as they are taken or one per `everyMs`, then `after`. */
  function pour(
    res: ServerResponse,
    before: string,
    filler: { chunk: number; count: number; everyMs: number },
    after: string,
  ): void {
    const chunk = 'x'.repeat(filler.chunk);
    let left = filler.count;
    const more = (): void => {
      if (res.destroyed) return;
      if (left-- <= 0) return void (after.endsWith('\n') ? res.write(after) : res.end(after));
      if (filler.everyMs === 0) res.once('drain', more);
      else later(more, filler.everyMs);
      // A piece is larger than what a response holds back, so that each asks to wait.
      res.write(chunk);
    };
    res.write(before);
    more();
  }

  /** The filler that the mode asks for, if it does. */
  function fillerOf(): { chunk: number; count: number; everyMs: number } | undefined {
    if (mode.kind === 'drip') return { chunk: 1, count: Infinity, everyMs: mode.everyMs };
    return mode.kind === 'huge' ? { chunk: 65_536, count: Math.ceil(mode.bytes / 65_536), everyMs: 0 } : undefined;
  }

  /** The content with a group of one huge label at its end, cut in two where that label is. */
  function aroundFiller(body: string): [string, string] {
    const [before = '', after = ''] = JSON.stringify([
      ...(JSON.parse(body) as unknown[]),
      { targets: [], labels: { filler: '-' } },
    ]).split('-"}}]');
    return [before, `${after}"}}]`];
  }

  function sendService(req: IncomingMessage, res: ServerResponse, name: string, applied = ''): void {
    const { body, etag, index: revision } = contentOf(name);
    const preference = applied === '' ? {} : { 'preference-applied': applied };
    if (req.headers['if-none-match'] === etag) {
      stats.notModified++;
      return send(res, 304, { 'x-index': revision, etag, ...preference });
    }
    const contentType = mode.kind === 'content-type' ? mode.contentType : 'application/json';
    const headers = { 'content-type': contentType, 'x-index': revision, etag, ...preference };
    const filler = fillerOf();
    if (filler === undefined) return send(res, 200, headers, body);
    res.writeHead(200, headers);
    const [before, after] = aroundFiller(body);
    pour(res, before, filler, after);
  }

  /** Holds the request while the service is where the caller saw it, at most for the asked time. */
  function holdOrSend(req: IncomingMessage, res: ServerResponse, url: URL, name: string): void {
    const { etag, index: revision } = contentOf(name);
    const [preference = '', seconds] = /\bwait=(\d+)/i.exec(String(req.headers['prefer'] ?? '')) ?? [];
    const [, amount, unit] = /^(\d+)(ms|s)$/.exec(url.searchParams.get('wait') ?? '') ?? [];
    const waitMs = Number(seconds ?? amount ?? 0) * (unit === 'ms' ? 1 : 1000);
    const isSeen =
      seconds === undefined ? url.searchParams.get('index') === revision : req.headers['if-none-match'] === etag;
    // As in Consul, an index from before a restart is of no use: who has seen the future is answered at once.
    if (!(waitMs > 0) || !isSeen) return sendService(req, res, name, preference);
    const wake = (): void => {
      clearTimeout(timer);
      if (waiting.delete(wake)) sendService(req, res, name, preference);
    };
    const timer = later(wake, waitMs);
    waiting.set(wake, name);
    res.on('close', () => {
      clearTimeout(timer);
      waiting.delete(wake);
    });
  }

  /** The service as it is, as an event; whoever names the revision it is at gets none. */
  function stream(req: IncomingMessage, res: ServerResponse, name: string): void {
    const contentType = mode.kind === 'content-type' ? mode.contentType : 'text/event-stream';
    res.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' });
    if (options.retryMs !== undefined) res.write(`retry: ${options.retryMs}\n`);
    streams.set(res, name);
    res.on('close', () => streams.delete(res));
    if (req.headers['last-event-id'] === contentOf(name).index) {
      stats.resumed++;
      res.write(': up to date\n\n');
    } else publish(res, name);
    const beat = (): void => {
      if (!streams.has(res)) return;
      if (mode.kind !== 'hang' && mode.kind !== 'drip') res.write(':\n\n');
      later(beat, options.heartbeatMs);
    };
    later(beat, options.heartbeatMs);
  }

  function publish(res: ServerResponse, name: string): void {
    if (mode.kind === 'hang') return;
    const { body, index: revision } = contentOf(name);
    if (mode.kind === 'garbage') return void res.write(`id: ${revision}\ndata: [{"targets": ["127.0.\n\n`);
    const filler = fillerOf();
    if (filler === undefined) return void res.write(`id: ${revision}\ndata: ${body}\n\n`);
    const [before, after] = aroundFiller(body);
    pour(res, `id: ${revision}\ndata: ${before}`, filler, `${after}\n\n`);
  }

  function publishAll(): void {
    for (const [res, name] of streams) {
      if (mode.kind === 'status' || mode.kind === 'content-type') res.end();
      else publish(res, name);
    }
  }

  function handle(req: IncomingMessage, res: ServerResponse): void {
    stats.requests++;
    req.resume();
    const url = new URL(req.url ?? '/', 'http://registry');
    const name = /^\/v1\/services\/([^/]+)$/.exec(url.pathname)?.[1];
    if (options.token !== undefined && req.headers.authorization !== `Bearer ${options.token}`) {
      stats.unauthorized++;
      return send(res, 401, { 'content-type': 'text/plain' }, 'a token is needed');
    }
    if (name === undefined) return send(res, 404, { 'content-type': 'text/plain' }, 'no such path');
    if (mode.kind === 'hang') return;
    const wantsStream = /\btext\/event-stream\b/.test(req.headers.accept ?? '');
    if (mode.kind === 'status')
      return send(res, mode.status, { 'content-type': 'text/plain', ...mode.headers }, 'fault');
    if (mode.kind === 'garbage' && !wantsStream)
      return send(res, 200, { 'content-type': 'application/json' }, '[{"targets": ["127.0.');
    const proceed = (): void =>
      wantsStream ? stream(req, res, decodeURIComponent(name)) : holdOrSend(req, res, url, decodeURIComponent(name));
    if (mode.kind === 'slow') later(proceed, mode.delayMs);
    else proceed();
  }

  function addressOf(target: RegistryTarget): string {
    return typeof target === 'string' ? target : target.target;
  }

  function othersThan(name: string, address: string): RegistryTarget[] {
    return (services.get(name)?.targets ?? []).filter((target) => addressOf(target) !== address);
  }

  function put(name: string, targets: readonly RegistryTarget[]): void {
    if (JSON.stringify(services.get(name)?.targets) === JSON.stringify(targets)) return;
    services.set(name, { targets, index: ++index });
    for (const [wake, watched] of [...waiting]) if (watched === name) wake();
    for (const [res, watched] of streams) if (watched === name) publish(res, name);
  }

  function listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      server = options.tls === undefined ? http.createServer(handle) : https.createServer(tlsOptions(), handle);
      server.on('connection', (socket) => {
        stats.connections++;
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      server.once('error', reject);
      server.listen(port, options.host, () => {
        port = (server?.address() as { port: number }).port;
        resolve();
      });
    });
  }

  function tlsOptions(): Record<string, unknown> {
    const { key, cert, ca, requestCert = false } = options.tls as ServerTls;
    return { key, cert, ...(ca === undefined ? {} : { ca }), requestCert, rejectUnauthorized: requestCert };
  }

  function takeDown(): void {
    server?.close();
    server = undefined;
    for (const socket of sockets) socket.resetAndDestroy();
  }

  return {
    async start(given: RegistryProgramOptions) {
      options = given;
      port = given.port;
      await listen();
      return { port };
    },
    async mode(given: RegistryMode) {
      mode = given;
      if (given.kind === 'down') takeDown();
      else if (server === undefined) await listen();
      publishAll();
    },
    token({ token }: { token?: string }) {
      options = { ...options, token };
    },
    endStreams() {
      for (const res of streams.keys()) res.end();
    },
    set({ name, targets }: { name: string; targets: readonly RegistryTarget[] }) {
      put(name, targets);
    },
    register({ name, target }: { name: string; target: RegistryTarget }) {
      put(name, [...othersThan(name, addressOf(target)), target]);
    },
    deregister({ name, address }: { name: string; address: string }) {
      put(name, othersThan(name, address));
    },
    stats: (): RegistryStats => ({ ...stats, waiting: waiting.size, streams: streams.size }),
    terminate: () => process.exit(),
  };
}
