/** Where a connection to an endpoint goes: the host and port of its origin, or a Unix socket. */

import type { Endpoint } from '../../core/endpoint.js';
import { unixPath } from '../../kit/unix-path.js';

export interface DialledPlace {
  readonly place: { readonly host: string; readonly port: number } | { readonly path: string };
  /** As messages name it. */
  readonly address: string;
}

export function dialledPlace(endpoint: Endpoint, origin: string): DialledPlace {
  const path = unixPath(endpoint.host);
  if (path !== undefined) return { place: { path }, address: endpoint.host };
  const place = hostAndPort(origin);
  return { place, address: origin.slice(origin.indexOf('//') + 2) };
}

/** By the parsed URL, which knows every way to write an address ('127.1', '0x7f000001'). IPv6 without brackets. */
export function hostAndPort(origin: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(origin);
  return {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}
