/** What {@link consulResolver} can be told, and how it is checked. */

import { invalidOption } from '../../../kit/option-error.js';
import { boolean, durationMs, func, number, oneOf, secret, string } from '../../../kit/option-schema.js';
import { arrayOf, object, required, union } from '../../../kit/option-structures.js';
import type { RegistryTls } from '../background-fetch.js';
import { requestHeaders } from '../registry-request.js';
import { registryTls } from '../registry-tls.js';
import { registryUrl, urlLike } from '../registry-url.js';

export interface ConsulResolverOptions {
  /** The name under which the service is registered. */
  readonly service: string;
  /**
   * The agent's HTTP address; several are asked in turn when one fails, the one that answered last first. A path goes
   * before `/v1/…`. Environment variables such as `CONSUL_HTTP_ADDR` are not read.
   * @default 'http://127.0.0.1:8500'
   */
  readonly url?: string | URL | readonly (string | URL)[];
  /**
   * Whether only instances are used all of whose checks pass. With `false` those with a warning are, too, with the
   * weight that they registered for it. Critical ones, and those in maintenance, never are.
   * @default true
   */
  readonly passing?: boolean;
  /** Instances must have all of these tags. @default none */
  readonly tags?: readonly string[];
  /** Consul's filter expression, for example `'Service.Meta.version == "2"'`. @default none */
  readonly filter?: string;
  /**
   * Sorts the answer by round-trip time from this node; `'_agent'` is the agent's own. Balancers measure for themselves
   * and do not go by it: it is for resolvers around this one that keep only the first so many. @default not sorted
   */
  readonly near?: string;
  /** Data center. @default the agent's own */
  readonly dc?: string;
  /** Consul Enterprise. @default the token's */
  readonly namespace?: string;
  /** Consul Enterprise. @default the agent's */
  readonly partition?: string;
  /**
   * `'stale'` is answered by any server, also while there is no leader: the choice for staying up. `'consistent'` makes
   * the leader confirm with its peers that it still is one.
   * @default 'default': the leader answers
   */
  readonly consistency?: 'default' | 'stale' | 'consistent';
  /** Whether the agent may answer from its cache, which many clients on one machine then share. Not with `'consistent'`. @default false */
  readonly cached?: boolean;
  /** ACL token, sent in a header to the configured addresses and repeated nowhere. A function is called before each request, so tokens can rotate. @default none */
  readonly token?: string | (() => string | Promise<string>);
  /**
   * How long the agent may hold a request, in milliseconds, 1_000–600_000. Changes come at once whatever it is; it bounds
   * how long a restart of the agent can go unnoticed in the rare case that nothing else tells.
   * @default 60_000
   */
  readonly waitMs?: number;
  /** For an answer, on top of the wait, in milliseconds, 1–600_000. @default 3_000: when the first address hangs, the next one can still answer within `selectionTimeoutMs` */
  readonly timeoutMs?: number;
  /** Largest answer that is read, in bytes, 1–1_073_741_824. @default 20_971_520: ten thousand instances with their checks */
  readonly maxBytes?: number;
  /** For https addresses. Not together with `fetch`. @default the well-known authorities, no client certificate */
  readonly tls?: RegistryTls;
  /** Sends the requests. With the platform's fetch an open request keeps the process alive. @default Fairlead's own, with which it does not */
  readonly fetch?: typeof globalThis.fetch;
}

const OPTIONS = object<ConsulResolverOptions>({
  service: required(
    string({
      expected: 'the name of a service, 1 to 255 characters without "/"',
      accepts: (name) => /^[^/\p{Cc}]{1,255}$/u.test(name) && !/^\.{1,2}$/.test(name),
    }),
  ),
  url: union(arrayOf(urlLike()), urlLike()),
  passing: boolean(),
  tags: arrayOf(string()),
  filter: string(),
  near: string(),
  dc: string(),
  namespace: string(),
  partition: string(),
  consistency: oneOf(['default', 'stale', 'consistent']),
  cached: boolean(),
  token: union(func<() => string | Promise<string>>(), secret()),
  waitMs: durationMs(1_000, 600_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  tls: registryTls(),
  fetch: func<typeof globalThis.fetch>(),
});

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function checkedOptions(options: ConsulResolverOptions): ConsulResolverOptions {
  const given = OPTIONS.parse(options, 'consulResolver');
  if (given.cached === true && given.consistency === 'consistent') {
    throw invalidOption('consulResolver.cached', "what is cached cannot be consistency 'consistent'");
  }
  if (given.tls !== undefined && given.fetch !== undefined) {
    throw invalidOption('consulResolver.tls', 'has no effect on a fetch of your own');
  }
  if (typeof given.token === 'string') {
    try {
      requestHeaders(tokenHeader(given.token));
    } catch {
      throw invalidOption('consulResolver.token', 'must hold only characters that a header may hold');
    }
  }
  return given;
}

export function tokenHeader(token: string): Record<string, string> {
  return { 'x-consul-token': token };
}

/** The addresses to ask, each with the whole question but the index. */
export function questionUrls({ url = 'http://127.0.0.1:8500', ...options }: ConsulResolverOptions): URL[] {
  const addresses = Array.isArray(url) ? (url as readonly (string | URL)[]) : [url as string | URL];
  if (addresses.length === 0) throw invalidOption('consulResolver.url', 'must hold at least one address');
  return addresses.map((address, at) => {
    const path = addresses.length === 1 ? 'consulResolver.url' : `consulResolver.url[${at}]`;
    const question = registryUrl(address, path);
    if (question.search !== '') throw invalidOption(path, 'must hold no query: there is an option for each parameter');
    question.pathname = `${question.pathname.replace(/\/$/, '')}/v1/health/service/${encodeURIComponent(options.service)}`;
    for (const [name, value] of parametersOf(options)) question.searchParams.append(name, value);
    return question;
  });
}

function parametersOf(options: Omit<ConsulResolverOptions, 'url'>): [string, string][] {
  const {
    passing = true,
    tags = [],
    filter,
    near,
    dc,
    namespace,
    partition,
    consistency = 'default',
    cached,
  } = options;
  const parameters: [string, string | undefined][] = [
    ['passing', passing ? '1' : undefined],
    ...tags.map((tag): [string, string] => ['tag', tag]),
    ['filter', filter],
    ['near', near],
    ['dc', dc],
    ['ns', namespace],
    ['partition', partition],
    ['cached', cached === true ? '1' : undefined],
    [consistency, consistency === 'default' ? undefined : '1'],
  ];
  return parameters.filter((parameter): parameter is [string, string] => parameter[1] !== undefined);
}
