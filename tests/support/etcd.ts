/** Real etcd: one member, or three that keep a quorum, by the JSON gateway that Fairlead uses, too. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { startDaemon, type Daemon } from './daemon.js';
import { ensureDebianServer } from './debian-packages.js';
import { freePort } from './free-port.js';
import { until } from './until.js';

export interface Etcd extends AsyncDisposable {
  readonly url: string;
  /** Of the same API over TLS, when it was started with it. */
  readonly secureUrl: string | undefined;
  /** @param path after `/v3`. @throws Error with what etcd said, unless it answers 200 */
  call(path: string, body: object): Promise<Record<string, unknown>>;
  /** @param lease of {@link grantLease}; without it the key stays until it is deleted */
  put(key: string, value: string, lease?: string): Promise<void>;
  /** The key, or all that begin with it. */
  delete(key: string, options?: { readonly prefix?: boolean }): Promise<void>;
  /** Ends after so long, unless somebody keeps it alive. */
  grantLease(seconds: number): Promise<string>;
  /** Forgets the history up to now. */
  compact(): Promise<void>;
  revision(): Promise<number>;
  /** Users `root` and `reader`, who may read what begins with `prefix`, both with {@link PASSWORD}; from now on nobody else is let in. */
  enableAuth(prefix: string): Promise<void>;
  disableAuth(): Promise<void>;
  /** With the users that there are. */
  enableAuthAgain(): Promise<void>;
  changePassword(user: string, password: string): Promise<void>;
  /** SIGSTOP. */
  pause(): void;
  resume(): void;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM. */
  stop(): Promise<void>;
  /** A new process on the same ports; with `empty` it has lost what it knew. */
  restart(options?: { readonly empty?: boolean }): Promise<void>;
  close(): Promise<void>;
}

