/**
 * The program of the Eureka double. It runs in a child process from its own text, so it may use nothing but its
 * parameter and Node's globals (see `src/testing/server-process.ts`).
 *
 * Written after Netflix' server: the resources in `com.netflix.eureka.resources`, `AbstractInstanceRegistry` for the
 * queue of recent changes, `Applications.getReconcileHashCode`, and `EurekaJacksonCodec` for every field's name and
 * form. What it leaves out: replication between servers, XML, the thirty seconds of response caching, self-preservation.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ProgramCommands, ProgramTools } from '../../src/testing/server-process.js';

export type EurekaMode =
  | { readonly kind: 'ok' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'garbage' }
  /** As after `disableDelta`: 403 to the question for changes. */
  | { readonly kind: 'no-delta' }
  /** Forgets changes: its deltas are empty, its hashcode is true. */
  | { readonly kind: 'lossy-delta' };

export interface EurekaProgramOptions {
  readonly host: string;
  readonly port: number;
  /** Where the resources are. @default '/eureka' */
  readonly path?: string;
  /** How older servers (XStream) wrote a list with one entry. @default 'array' */
  readonly singles?: 'array' | 'object';
  /** For HTTP basic authentication. @default none is needed */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** How long a change stays in the delta. @default 180_000 */
  readonly deltaRetentionMs?: number;
}

/** What a test registers; the rest is filled in as a Java client would. */
export interface EurekaRegistration {
  readonly instanceId?: string;
  readonly hostName?: string;
  readonly ipAddr?: string;
  readonly port: number | { readonly $: number; readonly '@enabled': string | boolean };
  readonly securePort?: { readonly $: number; readonly '@enabled': string | boolean };
  readonly status?: string;
  readonly vipAddress?: string;
  readonly secureVipAddress?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly dataCenterInfo?: Readonly<Record<string, unknown>>;
}

export interface EurekaStats {
  /** `GET /apps/delta` and so on, since the start or the last look. */
  readonly requests: readonly string[];
  readonly unauthorized: number;
}

