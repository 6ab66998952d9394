/** One server of Nacos: which of the interfaces it has, whether the token is good, and what it said last. */

import { exchangeJson, type JsonRequest } from '../json-exchange.js';
import { urlBelow } from '../registry-url.js';
import { readInstanceList, type InstanceList } from './instance-list.js';
import { NOT_HERE, type Asking, type NacosAccess, type NacosLogin } from './nacos-login.js';
import type { NacosSettings, NacosVersion } from './nacos-options.js';

export type AskNacos = (ctx: Asking) => Promise<InstanceList>;

type Reply = { readonly list: InstanceList } | { readonly status: number };

const PATHS: Readonly<Record<NacosVersion, readonly string[]>> = {
  v1: ['v1', 'ns', 'instance', 'list'],
  v2: ['v2', 'ns', 'instance', 'list'],
  v3: ['v3', 'client', 'ns', 'instance', 'list'],
};

/**
 * `v2` is what 2.x recommends; 3.x has it switched off (410) and keeps `v1` for the sake of old clients; `v3` cannot ask
 * for all clusters, and leaves out how old its answers are.
 */
const ORDER: readonly NacosVersion[] = ['v2', 'v1', 'v3'];

const REFUSED: readonly number[] = [401, 403];

export function createNacosServer(
  base: URL,
  settings: NacosSettings,
  access: NacosAccess,
  login: NacosLogin | undefined,
): AskNacos {
  const { version = 'auto' } = settings;
  const { fetch, maxBytes, timeoutMs } = access;
  let current: NacosVersion = version === 'auto' ? 'v2' : version;
  let last: { readonly list: InstanceList; readonly outdated: boolean } | undefined;

  function exchange(from: NacosVersion, headers: Record<string, string>, ctx: Asking): Promise<Reply> {
    const accepted = [...(version === 'auto' ? NOT_HERE : []), ...(login === undefined ? [] : REFUSED)];
    const request: JsonRequest<Reply> = {
      fetch,
      maxBytes,
      headers,
      url: urlBelow(base, PATHS[from]),
      parameters: parametersOf(from, settings),
      accepts: (status) => accepted.includes(status),
      read: (body, { status }) => (status === 200 ? { list: readInstanceList(body, from) } : { status }),
    };
    return exchangeJson(request, { timeoutMs, signal: ctx.signal, clock: ctx.clock });
  }

  /** With a token, and with a new one when it is refused: it may have run out early, or its server have forgotten it. */
  async function withToken(from: NacosVersion, ctx: Asking): Promise<Reply> {
    if (login === undefined) return exchange(from, {}, ctx);
    for (let attempt = 1; ; attempt++) {
      const token = await login.token(base, ctx);
      const reply = await exchange(from, { authorization: `Bearer ${token.text}` }, ctx);
      if ('list' in reply || !REFUSED.includes(reply.status)) return reply;
      login.forget(token);
      if (attempt === 2) throw new Error(`GET ${urlBelow(base, PATHS[from]).href}: status ${reply.status}`);
    }
  }

  async function ask(ctx: Asking): Promise<InstanceList> {
    const missing: string[] = [];
    for (const candidate of new Set([current, ...(version === 'auto' ? ORDER : [])])) {
      const reply = await withToken(candidate, ctx);
      if ('list' in reply) {
        current = candidate;
        return reply.list;
      }
      missing.push(`${candidate} status ${reply.status}`);
    }
    throw new Error(`GET ${base.href}: none of Nacos' interfaces is there: ${missing.join(', ')}`);
  }

  return async (ctx) => {
    const list = await ask(ctx);
    // An answer that was overtaken by a newer one; but one that is repeated comes from a clock that was set back.
    if (last !== undefined && !last.outdated && isOlder(list, last.list)) {
      last = { list: last.list, outdated: true };
    } else {
      last = { list, outdated: false };
    }
    return last.list;
  };
}

/** By the clock of one server: those of two are not comparable. */
function isOlder(list: InstanceList, than: InstanceList): boolean {
  return list.madeAtMs !== undefined && than.madeAtMs !== undefined && list.madeAtMs < than.madeAtMs;
}

function parametersOf(version: NacosVersion, settings: NacosSettings): Record<string, string> {
  const { service, group = 'DEFAULT_GROUP', namespace, clusters = [] } = settings;
  return {
    serviceName: service,
    groupName: group,
    ...(namespace === undefined ? {} : { namespaceId: namespace }),
    ...(clusters.length === 0 ? {} : { [version === 'v1' ? 'clusters' : 'clusterName']: clusters.join(',') }),
  };
}
