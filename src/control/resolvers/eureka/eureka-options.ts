/** What {@link eurekaResolver} can be told, and how it is checked. */

import { invalidOption } from '../../../kit/option-error.js';
import { boolean, durationMs, func, number, secret, string } from '../../../kit/option-schema.js';
import { arrayOf, object, required, union } from '../../../kit/option-structures.js';
import type { RegistryTls } from '../background-fetch.js';
import { basicAuth } from '../basic-auth.js';
import type { HeaderSource } from '../json-exchange.js';
import { registryTls } from '../registry-tls.js';
import { registryUrls, urlLike } from '../registry-url.js';

export interface EurekaResolverOptions {
  /**
   * Where Eureka is, with its path, for example `'http://eureka:8761/eureka'`; several servers are asked in turn when
   * one fails, the one that answered last first. What comes after it, such as `/apps`, is added.
   */
  readonly url: string | URL | readonly (string | URL)[];
  /** The application's name, in any case. Either this or `vip`. */
  readonly app?: string;
  /** A virtual host name, which instances of several applications may share: their `vipAddress`, or `secureVipAddress` with `secure: true`. Either this or `app`. */
  readonly vip?: string;
  /**
   * `true`: by https, at the secure port, where instances have one; with the host name for TLS and `Host` when there is
   * one. `false`: by http, at the plain port.
   * @default each instance's plain port if it is enabled, else its secure one
   */
  readonly secure?: boolean;
  /** Whether `ipAddr` is connected to rather than `hostName`. When the preferred one is missing, the other is used. @default false */
  readonly preferIp?: boolean;
  /**
   * `false` asks for the one application (or virtual host name) each time. `true` copies the whole registry once and
   * then asks for what changed in it, as Eureka's own clients do: less to transfer when the application has hundreds of
   * instances, more when it has a few and the registry many.
   * @default false
   */
  readonly delta?: boolean;
  /** For HTTP basic authentication. Sent to the configured addresses, repeated nowhere. @default none */
  readonly username?: string;
  /** A function is called before each request, so that passwords can rotate. @default none */
  readonly password?: string | (() => string | Promise<string>);
  /** How long an answer is fresh, in milliseconds, 100–86_400_000. Eureka itself works on copies that are up to 30 s old. @default 30_000, as in Eureka's own clients */
  readonly ttlMs?: number;
  /** For each request, in milliseconds, 1–600_000. @default 3_000: when the first server hangs, the next one can still answer within `selectionTimeoutMs` */
  readonly timeoutMs?: number;
  /** Largest answer that is read, in bytes, 1–1_073_741_824. @default 52_428_800: a registry of some thirty thousand instances */
  readonly maxBytes?: number;
  /** For https addresses. Not together with `fetch`. @default the well-known authorities, no client certificate */
  readonly tls?: RegistryTls;
  /** Sends the requests. @default Fairlead's own, which never keeps the process alive */
  readonly fetch?: typeof globalThis.fetch;
}

/** A name that becomes one segment of a path. */
const name = string({
  expected: 'a name, 1 to 255 characters without "/"',
  accepts: (text) => /^[^/\p{Cc}]{1,255}$/u.test(text) && !/^\.{1,2}$/.test(text),
});

const OPTIONS = object<EurekaResolverOptions>({
  url: required(union(arrayOf(urlLike()), urlLike())),
  app: name,
  vip: name,
  secure: boolean(),
  preferIp: boolean(),
  delta: boolean(),
  username: secret(),
  password: union(func<() => string | Promise<string>>(), secret()),
  ttlMs: durationMs(100, 86_400_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  tls: registryTls(),
  fetch: func<typeof globalThis.fetch>(),
});

export interface EurekaSettings extends Omit<EurekaResolverOptions, 'url' | 'username' | 'password'> {
  readonly urls: readonly URL[];
  readonly headers: HeaderSource;
}

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function eurekaSettings(options: EurekaResolverOptions): EurekaSettings {
  const { url, username, password, ...given } = OPTIONS.parse(options, 'eurekaResolver');
  if ((given.app === undefined) === (given.vip === undefined)) {
    throw invalidOption('eurekaResolver.app', 'either app or vip says what is looked for, and not both');
  }
  if (given.tls !== undefined && given.fetch !== undefined) {
    throw invalidOption('eurekaResolver.tls', 'has no effect on a fetch of your own');
  }
  return {
    ...given,
    urls: registryUrls(url, 'eurekaResolver.url', 'there are options for them'),
    headers: basicAuth({ username, password }, 'eurekaResolver'),
  };
}
