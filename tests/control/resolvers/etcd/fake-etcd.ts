/** One member of etcd without a network: a fetch that answers as the gateway does, and misbehaves as it is told. */

import { endOfPrefix } from '../../../../src/control/resolvers/etcd/key-range.js';

export interface FakeEtcd {
  readonly fetch: typeof globalThis.fetch;
  readonly sent: { readonly path: string; readonly url: string; readonly headers: Headers; readonly body: Body }[];
  /** How many watches are open. */
  readonly watching: number;
  put(key: string, value: string): void;
  delete(key: string): void;
  /** To every watch, as it is. */
  say(message: object | string): void;
  /** Another history: nothing is there. */
  forget(): void;
  /** Changes are not told. */
  blind: boolean;
  /** Instead of an answer; undefined for the usual one. */
  respond: (path: string, body: Body) => Response | Promise<Response> | undefined;
}

interface Body {
  readonly create_request?: Record<string, unknown>;
  readonly [field: string]: unknown;
}

export const base64 = (text: string): string => Buffer.from(text).toString('base64');
export const json = (body: unknown, status = 200): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
/** For {@link FakeEtcd.respond}. */
export const never = (): Promise<Response> => new Promise(() => {});

export function createFakeEtcd(): FakeEtcd {
  const values = new Map<string, { value: string; modRevision: number }>();
  const watches = new Set<ReadableStreamDefaultController<Uint8Array>>();
  let revision = 100;
  const header = () => ({ cluster_id: '7', member_id: '1', revision: String(revision), raft_term: '2' });
  const pairOf = (key: string, { value, modRevision }: { value: string; modRevision: number }) => ({
    key: base64(key),
    value: base64(value),
    mod_revision: String(modRevision),
  });

  function range({ key, range_end: end, min_mod_revision: since = '0' }: Body): Response {
    const prefix = Buffer.from(key as string, 'base64').toString();
    if (end !== Buffer.from(endOfPrefix(Buffer.from(prefix))).toString('base64')) throw new Error('no prefix');
    const all = [...values].filter(([name]) => name.startsWith(prefix));
    const kvs = all.filter(([, { modRevision }]) => modRevision >= Number(since));
    return json({
      header: header(),
      ...(kvs.length > 0 && { kvs: kvs.map(([name, entry]) => pairOf(name, entry)) }),
      ...(all.length > 0 && { count: String(all.length) }),
    });
  }
  function watch(signal: AbortSignal): Response {
    let mine: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        mine = controller;
        watches.add(controller);
        tell(controller, { result: { header: header(), created: true } });
      },
      cancel: () => void watches.delete(mine),
    });
    signal.addEventListener('abort', () => {
      if (watches.delete(mine)) mine.error(signal.reason);
    });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  }
  function tell(controller: ReadableStreamDefaultController<Uint8Array>, message: object | string): void {
    const text = typeof message === 'string' ? message : `${JSON.stringify(message)}\n`;
    controller.enqueue(new TextEncoder().encode(text));
  }
  function tellEvent(event: object): void {
    if (!etcd.blind) etcd.say({ result: { header: header(), events: [event] } });
  }

  const etcd: FakeEtcd = {
    fetch: (async (input: URL, init: RequestInit) => {
      const body = JSON.parse(init.body as string) as Body;
      const path = input.pathname.replace(/^.*\/v3/, '/v3');
      const signal = init.signal as AbortSignal;
      etcd.sent.push({ path, url: String(input), headers: init.headers as Headers, body });
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
      aborted.catch(() => {});
      const special = etcd.respond(path, body);
      if (special !== undefined) return Promise.race([special, aborted]);
      if (path === '/v3/kv/range') return range(body);
      return path === '/v3/watch' ? watch(signal) : json({ error: 'Not Found', code: 5 }, 404);
    }) as unknown as typeof globalThis.fetch,
    sent: [],
    get watching() {
      return watches.size;
    },
    put(key, value) {
      const entry = { value, modRevision: ++revision };
      values.set(key, entry);
      tellEvent({ kv: pairOf(key, entry) });
    },
    delete(key) {
      values.delete(key);
      tellEvent({ type: 'DELETE', kv: { key: base64(key), mod_revision: String(++revision) } });
    },
    say(message) {
      for (const controller of watches) tell(controller, message);
    },
    forget() {
      values.clear();
      revision = 1;
    },
    blind: false,
    respond: () => undefined,
  };
  return etcd;
}
