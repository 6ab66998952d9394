/**
 * The program of the Kubernetes API server's double. It runs in a child process from its own text, so it may use nothing
 * but its parameter and Node's globals (see `src/testing/server-process.ts`). What it imitates is said in `api-server.ts`.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

import type { ProgramCommands, ProgramTools } from '../../../src/testing/server-process.js';

export interface ApiSlice {
  readonly apiVersion: 'discovery.k8s.io/v1';
  readonly kind: 'EndpointSlice';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly [field: string]: unknown;
}

export interface ApiProgramOptions {
  readonly host: string;
  readonly port: number;
  readonly token?: string | undefined;
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string } | undefined;
  /** Between bookmarks on a watch. */
  readonly bookmarkMs: number;
}

export type ApiFault =
  | { readonly kind: 'none' }
  /** Answers every question about slices with this status. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterSeconds?: number; readonly message?: string }
  /** Those that stand, and those that are accepted meanwhile, never hear anything again. */
  | { readonly kind: 'silent' }
  /** Says 200, JSON, and then something that is not. */
  | { readonly kind: 'garbage' };

export interface ApiStats {
  readonly lists: number;
  /** Of lists: how many were asked for with a continuation. */
  readonly pages: number;
  readonly watches: number;
  /** Watches that stand. */
  readonly standing: number;
  readonly unauthorized: number;
  /** Queries of the questions about slices, the last twenty. */
  readonly queries: readonly string[];
}

