/**
 * A fleet of real HTTP servers on the loopback interface, each in a process of its own, with faults to inject: what a
 * load balancer is for cannot be shown against stubs.
 *
 * What a healthy server answers, by path: `/echo` streams the request body back; `/stream?bytes=N[&intervalMs=M]` sends N
 * bytes (16 KiB each M ms); `/delay/MS` answers that much later; `/status/NNN?name=value` answers with that status and
 * those headers; `/redirect?to=URL[&status=302]`; `/headers` lists the request's headers; everything else is described in
 * JSON (server, method, path, host, requestId, httpVersion, servername, clientCertificate, connection, bodyBytes,
 * bodySha256). Every answer names the server in `x-server`.
 *
 * Needs a POSIX system for {@link FleetServer.pause}. The servers die with the process that started them.
 */

import { fleetProgram } from './fleet-program.js';
import type { FleetProgramOptions } from './fleet-program.js';
import type { ServerMode, ServerStats, ServerTls } from './server-mode.js';
import { startServerProcess } from './server-process.js';

export interface FleetOptions extends FleetServerOptions {
  /** How many servers. @default one per host, or 3 */
  readonly size?: number;
  /** Addresses to listen on, dealt out in turn: `['127.0.0.11', '127.0.0.12']`. @default ['127.0.0.1'] */
  readonly hosts?: readonly string[];
  /** All servers listen on the same port, which needs a host for each: what plain DNS records can express. @default false */
  readonly samePort?: boolean;
  /** What tells the servers apart from the common options. `index` counts from 0. */
  readonly each?: (index: number) => FleetServerOptions;
}

export interface FleetServerOptions {
  /** @default 's1', 's2', … */
  readonly id?: string;
  /** @default chosen by the system */
  readonly port?: number;
  /** Speaks https (and HTTP/2 if asked to). @default plain http */
  readonly tls?: ServerTls;
  /** How long an idle connection stays open. @default Node's: 5000 */
  readonly keepAliveTimeoutMs?: number;
  /** Time that each request takes a worker. @default 0 */
  readonly serviceTimeMs?: number;
  /** How many requests are worked on at once. With `serviceTimeMs`, the server's capacity. @default unlimited */
  readonly concurrency?: number;
  /** How many requests wait for a worker; further ones get 503 at once. @default unlimited */
  readonly queueLimit?: number;
  /** How long {@link FleetServer.stop} lets requests in flight go on. @default 10_000 */
  readonly graceMs?: number;
}

export interface FleetServer {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  /** `host:port` */
  readonly address: string;
  /** `http://host:port` or `https://host:port` */
  readonly url: string;
  readonly state: 'running' | 'paused' | 'gone';
  /**
   * Every request from now on is treated like this, except those to `exceptPaths` (a health check, say). Lasts until the
   * next call or {@link FleetServer.restart}.
   */
  setMode(mode: ServerMode, options?: { readonly exceptPaths?: readonly string[] }): Promise<void>;
  /** What this process has seen since it started, or since {@link FleetServer.clearStats}. */
  stats(): Promise<ServerStats>;
  /** Forgets the requests seen so far; connections keep their count. */
  clearStats(): Promise<void>;
  /** SIGKILL: the port refuses connections from now on. */
  kill(): Promise<void>;
  /** SIGTERM: takes no new connections, answers what is in flight, closes idle connections, ends. */
  stop(): Promise<void>;
  /** SIGSTOP: connections are accepted by the kernel, and nobody answers. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** A fresh process in mode `ok` on the same port; the old one, if it still runs, is stopped first. */
  restart(): Promise<void>;
}

export interface Fleet extends AsyncDisposable {
  readonly servers: readonly FleetServer[];
  /** `host:port` of every server, also of those that are down. */
  readonly addresses: readonly string[];
  /** One more server, as the options for its index say. */
  add(options?: FleetServerOptions): Promise<FleetServer>;
  /** Kills all servers. */
  close(): Promise<void>;
}

export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { size = options.hosts?.length ?? 3, hosts = ['127.0.0.1'], samePort = false, each, ...common } = options;
  const servers: FleetServer[] = [];
  let sharedPort = common.port;

  async function launch(index: number, extra?: FleetServerOptions): Promise<FleetServer> {
    const merged = { id: `s${index + 1}`, ...common, ...each?.(index), ...extra };
    const port = merged.port ?? (samePort ? sharedPort : undefined) ?? 0;
    const host = hosts[index % hosts.length] ?? '127.0.0.1';
    return await startFleetServer({ ...merged, host, port, seed: index + 1 });
  }

  const fleet: Fleet = {
    servers,
    get addresses() {
      return servers.map((server) => server.address);
    },
    async add(extra) {
      const server = await launch(servers.length, extra);
      servers.push(server);
      return server;
    },
    async close() {
      await Promise.all(servers.map((server) => server.kill()));
    },
    [Symbol.asyncDispose]: () => fleet.close(),
  };

  try {
    // The first one finds the port that the others share.
    if (samePort && size > 0) sharedPort = (await fleet.add()).port;
    const first = servers.length;
    const results = await Promise.allSettled(Array.from({ length: size - first }, (_, index) => launch(first + index)));
    for (const result of results) if (result.status === 'fulfilled') servers.push(result.value);
    for (const result of results) if (result.status === 'rejected') throw result.reason;
    return fleet;
  } catch (error) {
    await fleet.close();
    throw error;
  }
}

async function startFleetServer(options: FleetProgramOptions): Promise<FleetServer> {
  let current = await startServerProcess(fleetProgram, options);
  const { port } = current.started as { port: number };
  const { id, host } = options;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;

  return {
    id,
    host,
    port,
    address,
    url: `${options.tls === undefined ? 'http' : 'https'}://${address}`,
    get state() {
      return current.server.state;
    },
    async setMode(mode, { exceptPaths = [] } = {}) {
      await current.server.call('mode', { mode, exceptPaths });
    },
    stats: async () => (await current.server.call('stats')) as ServerStats,
    clearStats: async () => void (await current.server.call('clear')),
    kill: () => current.server.kill(),
    stop: () => current.server.terminate(),
    pause: () => current.server.pause(),
    resume: () => current.server.resume(),
    async restart() {
      await current.server.terminate();
      current = await startServerProcess(fleetProgram, { ...options, port });
    },
  };
}
