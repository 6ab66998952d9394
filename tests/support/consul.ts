/** Real Consul agents: one that forgets everything when it restarts, or servers that keep a quorum. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';
import { ensureDebianServer } from './debian-packages.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

export interface Instance {
  readonly name: string;
  readonly id: string;
  readonly port: number;
  /** @default '127.0.0.1' */
  readonly address?: string;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  readonly weights?: { readonly Passing: number; readonly Warning: number };
  /** Gives it a check `check:ID` that somebody must keep alive; it starts out passing. Consul's notation: '2s'. */
  readonly ttl?: string;
}

export interface Consul extends AsyncDisposable {
  readonly url: string;
  /** Of the same API over TLS, when it was started with it. */
  readonly secureUrl: string | undefined;
  /** @throws Error with what Consul said, unless it answers 200. */
  call(method: 'GET' | 'PUT', path: string, body?: unknown): Promise<unknown>;
  register(instance: Instance): Promise<void>;
  deregister(id: string): Promise<void>;
  /** Sets the state of a check that was registered by `ttl`. */
  setCheck(id: string, status: 'pass' | 'warn' | 'fail'): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  resume(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** A new process on the same ports; an agent of {@link startConsul} has forgotten everything. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** PEM texts. */
export interface ConsulTls {
  /** Clients must show a certificate of this authority. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

interface AgentOptions {
  readonly configuration: object;
  readonly dev: boolean;
  readonly tls?: ConsulTls | undefined;
  /** Sent with what the test itself asks. */
  readonly token?: string;
}

/** The token of a Consul with access control that may do everything. */
export const MANAGEMENT_TOKEN = '11111111-2222-4333-8444-555555555555';

/**
 * One agent that is its own server and keeps nothing. It has a leader when this returns.
 *
 * @param options `acl` refuses everything to those without a token; `tls` adds a second, secure address
 * @throws ServerUnavailableError
 */
export async function startConsul({
  acl = false,
  tls,
}: { readonly acl?: boolean; readonly tls?: ConsulTls } = {}): Promise<Consul> {
  const access = {
    enabled: true,
    default_policy: 'deny',
    tokens: { master: MANAGEMENT_TOKEN, agent: MANAGEMENT_TOKEN },
  };
  const consul = await startAgent({
    dev: true,
    tls,
    configuration: {
      ports: { ...(await freePorts()), ...(tls === undefined ? {} : { https: await freePort() }) },
      ...(acl ? { acl: access } : {}),
    },
    ...(acl ? { token: MANAGEMENT_TOKEN } : {}),
  });
  await hasLeader(consul);
  return consul;
}

/** Three servers that keep what they know. They have a leader when this returns. */
export async function startConsulCluster(): Promise<readonly [Consul, Consul, Consul]> {
  const ports = await Promise.all([freePorts(), freePorts(), freePorts()]);
  const configuration = (at: number): object => ({
    ports: ports[at],
    node_name: `n${at + 1}`,
    server: true,
    bootstrap_expect: 3,
    retry_join: ports.map(({ serf_lan }) => `127.0.0.1:${serf_lan}`),
    retry_interval: '100ms',
    performance: { raft_multiplier: 1, rpc_hold_timeout: '1s' },
  });
  const servers = await Promise.all(
    [0, 1, 2].map((at) => startAgent({ dev: false, configuration: configuration(at) })),
  );
  await Promise.all(servers.map(hasLeader));
  return servers as never;
}

async function hasLeader(consul: Consul): Promise<void> {
  const leads = async (): Promise<boolean> => (await consul.call('GET', '/v1/status/leader')) !== '';
  await until(leads, { timeoutMs: 20_000, what: 'a leader' });
}

async function freePorts(): Promise<Record<'http' | 'server' | 'serf_lan', number>> {
  const [http, server, serf] = [await freePort(), await freePort(), await freePort()];
  return { http, server, serf_lan: serf };
}

async function startAgent({ configuration, dev, tls, token }: AgentOptions): Promise<Consul> {
  const server = ensureDebianServer('consul');
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-consul-'));
  const { ports, ...rest } = configuration as { ports: { http: number; https?: number } };
  const file = join(folder, 'consul.json');
  await writeFile(
    file,
    JSON.stringify({
      ports: { dns: -1, grpc: -1, serf_wan: -1, ...ports },
      node_name: 'n1',
      bind_addr: '127.0.0.1',
      client_addr: '127.0.0.1',
      disable_update_check: true,
      disable_remote_exec: true,
      log_level: 'warn',
      ...(dev ? {} : { data_dir: join(folder, 'data') }),
      ...(tls === undefined ? {} : { ...(await writePems(folder, tls)), verify_incoming_https: true }),
      ...rest,
    }),
  );

  const url = `http://127.0.0.1:${ports.http}`;
  async function call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(url + path, {
      method,
      headers: token === undefined ? {} : { 'x-consul-token': token },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
  const launch = (): Promise<Daemon> =>
    startDaemon(server.program('consul'), ['agent', ...(dev ? ['-dev'] : []), `-config-file=${file}`], {
      env: server.env,
      ready: () => call('GET', '/v1/agent/self'),
    });
  let daemon = await launch();

  const consul: Consul = {
    url,
    secureUrl: ports.https === undefined ? undefined : `https://127.0.0.1:${ports.https}`,
    call,
    async register({ id, name, port, address = '127.0.0.1', tags = [], meta = {}, weights, ttl }) {
      await call('PUT', '/v1/agent/service/register', {
        ID: id,
        Name: name,
        Address: address,
        Port: port,
        Tags: tags,
        Meta: meta,
        ...(weights === undefined ? {} : { Weights: weights }),
        ...(ttl === undefined ? {} : { Check: { CheckID: `check:${id}`, TTL: ttl, Status: 'passing' } }),
      });
    },
    deregister: async (id) => void (await call('PUT', `/v1/agent/service/deregister/${id}`)),
    setCheck: async (id, status) => void (await call('PUT', `/v1/agent/check/${status}/check:${id}`)),
    pause: () => daemon.pause(),
    resume: () => daemon.resume(),
    kill: () => daemon.kill(),
    stop: () => daemon.stop(),
    async restart() {
      await daemon.kill();
      daemon = await launch();
      if (dev) await hasLeader(consul);
    },
    async close() {
      await daemon.kill();
      await rm(folder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => consul.close(),
  };
  return consul;
}

/** Answers what the agent's configuration calls them. */
async function writePems(folder: string, pems: ConsulTls): Promise<Record<string, string>> {
  const configuration: Record<string, string> = {};
  for (const [name, pem] of Object.entries(pems)) {
    const file = join(folder, `${name}.pem`);
    await writeFile(file, pem);
    configuration[`${name}_file`] = file;
  }
  return configuration;
}
