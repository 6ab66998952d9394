/** What {@link etcdResolver} can be told, and how it is checked. */

import { createSecureContext } from 'node:tls';
import { invalidOption } from '../../../kit/option-error.js';
import { boolean, durationMs, func, number, secret, string } from '../../../kit/option-schema.js';
import { arrayOf, object, required, union } from '../../../kit/option-structures.js';
import { createBackgroundFetch, secureContext, type RegistryFetch, type RegistryTls } from '../background-fetch.js';
import { registryTls } from '../registry-tls.js';
import { registryUrl, urlLike } from '../registry-url.js';
import type { ParseEtcdValue } from './key-space.js';
import { parseValue } from './parse-value.js';

/** A user of etcd. */
export interface EtcdAuth {
  /** It needs the right to read the prefix, and no other. */
  readonly username: string;
  /** A function is called for each login, so that passwords can rotate. Sent to the configured addresses and repeated nowhere. */
  readonly password: string | (() => string | Promise<string>);
}

/** For {@link etcdResolver}. */
export interface EtcdResolverOptions {
  /**
   * Every key that begins with it is an endpoint of the service. Taken as it is, so end it where the name ends:
   * `'/services/orders'` selects the keys of `/services/orders-archive/` as well, `'/services/orders/'` does not.
   */
  readonly prefix: string;
  /**
   * Client addresses of the members; one is used at a time, and the next when it fails. A path goes before `/v3/…`.
   * @default 'http://127.0.0.1:2379'
   */
  readonly url?: string | URL | readonly (string | URL)[];
  /**
   * Reads a value: one endpoint, several, or undefined for a key that is none. When it throws, that key is left out and
   * reported.
   * @default `host:port`, a URL, a JSON object as endpoints have it, one with an address such as `{ "Addr": "host:port", "Metadata": {…} }`, as etcd's Go package writes it, or an array of these
   */
  readonly parse?: ParseEtcdValue;
  /** For etcd with authentication. The user needs read permission for the prefix. @default none */
  readonly auth?: EtcdAuth;
  /**
   * Whether lists are read from the member that is asked, without asking the others: works while there is no quorum, and
   * may be behind. Changes are pushed as without it.
   * @default false
   */
  readonly serializable?: boolean;
  /**
   * After so long without a message the member is asked whether it lives, has a leader and still has its data; in
   * milliseconds, 100–600_000.
   * @default 10_000
   */
  readonly checkMs?: number;
  /** For an answer, in milliseconds, 1–600_000. @default 3_000: when the first address hangs, the next one can still answer within `selectionTimeoutMs` */
  readonly timeoutMs?: number;
  /** Largest answer that is read, largest message, and most that is kept, in bytes as base64, 1–1_073_741_824. @default 20_971_520: ten thousand keys with a kilobyte each */
  readonly maxBytes?: number;
  /** For https addresses. Not together with `fetch`. @default the well-known authorities, no client certificate */
  readonly tls?: RegistryTls;
  /** Sends the requests. With the platform's fetch the open stream keeps the process alive. @default Fairlead's own, with which it does not */
  readonly fetch?: typeof globalThis.fetch;
}

/** Where an error says that a wrong option stands. */
const PATH = 'etcdResolver';

const OPTIONS = object<EtcdResolverOptions>({
  prefix: required(string()),
  url: union(arrayOf(urlLike()), urlLike()),
  parse: func<ParseEtcdValue>(),
  auth: object<EtcdAuth>({
    username: required(string()),
    password: required(union(func<() => string | Promise<string>>(), secret())),
  }),
  serializable: boolean(),
  checkMs: durationMs(100, 600_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  tls: registryTls(),
  fetch: func<typeof globalThis.fetch>(),
});

export interface EtcdSettings {
  readonly urls: readonly URL[];
  readonly prefix: string;
  readonly parse: ParseEtcdValue;
  readonly auth: EtcdAuth | undefined;
  readonly serializable: boolean;
  readonly checkMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly fetch: RegistryFetch;
}

/**
 * The options, checked, with the defaults filled in.
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function etcdSettings(options: EtcdResolverOptions): EtcdSettings {
  const given = OPTIONS.parse(options, PATH);
  const urls = gatewayUrls(given.url);
  if (given.tls !== undefined) {
    if (given.fetch !== undefined) throw invalidOption(`${PATH}.tls`, 'has no effect on a fetch of your own');
    if (urls.every(({ protocol }) => protocol === 'http:')) {
      throw invalidOption(`${PATH}.tls`, 'has no effect without an https address');
    }
    refuseBadKeys(given.tls);
  }
  return {
    urls,
    prefix: given.prefix,
    parse: given.parse ?? parseValue,
    auth: given.auth,
    serializable: given.serializable ?? false,
    checkMs: given.checkMs ?? 10_000,
    timeoutMs: given.timeoutMs ?? 3_000,
    maxBytes: given.maxBytes ?? 20_971_520,
    fetch: given.fetch ?? createBackgroundFetch(given.tls),
  };
}

function refuseBadKeys(tls: RegistryTls): void {
  try {
    createSecureContext(secureContext(tls));
  } catch (error) {
    throw invalidOption(`${PATH}.tls`, (error as Error).message);
  }
}

function gatewayUrls(url: EtcdResolverOptions['url'] = 'http://127.0.0.1:2379'): URL[] {
  const addresses = Array.isArray(url) ? (url as readonly (string | URL)[]) : [url as string | URL];
  if (addresses.length === 0) throw invalidOption(`${PATH}.url`, 'must hold at least one address');
  if (new Set(addresses.map(String)).size < addresses.length)
    throw invalidOption(`${PATH}.url`, 'names an address twice');
  return addresses.map((address, at) => {
    const path = addresses.length === 1 ? `${PATH}.url` : `${PATH}.url[${at}]`;
    const base = registryUrl(address, path);
    if (base.search !== '') throw invalidOption(path, 'must hold no query');
    return base;
  });
}
