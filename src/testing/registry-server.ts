/**
 * A small HTTP service registry in a process of its own: Prometheus HTTP service discovery JSON at
 * `/v1/services/<name>`, with entity tags and long polling, and with the faults that registries have.
 *
 * - `If-None-Match` with the current `ETag` is answered 304.
 * - Every answer carries `X-Index`, the service's revision. `?index=N&wait=5s` (or `…ms`) holds the request while the
 *   revision is N, at most that long. Change of one service does not wake who waits for another.
 * - `Prefer: wait=5` (RFC 7240, seconds) with a current `If-None-Match` holds the request likewise.
 * - `Accept: text/event-stream` gets a stream of events: the whole list at once and after every change, with the revision
 *   as its id, and comments between them. A `Last-Event-ID` that is up to date gets the changes only.
 * - An unknown service is an empty list with status 200, as in Consul.
 */

import { registryProgram } from './registry-program.js';
import type { RegistryMode, RegistryStats, RegistryTarget } from './registry-mode.js';
import type { ServerTls } from './server-mode.js';
import { startServerProcess, type ServerProcess } from './server-process.js';

export interface RegistryServerOptions {
  /** @default chosen by the system */
  readonly port?: number;
  /** Requests without `Authorization: Bearer <token>` are refused with 401. @default no authorization */
  readonly token?: string;
  /** What is registered at the start, by service. */
  readonly services?: Readonly<Record<string, readonly RegistryTarget[]>>;
  /** Speaks https. @default http */
  readonly tls?: ServerTls;
  /** Between the comments that show that an event stream lives, in milliseconds. @default 15_000 */
  readonly heartbeatMs?: number;
  /** What event streams ask their clients to wait before they come back, in milliseconds. @default they ask for nothing */
  readonly retryMs?: number;
}

export interface RegistryServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:port`, or with https */
  readonly url: string;
  /** `<url>/v1/services/<name>` */
  urlOf(service: string): string;
  /** Replaces what serves the name. Setting what is set already changes nothing and wakes nobody. */
  set(service: string, targets: readonly RegistryTarget[]): Promise<void>;
  /** Adds the target, or replaces the one of the same address. */
  register(service: string, target: RegistryTarget): Promise<void>;
  /** @param address `host:port`, whatever its labels. */
  deregister(service: string, address: string): Promise<void>;
  /** Lasts until the next call or {@link RegistryServer.restart}. Changes made meanwhile are kept. */
  setMode(mode: RegistryMode): Promise<void>;
  /** What requests must bear from now on, until {@link RegistryServer.restart}; undefined asks for none. Open streams go on. */
  setToken(token: string | undefined): Promise<void>;
  /** Ends the event streams that are open, in good order. */
  endStreams(): Promise<void>;
  stats(): Promise<RegistryStats>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGSTOP: connections are accepted by the kernel, and nobody answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** A fresh process on the same port, which knows nothing and counts revisions from 1: a registry that lost its disk. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export async function startRegistryServer(options: RegistryServerOptions = {}): Promise<RegistryServer> {
  const { token, tls, retryMs, heartbeatMs = 15_000 } = options;
  const launch = (port: number): Promise<{ readonly server: ServerProcess; readonly started: unknown }> =>
    startServerProcess(registryProgram, { host: '127.0.0.1', port, token, tls, retryMs, heartbeatMs });

  let { server, started } = await launch(options.port ?? 0);
  const { port } = started as { port: number };
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;

  const registry: RegistryServer = {
    port,
    url,
    urlOf: (service) => `${url}/v1/services/${encodeURIComponent(service)}`,
    async set(name, targets) {
      await server.call('set', { name, targets });
    },
    async register(name, target) {
      await server.call('register', { name, target });
    },
    async deregister(name, address) {
      await server.call('deregister', { name, address });
    },
    async setMode(mode) {
      await server.call('mode', mode);
    },
    async setToken(given) {
      await server.call('token', { token: given });
    },
    async endStreams() {
      await server.call('endStreams');
    },
    stats: async () => (await server.call('stats')) as RegistryStats,
    kill: () => server.kill(),
    pause: () => server.pause(),
    resume: () => server.resume(),
    async restart() {
      await server.kill();
      ({ server, started } = await launch(port));
    },
    close: () => server.kill(),
    [Symbol.asyncDispose]: () => server.kill(),
  };
  for (const [name, targets] of Object.entries(options.services ?? {})) await registry.set(name, targets);
  return registry;
}
