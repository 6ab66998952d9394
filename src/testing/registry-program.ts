/**
 * The program of the registry server. {@link registryProgram} runs in a child process from its own text, so it may use
 * nothing but its parameter and Node's globals (see `server-process.ts`).
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { ProgramCommands, ProgramTools } from './server-process.js';

/** What the registry does, until told otherwise. */
export type RegistryMode =
  | { readonly kind: 'ok' }
  /** Refuses connections, and resets the open ones. */
  | { readonly kind: 'down' }
  /** Answers with this status and an error text. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answers correctly, this much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Reads requests and never answers. */
  | { readonly kind: 'hang' }
  /** Says 200, JSON, and then something that is not. */
  | { readonly kind: 'garbage' }
  /** Lies: an empty list with status 200, for every service. */
  | { readonly kind: 'empty' }
  /** The right bytes under this media type. */
  | { readonly kind: 'content-type'; readonly contentType: string }
  /** Valid JSON of at least this many bytes. */
  | { readonly kind: 'huge'; readonly bytes: number };

/** One target: an address, or an address with Prometheus labels. */
export type RegistryTarget = string | { readonly target: string; readonly labels: Readonly<Record<string, string>> };

export interface RegistryStats {
  readonly requests: number;
  /** Answers with status 304. */
  readonly notModified: number;
  /** Requests that are held until something changes. */
  readonly waiting: number;
  /** Requests refused for want of the token. */
  readonly unauthorized: number;
  readonly connections: number;
}

export interface RegistryProgramOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
}

export function registryProgram({ crypto, http, later }: ProgramTools): ProgramCommands {
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
  const sockets = new Set<Socket>();
  const stats = { requests: 0, notModified: 0, unauthorized: 0, connections: 0 };

  function send(res: ServerResponse, status: number, headers: Record<string, string>, body = ''): void {
    if (res.destroyed) return;
    res.writeHead(status, headers);
    res.end(body);
  }

  function sendService(req: IncomingMessage, res: ServerResponse, name: string): void {
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
    const headers = {
      'content-type': mode.kind === 'content-type' ? mode.contentType : 'application/json',
      'x-index': String(service?.index ?? 1),
      etag,
    };
    if (req.headers['if-none-match'] === etag) {
      stats.notModified++;
      return send(res, 304, { 'x-index': headers['x-index'], etag });
    }
    if (mode.kind !== 'huge') return send(res, 200, headers, body);
    const filler = { targets: [], labels: { filler: 'x'.repeat(mode.bytes) } };
    send(res, 200, headers, JSON.stringify([...(JSON.parse(body) as unknown[]), filler]));
  }

  /** Holds the request while the service is where the caller saw it, at most for the asked time. */
  function holdOrSend(req: IncomingMessage, res: ServerResponse, url: URL, name: string): void {
    const seen = Number(url.searchParams.get('index') ?? 0);
    const [, amount, unit] = /^(\d+)(ms|s)$/.exec(url.searchParams.get('wait') ?? '0ms') ?? [];
    const waitMs = Number(amount) * (unit === 's' ? 1000 : 1);
    // As in Consul, an index from before a restart is of no use: who has seen the future is answered at once.
    if (!(waitMs > 0) || seen !== (services.get(name)?.index ?? 1)) return sendService(req, res, name);
    const wake = (): void => {
      clearTimeout(timer);
      if (waiting.delete(wake)) sendService(req, res, name);
    };
    const timer = later(wake, waitMs);
    waiting.set(wake, name);
    res.on('close', () => {
      clearTimeout(timer);
      waiting.delete(wake);
    });
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
    if (mode.kind === 'status')
      return send(res, mode.status, { 'content-type': 'text/plain', ...mode.headers }, 'fault');
    if (mode.kind === 'garbage') return send(res, 200, { 'content-type': 'application/json' }, '[{"targets": ["127.0.');
    const proceed = (): void => holdOrSend(req, res, url, decodeURIComponent(name));
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
  }

  function listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      server = http.createServer(handle);
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
    stats: (): RegistryStats => ({ ...stats, waiting: waiting.size }),
    terminate: () => process.exit(),
  };
}
