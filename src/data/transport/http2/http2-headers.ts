/** Header fields as HTTP/2 has them: lower case, the host as a pseudo-header, none that speak of one connection. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2';
import { isIPv4 } from 'node:net';
import type { DispatchOptions } from '../dispatcher-like.js';
import type { HeaderRecord } from '../raw-headers.js';

/** RFC 9113 §8.2.2. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

export function requestHeaders(options: DispatchOptions): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {
    ':method': options.method,
    ':path': options.path,
    ':scheme': 'https',
    ':authority': new URL(String(options.origin)).host,
  };
  for (const [name, value] of pairsOf(options.headers)) add(headers, name.toLowerCase(), value);
  const { body } = options;
  if (headers['content-length'] === undefined && (typeof body === 'string' || ArrayBuffer.isView(body)))
    headers['content-length'] = String(Buffer.byteLength(body as string));
  return headers;
}

function add(headers: OutgoingHttpHeaders, name: string, value: unknown): void {
  if (value === undefined || value === null) return;
  if (name === 'host') headers[':authority'] = value as string;
  // "te" is allowed with this value alone.
  if (CONNECTION_FIELDS.has(name) || (name === 'te' && value !== 'trailers')) return;
  const known = headers[name];
  const more = value as string | string[];
  headers[name] = known === undefined ? more : ([known, more].flat() as string[]);
}

/** Whatever a dispatcher takes: an object, a flat list, pairs. */
function* pairsOf(headers: unknown): Generator<readonly [string, unknown]> {
  if (typeof headers !== 'object' || headers === null) return;
  if (Array.isArray(headers) && !Array.isArray(headers[0])) {
    for (let i = 0; i + 1 < headers.length; i += 2) yield [String(headers[i]), textOf(headers[i + 1])];
  } else if (Symbol.iterator in headers) {
    yield* headers as Iterable<readonly [string, unknown]>;
  } else {
    yield* Object.entries(headers);
  }
}

function textOf(value: unknown): unknown {
  return Buffer.isBuffer(value) ? value.toString('latin1') : value;
}

/** The name that a connection for this request is for, as undici finds it: from the Host header. */
export function serverNameOf(options: DispatchOptions): string | undefined {
  const { hostname } = new URL(`https://${String(requestHeaders(options)[':authority'])}`);
  return hostname.startsWith('[') || isIPv4(hostname) ? undefined : hostname;
}

/** A request for the same host, and nothing else of this one: it may be kept. */
export function bareOptions(options: DispatchOptions): DispatchOptions {
  const host = String(requestHeaders(options)[':authority']);
  return Object.assign({ path: '/', method: 'GET', headers: { host } }, { origin: String(options.origin) });
}

/** Without pseudo-headers. */
export function responseHeaders(headers: IncomingHttpHeaders): HeaderRecord {
  const record: HeaderRecord = {};
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (!name.startsWith(':') && name !== '__proto__' && value !== undefined) record[name] = value;
  }
  return record;
}
