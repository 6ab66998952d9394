/**
 * The program of the Nacos double. It runs in a child process from its own text, so it may use nothing but its
 * parameter and Node's globals (see `src/testing/server-process.ts`).
 *
 * Written after Nacos' server: `InstanceController` (v1), `InstanceControllerV2`, `InstanceOpenApiController` (v3),
 * `ServiceUtil.selectInstancesWithHealthyProtection`, `UserController` and `UserControllerV3` for the logins, and
 * `ApiCompatibilityFilter` for the 410 of an interface that is switched off. What it leaves out: several servers that
 * agree, pushes by datagrams and gRPC, the console.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ProgramCommands, ProgramTools } from '../../src/testing/server-process.js';

export type NacosMode =
  | { readonly kind: 'ok' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'garbage' };

/** Which interfaces there are: `gone` is switched off (410), `unknown` was never heard of (404). */
export type NacosApis = Readonly<Partial<Record<'v1' | 'v2' | 'v3', 'gone' | 'unknown'>>>;

export interface NacosProgramOptions {
  readonly host: string;
  readonly port: number;
  /** @default none is needed */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** In seconds. @default 18_000 */
  readonly tokenTtl?: number;
  readonly apis?: NacosApis;
  /** After so long without a heartbeat an instance that sends some is unhealthy; after twice as long it is gone. @default 15_000 */
  readonly beatTimeoutMs?: number;
}

