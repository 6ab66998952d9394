/** The services of one client: listed ones from the start, named-by-function ones as they are called, in an LRU. */

import { LRUCache } from 'lru-cache';

import { callError } from '../core/errors.js';
import type { Service } from './service.js';
import { logicalOrigin, originPrefix } from './service-match.js';

/** A URL's service, and the origin under which it was dialled. */
export interface Match {
  readonly service: Service;
  readonly origin: string;
}

export interface ServiceDirectory {
  /** The service that a URL's host means; undefined when it means none. */
  match(url: string): Match | undefined;
  /** By name, as `pick` and `refresh` take it. @throws ERR_UNKNOWN_SERVICE */
  named(name: string): Service;
  /** Everything alive now. */
  all(): Iterable<Service>;
}

/** How many different ways of writing an origin are remembered. */
const REMEMBERED_ORIGINS = 10_000;

export function createListedDirectory(services: ReadonlyMap<string, Service>): ServiceDirectory {
  const find = (keys: readonly string[]): Service | undefined => {
    for (const key of keys) {
      const service = services.get(key);
      if (service !== undefined) return service;
    }
    return undefined;
  };
  const remembered = new Map<string, Match>();

  return {
    match(url) {
      const prefix = originPrefix(url);
      const known = prefix === undefined ? undefined : remembered.get(prefix);
      if (known !== undefined) return known;
      const logical = logicalOrigin(prefix ?? url);
      const service = logical === undefined ? undefined : find(logical.keys);
      if (logical === undefined || service === undefined) return undefined;
      const match = { service, origin: logical.origin };
      if (prefix !== undefined && remembered.size < REMEMBERED_ORIGINS) remembered.set(prefix, match);
      return match;
    },
    named(name) {
      const key = name.toLowerCase();
      return services.get(key) ?? find(logicalOrigin(`http://${key}`)?.keys ?? []) ?? unknown(name);
    },
    all: () => services.values(),
  };
}

/** `open` makes the service of a host; `retire` closes one that has not been called for longest. */
export function createNamedDirectory(
  open: (host: string) => Service | undefined,
  retire: (service: Service) => void,
  maxServices: number,
): ServiceDirectory {
  const services = new LRUCache<string, Service>({ max: maxServices, dispose: retire });
  /** Hosts that are no service, apart: a client that calls many strangers must not lose its services over them. */
  const strangers = new LRUCache<string, true>({ max: maxServices });
  const find = (host: string): Service | undefined => {
    const known = services.get(host);
    if (known !== undefined || strangers.has(host)) return known;
    const service = open(host);
    if (service === undefined) strangers.set(host, true);
    else services.set(host, service);
    return service;
  };
  const origins = new LRUCache<string, { readonly origin: string; readonly host: string }>({ max: REMEMBERED_ORIGINS });

  return {
    match(url) {
      const prefix = originPrefix(url);
      const logical = (prefix === undefined ? undefined : origins.get(prefix)) ?? logicalOrigin(prefix ?? url);
      if (logical === undefined) return undefined;
      if (prefix !== undefined) origins.set(prefix, logical);
      const service = find(logical.host);
      return service === undefined ? undefined : { service, origin: logical.origin };
    },
    named: (name) => find(name.toLowerCase()) ?? unknown(name),
    all: () => services.values(),
  };
}

function unknown(name: string): never {
  throw callError('ERR_UNKNOWN_SERVICE', `'${name}' is no service of this client`, { service: name });
}