export function apiProgram({ http, https, later }: ProgramTools): ProgramCommands {
  interface Change {
    readonly revision: number;
    readonly before: ApiSlice | undefined;
    readonly after: ApiSlice | undefined;
  }
  interface Watch {
    readonly res: ServerResponse;
    readonly matches: (slice: ApiSlice) => boolean;
    readonly bookmarks: boolean;
    isMute: boolean;
  }

  const RESOURCE = /^\/apis\/discovery\.k8s\.io\/v1(?:\/namespaces\/([^/]+))?\/endpointslices$/;
  let options: ApiProgramOptions;
  let server: Server;
  let port = 0;
  let token: string | undefined;
  let fault: ApiFault = { kind: 'none' };
  /** How 410 is told of on a watch: real servers have done both. */
  let goneBy: 'event' | 'status' = 'event';
  // Like etcd's: one for everything, and above zero from the start.
  let revision = 100;
  let compacted = 0;
  const slices = new Map<string, ApiSlice>();
  const history: Change[] = [];
  const watches = new Set<Watch>();
  const sockets = new Set<Socket>();
  const stats = { lists: 0, pages: 0, watches: 0, unauthorized: 0 };
  const queries: string[] = [];

  function sendJson(res: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(`${JSON.stringify(body)}\n`);
  }

  function statusObject(code: number, reason: string, message: string): object {
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  }

  function expired(): object {
    return statusObject(410, 'Expired', `too old resource version: (${compacted})`);
  }

  function stamped(slice: ApiSlice, at: number): ApiSlice {
    return { ...slice, metadata: { ...slice.metadata, resourceVersion: String(at) } };
  }

  /** `a=b`, `a==b` and `a!=b`, joined by commas. */
  function selectorOf(url: URL, namespace: string | undefined): (slice: ApiSlice) => boolean {
    const terms = (url.searchParams.get('labelSelector') ?? '').split(',').filter((term) => term !== '');
    return ({ metadata }) =>
      (namespace === undefined || metadata.namespace === namespace) &&
      terms.every((term) => {
        const [, key = '', operator, value] = /^([^=!]+)(==?|!=)(.*)$/.exec(term) ?? [];
        return operator === '!=' ? metadata.labels[key] !== value : metadata.labels[key] === value;
      });
  }

  function list(res: ServerResponse, url: URL, namespace: string | undefined): void {
    stats.lists++;
    const limit = Number(url.searchParams.get('limit') ?? 0);
    const continuation = url.searchParams.get('continue') ?? '';
    let [at, after] = [revision, ''];
    if (continuation !== '') {
      stats.pages++;
      ({ at, after } = JSON.parse(Buffer.from(continuation, 'base64url').toString()) as { at: number; after: string });
      // A page of a list is read at the revision of the first one, which must not have been compacted away.
      if (at < compacted) {
        const message = 'The provided continue parameter is too old to display a consistent list result.';
        return sendJson(res, 410, statusObject(410, 'Expired', message));
      }
    }
    const matches = selectorOf(url, namespace);
    const rest = [...stateAt(at).values()]
      .filter(matches)
      .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
      .filter(({ metadata }) => metadata.name > after);
    const items = limit > 0 ? rest.slice(0, limit) : rest;
    const remaining = rest.length - items.length;
    const next = JSON.stringify({ at, after: items.at(-1)?.metadata.name });
    sendJson(res, 200, {
      kind: 'EndpointSliceList',
      apiVersion: 'discovery.k8s.io/v1',
      metadata: {
        resourceVersion: String(at),
        ...(remaining > 0 && { continue: Buffer.from(next).toString('base64url'), remainingItemCount: remaining }),
      },
      items,
    });
  }

  /** What there was at a revision: what there is, with every later change undone. */
  function stateAt(at: number): Map<string, ApiSlice> {
    const state = new Map(slices);
    for (const { revision: changedAt, before, after } of [...history].reverse()) {
      if (changedAt <= at) break;
      const key = keyOf((before ?? after) as ApiSlice);
      if (before === undefined) state.delete(key);
      else state.set(key, before);
    }
    return state;
  }

  function keyOf({ metadata }: ApiSlice): string {
    return `${metadata.namespace}/${metadata.name}`;
  }

  function watch(res: ServerResponse, url: URL, namespace: string | undefined): void {
    stats.watches++;
    const asked = url.searchParams.get('resourceVersion') ?? '';
    const from = asked === '' || asked === '0' ? undefined : Number(asked);
    const matches = selectorOf(url, namespace);
    if (Number.isNaN(from)) {
      return sendJson(res, 400, statusObject(400, 'BadRequest', `Invalid value: "${asked}": invalid resource version`));
    }
    if (from !== undefined && from < compacted && goneBy === 'status') return sendJson(res, 410, expired());
    res.writeHead(200, { 'content-type': 'application/json' });
    res.flushHeaders();
    const bookmarks = url.searchParams.get('allowWatchBookmarks') === 'true';
    const mine = { res, matches, bookmarks, isMute: fault.kind === 'silent' };
    if (from !== undefined && from < compacted) {
      write(mine, 'ERROR', expired());
      res.end();
      return;
    }
    watches.add(mine);
    res.on('close', () => watches.delete(mine));
    if (from === undefined) {
      for (const slice of slices.values()) if (matches(slice)) write(mine, 'ADDED', slice);
    } else {
      // A revision of the future is not refused: nothing is told until it has come.
      for (const change of history) if (change.revision > from) tell(mine, change);
    }
    const seconds = Number(url.searchParams.get('timeoutSeconds') ?? 0);
    if (seconds > 0) {
      later(() => {
        bookmark(mine);
        res.end();
      }, seconds * 1_000).unref();
    }
  }

  function tell(to: Watch, { revision: at, before, after }: Change): void {
    const was = before !== undefined && to.matches(before);
    const is = after !== undefined && to.matches(after);
    if (is) write(to, was ? 'MODIFIED' : 'ADDED', after);
    else if (was) write(to, 'DELETED', stamped(before, at));
  }

  function bookmark(to: Watch): void {
    if (!to.bookmarks) return;
    const metadata = { resourceVersion: String(revision), creationTimestamp: null };
    write(to, 'BOOKMARK', {
      kind: 'EndpointSlice',
      apiVersion: 'discovery.k8s.io/v1',
      metadata,
      addressType: '',
      endpoints: null,
      ports: null,
    });
  }

  function write(to: Watch, type: string, object: object): void {
    if (to.isMute || to.res.writableEnded) return;
    to.res.write(`${JSON.stringify({ type, object })}\n`);
  }

  function commit(before: ApiSlice | undefined, after: ApiSlice | undefined): void {
    revision++;
    const stored = after === undefined ? undefined : stamped(after, revision);
    if (stored === undefined) slices.delete(keyOf(before as ApiSlice));
    else slices.set(keyOf(stored), stored);
    const change = { revision, before, after: stored };
    history.push(change);
    for (const each of watches) tell(each, change);
  }

  function isAllowed(req: IncomingMessage): boolean {
    if (token === undefined && options.tls?.clientCa === undefined) return true;
    if (options.tls?.clientCa !== undefined && (req.socket as TLSSocket).authorized) return true;
    return token !== undefined && req.headers.authorization === `Bearer ${token}`;
  }

  function handle(req: IncomingMessage, res: ServerResponse): void {
    req.resume();
    const url = new URL(req.url ?? '/', 'http://api');
    if (!isAllowed(req)) {
      stats.unauthorized++;
      return sendJson(res, 401, statusObject(401, 'Unauthorized', 'Unauthorized'));
    }
    const resource = RESOURCE.exec(url.pathname);
    if (resource === null) return discovery(res, url.pathname);
    queries.push(url.search);
    queries.splice(0, queries.length - 20);
    if (fault.kind === 'status') {
      const { status, retryAfterSeconds, message = 'the server has a fault' } = fault;
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return sendJson(res, status, statusObject(status, 'Fault', message), headers);
    }
    if (fault.kind === 'garbage') {
      res.writeHead(200, { 'content-type': 'application/json' });
      return void res.end('{"kind":"EndpointSliceList","items":[{"meta');
    }
    // kubectl writes `true`, client-go's descendants `1`.
    const isWatch = ['1', 'true'].includes(url.searchParams.get('watch') ?? '');
    (isWatch ? watch : list)(res, url, resource[1]);
  }

  /** What kubectl asks before it asks for slices. */
  function discovery(res: ServerResponse, path: string): void {
    const version = { groupVersion: 'discovery.k8s.io/v1', version: 'v1' };
    const answers: Record<string, object> = {
      '/version': { major: '1', minor: '32', gitVersion: 'v1.32.0', platform: 'linux/amd64' },
      '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
      '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [] },
      '/apis': {
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: [{ name: 'discovery.k8s.io', versions: [version], preferredVersion: version }],
      },
      '/apis/discovery.k8s.io/v1': {
        kind: 'APIResourceList',
        apiVersion: 'v1',
        groupVersion: 'discovery.k8s.io/v1',
        resources: [
          {
            name: 'endpointslices',
            singularName: 'endpointslice',
            namespaced: true,
            kind: 'EndpointSlice',
            verbs: ['get', 'list', 'watch'],
          },
        ],
      },
    };
    const answer = answers[path];
    if (answer === undefined) {
      return sendJson(res, 404, statusObject(404, 'NotFound', 'the server could not find the requested resource'));
    }
    sendJson(res, 200, answer);
  }

  return {
    start(given: ApiProgramOptions) {
      options = given;
      token = given.token;
      const { tls } = given;
      const secure = tls && {
        key: tls.key,
        cert: tls.cert,
        ...(tls.clientCa !== undefined && { ca: tls.clientCa, requestCert: true, rejectUnauthorized: false }),
      };
      server = secure === undefined ? http.createServer(handle) : https.createServer(secure, handle);
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      const beat = (): void => {
        for (const each of watches) bookmark(each);
        later(beat, options.bookmarkMs);
      };
      later(beat, options.bookmarkMs);
      return new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(given.port, given.host, () => {
          port = (server.address() as { port: number }).port;
          resolve({ port });
        });
      });
    },
    put(slice: ApiSlice) {
      commit(slices.get(keyOf(slice)), slice);
    },
    remove(key: string) {
      const before = slices.get(key);
      if (before !== undefined) commit(before, undefined);
    },
    fault(next: ApiFault) {
      fault = next;
      if (next.kind === 'silent') for (const each of watches) each.isMute = true;
    },
    token(next: string) {
      token = next;
    },
    /** Forgets every change so far, as etcd's compaction does every five minutes. */
    compact(next: 'event' | 'status') {
      goneBy = next;
      // Other objects change, too, so that the versions of a quiet service grow old.
      revision += 10;
      compacted = revision;
      history.length = 0;
    },
    /** Ends every watch as a server does that shuts down; or, abruptly, as one that is killed. */
    endWatches(abruptly: boolean) {
      for (const { res } of [...watches]) {
        if (abruptly) res.destroy();
        else res.end();
      }
    },
    stats: (): ApiStats => ({ ...stats, standing: watches.size, queries }),
    terminate() {
      process.exit();
    },
  };
}
