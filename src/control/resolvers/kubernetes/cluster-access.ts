/** Where an API server is and how to prove who asks, as it was named: files and functions are read when they are needed. */

import { invalidOption } from '../../../kit/option-error.js';
import type { RegistryFetch, RegistryTls } from '../background-fetch.js';
import { registryUrl } from '../registry-url.js';

export interface ClusterAccess {
  readonly url: URL;
  /** Undefined where nothing says it. */
  readonly namespace: string | undefined;
  readonly token: TokenSource | undefined;
  readonly tls: TlsSource;
  /** In place of our own. */
  readonly fetch?: RegistryFetch | undefined;
}

export type TokenSource = string | (() => string | Promise<string>) | FileSource;

/** PEM, or the file that holds it. */
export interface TlsSource {
  readonly ca?: RegistryTls['ca'] | FileSource;
  readonly cert?: RegistryTls['cert'] | FileSource;
  readonly key?: RegistryTls['key'] | FileSource;
  readonly serverName?: string;
}

export interface FileSource {
  readonly file: string;
}

/**
 * The address without a trailing slash; a path, as proxies in front of several clusters have it, stays.
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function baseUrl(given: string | URL, path: string): URL {
  const url = registryUrl(given, path);
  if (url.search !== '') throw invalidOption(path, 'must hold no query');
  url.pathname = url.pathname.replace(/\/$/, '');
  return url;
}
