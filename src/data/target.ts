/** Where a request for a logical origin goes on the wire when a given endpoint serves it. */

import { isIPv6 } from 'node:net';

import type { Endpoint } from '../core/endpoint.js';
import { unixPath } from '../kit/unix-path.js';

export interface Target {
  /** The logical origin that this was made for. */
  readonly logicalOrigin: string;
  /** Scheme, host and port to dial. */
  readonly origin: string;
  /** Goes before the path; may be empty. */
  readonly basePath: string;
  /** Value of the Host header, and with it the TLS server name: logical, or the endpoint's own `hostname`. */
  readonly host: string;
  /** `host:port`, for reports. */
  readonly address: string;
  /** Why this endpoint may not serve this origin. */
  readonly refusal: string | undefined;
}

/** The last target of each endpoint: a service is nearly always dialled by one origin. */
const lastTargets = new WeakMap<Endpoint, Target>();

export function targetOf(endpoint: Endpoint, logicalOrigin: string): Target {
  const last = lastTargets.get(endpoint);
  if (last !== undefined && last.logicalOrigin === logicalOrigin) return last;
  const target = makeTarget(endpoint, logicalOrigin);
  lastTargets.set(endpoint, target);
  return target;
}

function makeTarget(endpoint: Endpoint, logicalOrigin: string): Target {
  const url = new URL(logicalOrigin);
  const logicalScheme = url.protocol.slice(0, -1);
  const scheme = endpoint.scheme ?? logicalScheme;
  const port = endpoint.port ?? (url.port === '' ? defaultPort(scheme) : Number(url.port));
  const isUnix = unixPath(endpoint.host) !== undefined;
  const address = isUnix ? endpoint.host : `${isIPv6(endpoint.host) ? `[${endpoint.host}]` : endpoint.host}:${port}`;
  return {
    logicalOrigin,
    // What is dialled is the socket; URLs have no way to say so.
    origin: isUnix ? `${scheme}://localhost` : `${scheme}://${address}`,
    basePath: endpoint.basePath,
    host: endpoint.hostname ?? url.host,
    address,
    // A registry cannot take the encryption away that the caller asked for.
    refusal:
      logicalScheme === 'https' && scheme === 'http' ? `${address} offers http where https was asked for` : undefined,
  };
}

function defaultPort(scheme: string): number {
  return scheme === 'https' ? 443 : 80;
}
