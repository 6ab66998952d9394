/**
 * Turns a dispatch to a logical name into a dispatch to one endpoint. The Host header keeps the logical name, and with
 * it the TLS server name and the certificate check, which the platform takes from that header.
 *
 * Connections over HTTP/1.1 without TLS can be made under the logical name instead, since what they dial is decided
 * elsewhere. Then a request needs no Host header of ours, and goes out as its caller made it.
 */

import type { DispatchOptions } from './dispatcher-like.js';

export interface RouteTarget {
  /** Where to connect: scheme://host:port of the endpoint. */
  readonly origin: string;
  /** Goes before the path; empty, or starting with `/` and not ending with it. */
  readonly basePath: string;
  /** Value for the Host header: the URL's host as the caller wrote it, or the endpoint's `hostname`. */
  readonly host: string;
}

/** A copy; the caller's options and headers stay as they are, for the next attempt. A Host header of the caller wins. */
export function routeOptions(options: DispatchOptions, target: RouteTarget): DispatchOptions {
  // Not object spread: on Node 20 it costs a microsecond for this many keys.
  const routed = Object.assign({}, options);
  routed.origin = target.origin;
  if (target.basePath !== '') routed.path = target.basePath + options.path;
  routed.headers = withHost(options.headers, target.host);
  // The attempt has a timeout of its own; undici's would cut in at five minutes.
  routed.headersTimeout ??= 0;
  return routed;
}

/** Whether the platform takes these headers as they are. */
export function isPlainHeaders(headers: unknown): boolean {
  if (headers === null || headers === undefined) return true;
  if (typeof headers !== 'object') return false;
  return Array.isArray(headers) ? !Array.isArray(headers[0]) : !(Symbol.iterator in headers);
}

type Pairs = Iterable<readonly [string, unknown]>;

function withHost(headers: unknown, host: string): unknown {
  if (headers === null || headers === undefined) return { host };
  if (typeof headers !== 'object') return headers;
  if (Array.isArray(headers))
    return Array.isArray(headers[0]) ? fromPairs(headers as Pairs, host) : fromFlat(headers, host);
  if (Symbol.iterator in headers) return fromPairs(headers as Pairs, host);
  for (const name in headers) if (isHost(name)) return headers;
  return Object.assign({ host }, headers);
}

function fromFlat(headers: readonly unknown[], host: string): readonly unknown[] {
  for (let i = 0; i < headers.length; i += 2) if (isHost(String(headers[i]))) return headers;
  return ['host', host, ...headers];
}

/** A flat list, because every version of undici takes that, while pairs, `Headers` and `Map` only some do. */
function fromPairs(pairs: Pairs, host: string): readonly unknown[] {
  const flat: unknown[] = [];
  for (const [name, value] of pairs) flat.push(name, value);
  return fromFlat(flat, host);
}

function isHost(name: string): boolean {
  return name.length === 4 && name.toLowerCase() === 'host';
}