/** What a test registers; the rest is as Nacos has it by default. Such an instance needs no heartbeats. */
export interface NacosRegistration {
  readonly ip?: string;
  readonly port: number;
  readonly weight?: number;
  readonly healthy?: boolean;
  readonly enabled?: boolean;
  readonly clusterName?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface NacosStats {
  /** `GET /nacos/v1/ns/instance/list` and so on, since the start or the last look. */
  readonly requests: readonly string[];
  /** The queries of the lists among them. */
  readonly queries: readonly string[];
  readonly logins: number;
}

export function nacosProgram({ http, crypto }: ProgramTools): ProgramCommands {
  type Fields = Record<string, unknown>;
  type Parameters = ReadonlyMap<string, string>;
  interface Registered {
    instance: Fields;
    /** Of who sends heartbeats. */
    beatAtMs: number | undefined;
  }

  let options: NacosProgramOptions;
  let server: Server | undefined;
  let mode: NacosMode = { kind: 'ok' };
  let apis: NacosApis = {};
  let clockOffsetMs = 0;
  let stats = { requests: [] as string[], queries: [] as string[], logins: 0 };
  const tokens = new Map<string, number>();
  const services = new Map<string, Map<string, Registered>>();
  const protectThresholds = new Map<string, number>();

  /** `namespace##group@@service`, whether or not the service's name holds its group. */
  function serviceKey(parameters: Parameters): { key: string; grouped: string; group: string } {
    const name = parameters.get('serviceName') ?? '';
    const [group = '', rest] = name.includes('@@') ? name.split('@@') : [parameters.get('groupName') || 'DEFAULT_GROUP', name]; // prettier-ignore
    const grouped = `${group}@@${rest}`;
    return { key: `${parameters.get('namespaceId') || 'public'}##${grouped}`, grouped, group };
  }

  function instanceOf(parameters: Parameters, grouped: string): Fields {
    const cluster = parameters.get('clusterName') || parameters.get('cluster') || 'DEFAULT';
    const flag = (name: string): boolean => (parameters.get(name) ?? 'true') === 'true';
    return {
      instanceId: `${parameters.get('ip')}#${parameters.get('port')}#${cluster}#${grouped}`,
      ip: parameters.get('ip'),
      port: Number(parameters.get('port')),
      weight: Number(parameters.get('weight') ?? 1),
      healthy: flag('healthy'),
      enabled: parameters.has('enabled') ? flag('enabled') : flag('enable'),
      ephemeral: flag('ephemeral'),
      clusterName: cluster,
      serviceName: grouped,
      metadata: JSON.parse(parameters.get('metadata') || '{}') as unknown,
      instanceHeartBeatInterval: 5000,
      instanceHeartBeatTimeOut: 15000,
      ipDeleteTimeout: 30000,
      instanceIdGenerator: 'simple',
    };
  }

  function register(parameters: Parameters, beats: boolean): void {
    const { key, grouped } = serviceKey(parameters);
    const instance = instanceOf(parameters, grouped);
    const instances = services.get(key) ?? new Map<string, Registered>();
    const beatAtMs = beats && instance['ephemeral'] === true ? Date.now() : undefined;
    services.set(key, instances.set(String(instance['instanceId']), { instance, beatAtMs }));
  }

  function deregister(parameters: Parameters): void {
    const { key, grouped } = serviceKey(parameters);
    services.get(key)?.delete(instanceOf(parameters, grouped)['instanceId'] as string);
  }

  /** As it is now; nothing of who has not sent a heartbeat for too long. */
  function current(key: string): Fields[] {
    const patienceMs = options.beatTimeoutMs ?? 15_000;
    const instances = services.get(key) ?? new Map<string, Registered>();
    return [...instances].flatMap(([id, { instance, beatAtMs }]) => {
      const silentMs = beatAtMs === undefined ? 0 : Date.now() - beatAtMs;
      if (silentMs >= 2 * patienceMs) instances.delete(id);
      return silentMs >= 2 * patienceMs ? [] : [silentMs < patienceMs ? instance : { ...instance, healthy: false }];
    });
  }

  function serviceInfo(parameters: Parameters, clusters: string): Fields {
    const { key, grouped, group } = serviceKey(parameters);
    const names = clusters.split(',').filter((name) => name !== '');
    const all = current(key).filter(({ clusterName }) => names.length === 0 || names.includes(String(clusterName)));
    const healthy = all.filter((instance) => instance['healthy'] === true);
    // As in Nacos, 0 / 0 is not protected.
    const isProtected = healthy.length / all.length <= (protectThresholds.get(key) ?? 0);
    const chosen = parameters.get('healthyOnly') === 'true' ? healthy : all;
    return {
      name: grouped,
      groupName: group,
      clusters,
      cacheMillis: 10_000,
      hosts: isProtected ? all.map((instance) => ({ ...instance, healthy: true })) : chosen,
      lastRefTime: Date.now() + clockOffsetMs,
      checksum: '',
      allIPs: false,
      reachProtectionThreshold: isProtected,
      valid: true,
    };
  }

  function send(res: ServerResponse, status: number, body: unknown): void {
    const isText = typeof body === 'string';
    res.writeHead(status, { 'content-type': isText ? 'text/html;charset=UTF-8' : 'application/json;charset=UTF-8' });
    res.end(isText ? body : JSON.stringify(body));
  }

  /** The error page of Spring. */
  function fail(res: ServerResponse, status: number, path: string, message: string): void {
    const timestamp = new Date().toISOString();
    send(res, status, { timestamp, status, error: http.STATUS_CODES[status], message, path });
  }

  const result = (data: unknown): Fields => ({ code: 0, message: 'success', data });

  function logIn(res: ServerResponse, parameters: Parameters, path: string): void {
    stats.logins++;
    const { username, password } = options.credentials ?? {};
    if (parameters.get('username') !== username || parameters.get('password') !== password) {
      return fail(res, 403, path, 'unknown user!');
    }
    const accessToken = `${crypto.randomUUID()}.${crypto.randomUUID()}`;
    const tokenTtl = options.tokenTtl ?? 18_000;
    tokens.set(accessToken, Date.now() + tokenTtl * 1_000);
    res.setHeader('authorization', `Bearer ${accessToken}`);
    send(res, 200, { accessToken, tokenTtl, globalAdmin: true, username });
  }

  /** Why the request may not be answered. Old clients send user and password with each of them. */
  function refusal(req: IncomingMessage, parameters: Parameters): string | undefined {
    const { credentials } = options;
    if (credentials === undefined) return undefined;
    const bearer = /^Bearer (.+)$/.exec(req.headers.authorization ?? '')?.[1];
    const token = bearer ?? parameters.get('accessToken');
    if (token !== undefined) {
      const untilMs = tokens.get(token);
      if (untilMs === undefined) return 'token invalid!';
      return untilMs > Date.now() ? undefined : 'token expired!';
    }
    const { username, password } = credentials;
    const isKnown = parameters.get('username') === username && parameters.get('password') === password;
    return isKnown ? undefined : 'user not found!';
  }

  function beat(parameters: Parameters): Fields {
    const info = JSON.parse(parameters.get('beat') || '{}') as Fields;
    const { key, grouped } = serviceKey(parameters);
    const cluster = (info['cluster'] as string | undefined) ?? 'DEFAULT';
    const id = `${String(info['ip'])}#${String(info['port'])}#${cluster}#${grouped}`;
    const known = services.get(key)?.get(id);
    if (known === undefined) {
      // Whoever was forgotten is registered by the next heartbeat.
      const fields = Object.entries({
        ip: info['ip'],
        port: info['port'],
        weight: info['weight'],
        clusterName: cluster,
      });
      const filled = new Map(fields.map(([name, value]) => [name, String(value)]));
      filled.set('metadata', JSON.stringify(info['metadata'] ?? {}));
      register(new Map([...parameters, ...filled]), true);
    } else known.beatAtMs = Date.now();
    return { clientBeatInterval: 5000, code: 10200, lightBeatEnabled: true };
  }

  function answer(req: IncomingMessage, res: ServerResponse, path: string, parameters: Parameters): void {
    const clusterName = parameters.get('clusterName') ?? '';
    switch (`${req.method} ${path}`) {
      case 'POST /v1/ns/instance':
      case 'PUT /v1/ns/instance':
        register(parameters, true);
        return send(res, 200, 'ok');
      case 'DELETE /v1/ns/instance':
        deregister(parameters);
        return send(res, 200, 'ok');
      case 'PUT /v1/ns/instance/beat':
        return send(res, 200, beat(parameters));
      case 'GET /v1/ns/instance/list':
        return send(res, 200, serviceInfo(parameters, parameters.get('clusters') ?? ''));
      case 'GET /v1/ns/operator/metrics':
        return send(res, 200, { status: 'UP', serviceCount: services.size });
      case 'GET /v1/ns/service/list': {
        const doms = [...services.keys()].map((key) => key.split('@@')[1]);
        return send(res, 200, { count: doms.length, doms });
      }
      case 'POST /v2/ns/instance':
      case 'POST /v3/client/ns/instance':
        register(parameters, true);
        return send(res, 200, result('ok'));
      case 'DELETE /v2/ns/instance':
      case 'DELETE /v3/client/ns/instance':
        deregister(parameters);
        return send(res, 200, result('ok'));
      case 'GET /v2/ns/instance/list':
        return send(res, 200, result(serviceInfo(parameters, clusterName)));
      case 'GET /v3/client/ns/instance/list': {
        const { hosts } = serviceInfo(parameters, clusterName || 'DEFAULT') as { hosts: Fields[] };
        return send(res, 200, result(hosts.filter(({ enabled }) => enabled === true)));
      }
      default:
        fail(res, 404, path, 'No message available');
    }
  }

  function handle(req: IncomingMessage, res: ServerResponse): void {
    const url = new URL(req.url ?? '/', 'http://nacos');
    let body = '';
    req.setEncoding('utf8');
    req.on('data', (chunk: string) => (body += chunk));
    req.on('end', () => {
      stats.requests.push(`${req.method} ${url.pathname}`);
      if (url.pathname.endsWith('/list')) stats.queries.push(url.search);
      if (mode.kind === 'hang') return;
      if (mode.kind === 'status') return fail(res, mode.status, url.pathname, 'fault');
      if (mode.kind === 'garbage') {
        res.writeHead(200, { 'content-type': 'application/json' });
        return void res.end('{"name":"DEFAULT_GROUP@@orders","hosts":[{"ip":"10.');
      }
      const [, path = '', api] = /^\/nacos(\/(v\d)\/.*)$/.exec(url.pathname) ?? [];
      const parameters = new Map([...url.searchParams, ...new URLSearchParams(body)]);
      const state = apis[api as keyof NacosApis];
      if (state === 'gone') return fail(res, 410, url.pathname, '{"code":40001,"message":"API_DEPRECATED"}');
      if (path === '' || state === 'unknown') return fail(res, 404, url.pathname, 'No message available');
      if (req.method === 'POST' && /^\/(v1\/auth(\/users)?|v3\/auth\/user)\/login$/.test(path)) {
        return logIn(res, parameters, url.pathname);
      }
      const refused = refusal(req, parameters);
      if (refused !== undefined) return fail(res, 403, url.pathname, refused);
      answer(req, res, path, parameters);
    });
  }

  function textual(fields: object): Map<string, string> {
    return new Map(
      Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
    );
  }

  return {
    start(given: NacosProgramOptions) {
      options = given;
      apis = given.apis ?? {};
      return new Promise((resolve, reject) => {
        server = http.createServer(handle);
        server.once('error', reject);
        server.listen(given.port, given.host, () => resolve({ port: (server?.address() as { port: number }).port }));
      });
    },
    register(given: NacosRegistration & { readonly serviceName: string }) {
      register(textual({ ip: '127.0.0.1', ...given }), false);
    },
    deregister(given: { readonly serviceName: string; readonly port: number }) {
      deregister(textual({ ip: '127.0.0.1', ...given }));
    },
    protect({ serviceName, threshold }: { serviceName: string; threshold: number }) {
      protectThresholds.set(serviceKey(new Map([['serviceName', serviceName]])).key, threshold);
    },
    mode(given: NacosMode) {
      mode = given;
    },
    apis(given: NacosApis) {
      apis = given;
    },
    setClockBack(ms: number) {
      clockOffsetMs -= ms;
    },
    forgetTokens() {
      tokens.clear();
    },
    stats(): NacosStats {
      const seen = stats;
      stats = { requests: [], queries: [], logins: 0 };
      return seen;
    },
    terminate: () => process.exit(),
  };
}