export function eurekaProgram({ http }: ProgramTools): ProgramCommands {
  type Fields = Record<string, unknown>;
  interface Lease {
    info: Fields;
    renewedAtMs: number;
    registeredAtMs: number;
  }

  const STATUSES = ['UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN'];
  let options: EurekaProgramOptions;
  let server: Server | undefined;
  let mode: EurekaMode = { kind: 'ok' };
  let version = 1;
  let requests: string[] = [];
  let unauthorized = 0;
  const registry = new Map<string, Map<string, Lease>>();
  // The lease, not a copy of it: what is told is how the instance is now, once per change.
  let recentlyChanged: { atMs: number; lease: Lease }[] = [];

  function changed(lease: Lease, actionType: string): void {
    lease.info['actionType'] = actionType;
    lease.info['lastUpdatedTimestamp'] = String(Date.now());
    recentlyChanged.push({ atMs: Date.now(), lease });
  }

  function portField(value: unknown, enabled: boolean): Fields {
    const given = (typeof value === 'object' && value !== null ? value : { $: value, '@enabled': enabled }) as Fields;
    return {
      $: Number(given['$'] ?? 0),
      '@enabled': String(given['@enabled'] === true || given['@enabled'] === 'true'),
    };
  }

  /** What the server keeps of a registration, in the order in which it writes it. */
  function infoOf(app: string, given: Fields): Fields {
    const metadata = given['metadata'] as Fields | undefined;
    const dataCenter = given['dataCenterInfo'] as Fields;
    const isAmazon = dataCenter['name'] === 'Amazon';
    return {
      instanceId: given['instanceId'],
      hostName: given['hostName'],
      app,
      ipAddr: given['ipAddr'],
      status: STATUSES.includes(String(given['status'])) ? given['status'] : 'UNKNOWN',
      overriddenStatus: 'UNKNOWN',
      port: portField(given['port'], true),
      securePort: portField(given['securePort'] ?? 443, false),
      countryId: 1,
      dataCenterInfo: {
        '@class': isAmazon
          ? 'com.netflix.appinfo.AmazonInfo'
          : 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo',
        name: dataCenter['name'],
        ...(isAmazon ? { metadata: dataCenter['metadata'] ?? {} } : {}),
      },
      leaseInfo: given['leaseInfo'],
      metadata:
        metadata === undefined || Object.keys(metadata).length === 0
          ? { '@class': 'java.util.Collections$EmptyMap' }
          : metadata,
      vipAddress: given['vipAddress'],
      secureVipAddress: given['secureVipAddress'],
      isCoordinatingDiscoveryServer: 'false',
      lastUpdatedTimestamp: String(Date.now()),
      lastDirtyTimestamp: String(Date.now()),
      actionType: 'ADDED',
    };
  }

  function decorated({ info, renewedAtMs, registeredAtMs }: Lease): Fields {
    const { renewalIntervalInSecs = 30, durationInSecs = 90 } = (info['leaseInfo'] ?? {}) as Fields;
    return {
      ...info,
      leaseInfo: {
        renewalIntervalInSecs,
        durationInSecs,
        registrationTimestamp: registeredAtMs,
        lastRenewalTimestamp: renewedAtMs,
        evictionTimestamp: 0,
        serviceUpTimestamp: registeredAtMs,
      },
    };
  }

  const listed = (items: readonly unknown[]): unknown =>
    options.singles === 'object' && items.length === 1 ? items[0] : items;

  function applicationOf(name: string, leases: readonly Lease[]): Fields {
    return { name, instance: listed(leases.map(decorated)) };
  }

  function applicationsOf(leases: readonly Lease[], hashcode: string, versionDelta: number): Fields {
    const apps = new Map<string, Map<string, Lease>>();
    for (const lease of leases) {
      const { app, instanceId } = lease.info as { app: string; instanceId: string };
      const instances = apps.get(app) ?? new Map<string, Lease>();
      // As `Application.addInstance`: of one instance the last word counts, and comes last.
      instances.delete(instanceId);
      apps.set(app, instances.set(instanceId, lease));
    }
    return {
      applications: {
        versions__delta: String(versionDelta),
        apps__hashcode: hashcode,
        application: listed([...apps].map(([name, instances]) => applicationOf(name, [...instances.values()]))),
      },
    };
  }

  const allLeases = (): Lease[] => [...registry.values()].flatMap((leases) => [...leases.values()]);

  function hashcodeOf(leases: readonly Lease[]): string {
    const counts: Record<string, number> = {};
    for (const { info } of leases) counts[String(info['status'])] = (counts[String(info['status'])] ?? 0) + 1;
    return Object.keys(counts)
      .sort()
      .map((status) => `${status}_${counts[status]}_`)
      .join('');
  }

  function leasesOfVip(field: string, vip: string): Lease[] {
    return allLeases().filter(({ info }) => ((info[field] as string | undefined) ?? '').split(',').includes(vip));
  }

  function register(app: string, given: Fields): string | undefined {
    for (const [field, what] of [
      ['instanceId', 'instanceId'],
      ['hostName', 'hostname'],
      ['ipAddr', 'ip address'],
      ['app', 'appName'],
      ['dataCenterInfo', 'dataCenterInfo'],
    ] as const) {
      if (given[field] === undefined || given[field] === '') return `Missing ${what}`;
    }
    // Java's deserializer reads names of applications in upper case.
    const appName = String(given['app']).toUpperCase();
    if (app !== appName) return `Mismatched appName, expecting ${app} but was ${appName}`;
    const leases = registry.get(app) ?? new Map<string, Lease>();
    registry.set(app, leases);
    const lease = { info: infoOf(app, given), renewedAtMs: Date.now(), registeredAtMs: Date.now() };
    leases.set(String(given['instanceId']), lease);
    changed(lease, 'ADDED');
    return undefined;
  }

  function cancel(app: string, id: string): boolean {
    const lease = registry.get(app)?.get(id);
    if (lease === undefined) return false;
    registry.get(app)?.delete(id);
    changed(lease, 'DELETED');
    return true;
  }

  function override(app: string, id: string, status: string, overriddenStatus: string): boolean {
    const lease = registry.get(app)?.get(id);
    if (lease === undefined) return false;
    lease.renewedAtMs = Date.now();
    if (lease.info['status'] !== status) {
      Object.assign(lease.info, { status, overriddenStatus });
      changed(lease, 'MODIFIED');
    }
    return true;
  }

  function send(req: IncomingMessage, res: ServerResponse, status: number, body?: unknown): void {
    if (body === undefined) {
      res.writeHead(status);
      return void res.end();
    }
    if (typeof body === 'string') {
      res.writeHead(status, { 'content-type': 'text/plain' });
      return void res.end(body);
    }
    if (!(req.headers.accept ?? '').includes('json')) {
      res.writeHead(status, { 'content-type': 'application/xml' });
      return void res.end('<applications></applications>');
    }
    const text = Buffer.from(JSON.stringify(body));
    const gzip = (req.headers['accept-encoding'] ?? '').includes('gzip');
    res.writeHead(status, { 'content-type': 'application/json', ...(gzip ? { 'content-encoding': 'gzip' } : {}) });
    res.end(gzip ? process.getBuiltinModule('node:zlib').gzipSync(text) : text);
  }

  function getDelta(req: IncomingMessage, res: ServerResponse): void {
    if (mode.kind === 'no-delta') return send(req, res, 403);
    const sinceMs = Date.now() - (options.deltaRetentionMs ?? 180_000);
    recentlyChanged = recentlyChanged.filter(({ atMs }) => atMs >= sinceMs);
    const leases = mode.kind === 'lossy-delta' ? [] : recentlyChanged.map(({ lease }) => lease);
    send(req, res, 200, applicationsOf(leases, hashcodeOf(allLeases()), ++version));
  }

  function get(req: IncomingMessage, res: ServerResponse, [kind, name, id]: readonly string[]): void {
    if (kind === 'apps' && name === undefined) {
      const leases = allLeases();
      return send(req, res, 200, applicationsOf(leases, hashcodeOf(leases), version));
    }
    if (kind === 'apps' && name === 'delta') return getDelta(req, res);
    if (kind === 'apps' && name !== undefined) {
      const app = name.toUpperCase();
      const leases = registry.get(app) ?? new Map<string, Lease>();
      if (id === undefined) {
        if (leases.size === 0) return send(req, res, 404);
        return send(req, res, 200, { application: applicationOf(app, [...leases.values()]) });
      }
      const lease = leases.get(id);
      return lease === undefined ? send(req, res, 404) : send(req, res, 200, { instance: decorated(lease) });
    }
    if ((kind === 'vips' || kind === 'svips') && name !== undefined) {
      const leases = leasesOfVip(kind === 'vips' ? 'vipAddress' : 'secureVipAddress', name);
      return send(req, res, 200, applicationsOf(leases, hashcodeOf(leases), -1));
    }
    send(req, res, 404);
  }

  function change(
    req: IncomingMessage,
    res: ServerResponse,
    segments: readonly string[],
    url: URL,
    body: string,
  ): void {
    const [kind, name = '', id = '', part] = segments;
    const app = name.toUpperCase();
    if (kind !== 'apps' || name === '') return send(req, res, 404);
    if (req.method === 'POST') {
      const { instance = {} } = JSON.parse(body) as { instance?: Fields };
      const refusal = register(app, instance);
      return refusal === undefined ? send(req, res, 204) : send(req, res, 400, refusal);
    }
    const found = (isFound: boolean): void => send(req, res, isFound ? 200 : 404);
    if (part === 'status') {
      const value = url.searchParams.get('value');
      if (req.method === 'PUT') return found(override(app, id, value ?? '', value ?? ''));
      return found(override(app, id, value ?? 'UNKNOWN', 'UNKNOWN'));
    }
    const lease = registry.get(app)?.get(id);
    if (req.method === 'PUT' && part === 'metadata' && lease !== undefined) {
      lease.info['metadata'] = { ...(lease.info['metadata'] as Fields), ...Object.fromEntries(url.searchParams) };
      changed(lease, 'ADDED');
      return found(true);
    }
    if (req.method === 'PUT') {
      if (lease !== undefined) lease.renewedAtMs = Date.now();
      return found(lease !== undefined);
    }
    if (req.method === 'DELETE') return found(cancel(app, id));
    send(req, res, 405);
  }

  function handle(req: IncomingMessage, res: ServerResponse): void {
    const url = new URL(req.url ?? '/', 'http://eureka');
    let body = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      requests.push(`${req.method} ${url.pathname}`);
      const { username, password } = options.credentials ?? {};
      const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
      if (options.credentials !== undefined && req.headers.authorization !== authorization) {
        unauthorized++;
        res.writeHead(401, { 'www-authenticate': 'Basic realm="Realm"' });
        return void res.end();
      }
      if (mode.kind === 'hang') return;
      if (mode.kind === 'status') return send(req, res, mode.status, 'fault');
      if (mode.kind === 'garbage') {
        res.writeHead(200, { 'content-type': 'application/json' });
        return void res.end('{"applications":{"application":[{"name":"ORD');
      }
      const base = options.path ?? '/eureka';
      if (!url.pathname.startsWith(`${base}/`)) return send(req, res, 404, 'no such path');
      const segments = url.pathname
        .slice(base.length + 1)
        .split('/')
        .filter((segment) => segment !== '')
        .map(decodeURIComponent);
      if (req.method === 'GET') get(req, res, segments);
      else change(req, res, segments, url, body);
    });
  }

  return {
    start(given: EurekaProgramOptions) {
      options = given;
      return new Promise((resolve, reject) => {
        server = http.createServer(handle);
        server.once('error', reject);
        server.listen(given.port, given.host, () => resolve({ port: (server?.address() as { port: number }).port }));
      });
    },
    register({ app, instance }: { app: string; instance: EurekaRegistration }) {
      const host = instance.hostName ?? instance.ipAddr ?? '127.0.0.1';
      const { port } = instance;
      const filled = {
        instanceId: `${host}:${app.toLowerCase()}:${typeof port === 'number' ? port : port.$}`,
        hostName: host,
        ipAddr: host,
        status: 'UP',
        vipAddress: app.toLowerCase(),
        secureVipAddress: app.toLowerCase(),
        dataCenterInfo: { name: 'MyOwn' },
        ...instance,
        app,
      };
      const refusal = register(app.toUpperCase(), filled);
      if (refusal !== undefined) throw new Error(refusal);
    },
    cancel: ({ app, id }: { app: string; id: string }) => cancel(app.toUpperCase(), id),
    override: ({ app, id, status }: { app: string; id: string; status: string }) =>
      override(app.toUpperCase(), id, status, status),
    mode(given: EurekaMode) {
      mode = given;
    },
    stats(): EurekaStats {
      const seen = requests;
      requests = [];
      return { requests: seen, unauthorized };
    },
    terminate: () => process.exit(),
  };
}