export interface EtcdOptions {
  /** How long a token lives without being used. @default etcd's: 300 */
  readonly tokenTtlSeconds?: number;
  /** PEM texts: a second address by https, where clients must show a certificate of this authority. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
}

export const PASSWORD = 'hunter2-password';

interface Member {
  readonly name: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
}

/** @throws ServerUnavailableError */
export async function startEtcd(options: EtcdOptions = {}): Promise<Etcd> {
  const member = await newMember('e1');
  return startMember(member, [member], options);
}

/** Three members with a leader. @throws ServerUnavailableError */
export async function startEtcdCluster(): Promise<readonly [Etcd, Etcd, Etcd]> {
  const members = [await newMember('e1'), await newMember('e2'), await newMember('e3')];
  return (await Promise.all(members.map((member) => startMember(member, members, {})))) as never;
}

async function newMember(name: string): Promise<Member> {
  const [client, peer] = [await freePort(), await freePort()];
  return { name, clientUrl: `http://127.0.0.1:${client}`, peerUrl: `http://127.0.0.1:${peer}` };
}

async function startMember(
  { name, clientUrl, peerUrl }: Member,
  all: readonly Member[],
  { tokenTtlSeconds, tls }: EtcdOptions,
): Promise<Etcd> {
  const server = ensureDebianServer('etcd');
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-etcd-'));
  const data = join(folder, 'data');
  const secureUrl = tls === undefined ? undefined : `https://127.0.0.1:${await freePort()}`;
  const clientUrls = [clientUrl, ...(secureUrl === undefined ? [] : [secureUrl])].join();
  /** Of root, once there are users. */
  let token: string | undefined;

  async function call(path: string, body: object, timeoutMs = 10_000): Promise<Record<string, unknown>> {
    const send = (): Promise<Response> =>
      fetch(`${clientUrl}/v3${path}`, {
        method: 'POST',
        headers: token === undefined ? {} : { authorization: token },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(timeoutMs),
      });
    let response = await send();
    if (response.status === 401) {
      // Tokens end soon in some tests, and with every change of the users.
      await login();
      response = await send();
    }
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
  /** What is sent while there is no leader waits for five seconds and fails; to write the same again does no harm. */
  async function write(path: string, body: object): Promise<void> {
    await until(() => call(path, body, 1_000), { what: path, timeoutMs: 15_000 });
  }
  async function login(): Promise<void> {
    token = undefined;
    token = (await call('/auth/authenticate', { name: 'root', password: PASSWORD }))['token'] as string;
  }

  const flags = {
    name,
    'data-dir': data,
    'listen-client-urls': clientUrls,
    'advertise-client-urls': clientUrls,
    'listen-peer-urls': peerUrl,
    'initial-advertise-peer-urls': peerUrl,
    'initial-cluster': all.map((each) => `${each.name}=${each.peerUrl}`).join(),
    'heartbeat-interval': '20',
    'election-timeout': '200',
    'log-level': 'error',
    ...(tokenTtlSeconds !== undefined && { 'auth-token-ttl': String(tokenTtlSeconds) }),
    ...(tls !== undefined && (await writePems(folder, tls))),
  };
  const args = [...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`), '--unsafe-no-fsync'];
  const launch = (ready: () => Promise<unknown>): Promise<Daemon> =>
    startDaemon(server.program('etcd'), args, { env: server.env, ready });
  const healthy = async (): Promise<void> => {
    const { health } = (await (await fetch(`${clientUrl}/health`)).json()) as { health: string };
    if (health !== 'true') throw new Error('etcd is not healthy yet');
  };
  let daemon = await launch(healthy);

  const etcd: Etcd = {
    url: clientUrl,
    secureUrl,
    call: (path, body) => call(path, body),
    put: (key, value, lease) =>
      write('/kv/put', { key: base64(key), value: base64(value), ...(lease !== undefined && { lease }) }),
    delete: (key, { prefix = false } = {}) =>
      write('/kv/deleterange', { key: base64(key), ...(prefix && { range_end: base64(next(key)) }) }),
    grantLease: async (seconds) => (await call('/lease/grant', { TTL: String(seconds) }))['ID'] as string,
    compact: async () => void (await call('/kv/compaction', { revision: String(await etcd.revision()) })),
    async revision() {
      const { header } = await call('/kv/range', { key: base64('any') });
      return Number((header as { revision: string }).revision);
    },
    async enableAuth(prefix) {
      const permission = { permType: 'READ', key: base64(prefix), range_end: base64(next(prefix)) };
      for (const [path, body] of [
        ['/auth/user/add', { name: 'root', password: PASSWORD }],
        ['/auth/role/add', { name: 'root' }],
        ['/auth/user/grant', { user: 'root', role: 'root' }],
        ['/auth/user/add', { name: 'reader', password: PASSWORD }],
        ['/auth/role/add', { name: 'reader' }],
        ['/auth/role/grant', { name: 'reader', perm: permission }],
        ['/auth/user/grant', { user: 'reader', role: 'reader' }],
        ['/auth/enable', {}],
      ] as const) {
        await call(path, body);
      }
      await login();
    },
    async disableAuth() {
      await call('/auth/disable', {});
      token = undefined;
    },
    async enableAuthAgain() {
      await call('/auth/enable', {});
      await login();
    },
    async changePassword(user, password) {
      await call('/auth/user/changepw', { name: user, password });
    },
    pause: () => daemon.pause(),
    resume: () => daemon.resume(),
    kill: () => daemon.kill(),
    stop: () => daemon.stop(),
    async restart({ empty = false } = {}) {
      await daemon.kill();
      if (empty) await rm(data, { recursive: true, force: true });
      daemon = await launch(healthy);
      if (empty) token = undefined;
    },
    async close() {
      await daemon.kill();
      await rm(folder, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: () => etcd.close(),
  };
  return etcd;
}

/** Answers etcd's flags for them. */
async function writePems(
  folder: string,
  { ca, cert, key }: NonNullable<EtcdOptions['tls']>,
): Promise<Record<string, string>> {
  const flags: Record<string, string> = { 'client-cert-auth': 'true' };
  for (const [flag, pem] of [
    ['trusted-ca-file', ca],
    ['cert-file', cert],
    ['key-file', key],
  ] as const) {
    flags[flag] = join(folder, `${flag}.pem`);
    await writeFile(flags[flag], pem);
  }
  return flags;
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** The first key after all that begin with it; for keys of ASCII. */
function next(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
