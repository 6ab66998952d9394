/** What {@link nacosResolver} can be told, and how it is checked. */

import { invalidOption } from '../../../kit/option-error.js';
import { durationMs, func, number, oneOf, secret, string } from '../../../kit/option-schema.js';
import { arrayOf, object, required, union } from '../../../kit/option-structures.js';
import type { RegistryTls } from '../background-fetch.js';
import { registryTls } from '../registry-tls.js';
import { registryUrls, urlBelow, urlLike } from '../registry-url.js';

/** Nacos' HTTP interfaces: of 1.x, of 2.2 and later, and that for clients of 3.x. */
export type NacosVersion = 'v1' | 'v2' | 'v3';

export interface NacosResolverOptions {
  /**
   * Where Nacos is, for example `'http://nacos:8848'`; several servers are asked in turn when one fails, the one that
   * answered last first.
   */
  readonly url: string | URL | readonly (string | URL)[];
  /** The service's name, without its group. */
  readonly service: string;
  /** @default 'DEFAULT_GROUP' */
  readonly group?: string;
  /** The namespace's id, which is not its name. @default the public one */
  readonly namespace?: string;
  /** Only instances in these clusters. @default all of them; with version `'v3'` the one named `DEFAULT`, as Nacos has it */
  readonly clusters?: readonly string[];
  /**
   * Which of Nacos' interfaces is used. `'auto'` takes the first that a server has of `v2`, `v1` and `v3`: the last one
   * says less than the others.
   * @default 'auto'
   */
  readonly version?: NacosVersion | 'auto';
  /** What goes before Nacos' own paths, unless `url` ends with it; `'/'` for nothing. @default '/nacos' */
  readonly contextPath?: string;
  /** Logs in with it, and again before the token runs out, or when it is refused. @default no login */
  readonly username?: string;
  /** Sent in the body of the login, repeated nowhere. A function is called before each login. @default none */
  readonly password?: string | (() => string | Promise<string>);
  /** How long an answer is fresh, in milliseconds, 100–86_400_000. @default the `cacheMillis` of the answer, else 10_000 */
  readonly ttlMs?: number;
  /** For each request, in milliseconds, 1–600_000. @default 3_000: when the first server hangs, the next one can still answer within `selectionTimeoutMs` */
  readonly timeoutMs?: number;
  /** Largest answer that is read, in bytes, 1–1_073_741_824. @default 20_971_520: some thirty thousand instances */
  readonly maxBytes?: number;
  /** For https addresses. Not together with `fetch`. @default the well-known authorities, no client certificate */
  readonly tls?: RegistryTls;
  /** Sends the requests. @default Fairlead's own, which never keeps the process alive */
  readonly fetch?: typeof globalThis.fetch;
}

/** `@@` parts group and service in Nacos' own texts, a comma clusters. */
const name = string({
  expected: 'a name without "@@" and commas',
  accepts: (text) => /^[^\p{Cc},]{1,512}$/u.test(text) && !text.includes('@@'),
});

const OPTIONS = object<NacosResolverOptions>({
  url: required(union(arrayOf(urlLike()), urlLike())),
  service: required(name),
  group: name,
  namespace: string(),
  clusters: arrayOf(name),
  version: oneOf(['auto', 'v1', 'v2', 'v3']),
  contextPath: string({ expected: "a path such as '/nacos'", accepts: (path) => /^\/[\w./~-]*$/.test(path) }),
  username: secret(),
  password: union(func<() => string | Promise<string>>(), secret()),
  ttlMs: durationMs(100, 86_400_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  tls: registryTls(),
  fetch: func<typeof globalThis.fetch>(),
});

export interface NacosSettings extends Omit<NacosResolverOptions, 'url' | 'contextPath'> {
  /** With the context path. */
  readonly urls: readonly URL[];
}

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function nacosSettings(options: NacosResolverOptions): NacosSettings {
  const { url, contextPath = '/nacos', ...given } = OPTIONS.parse(options, 'nacosResolver');
  if ((given.username === undefined) !== (given.password === undefined)) {
    throw invalidOption('nacosResolver.username', 'is nothing without a password, nor the other way round');
  }
  if (given.tls !== undefined && given.fetch !== undefined) {
    throw invalidOption('nacosResolver.tls', 'has no effect on a fetch of your own');
  }
  const context = contextPath.split('/').filter((segment) => segment !== '');
  const urls = registryUrls(url, 'nacosResolver.url', 'there are options for them');
  return { ...given, urls: urls.map((base) => withContext(base, context)) };
}

function withContext(base: URL, context: readonly string[]): URL {
  return base.pathname.endsWith(`/${context.join('/')}`) ? base : urlBelow(base, context);
}
