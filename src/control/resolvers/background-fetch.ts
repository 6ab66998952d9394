/**
 * A fetch for discovery's own questions. The platform's keeps the process alive while a request is open, and a registry
 * that holds one for a minute would hold every script and every shutdown that long; this one never does. It also takes
 * TLS material, which the platform's fetch does not.
 *
 * What it leaves out is what registries do not need: redirects are handed back, bodies are asked for as they are (no
 * compression), and each request has a connection of its own. Questions are rare, so a pool would save little, and a
 * connection that died while it was idle cannot fail a question.
 */

import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { SecureContextOptions } from 'node:tls';
import { describeError } from '../../core/errors.js';
import type { Pem } from '../../kit/pem.js';

/** Key material for talking to a registry, PEM. Its certificate is always verified. */
export interface RegistryTls {
  /** Trusted instead of the well-known authorities. */
  readonly ca?: Pem;
  /** The client's certificate chain and its private key, for mutual TLS. */
  readonly cert?: Pem;
  readonly key?: Pem;
  /** The name that the certificate must be for. @default the host of the URL */
  readonly serverName?: string;
}

/** The part of fetch that registries are asked with; the platform's fetch is one, too. */
export type RegistryFetch = (url: URL, init: RegistryFetchInit) => Promise<Response>;

export interface RegistryFetchInit {
  /** @default 'GET' */
  readonly method?: string;
  readonly headers: Headers;
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly redirect: 'manual';
}

/** For a connection, also when the answer may take long: a host that is gone says nothing, and the kernel asks it for two minutes. */
const CONNECT_TIMEOUT_MS = 5_000;

/** Idle time after which the kernel asks whether the other side still exists: a held request sees no other traffic. */
const KEEP_ALIVE_MS = 15_000;

/** Statuses whose answers have no body, by RFC 9110; `Response` insists. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

export function createBackgroundFetch(tls: RegistryTls = {}): RegistryFetch {
  const secure = { ...secureContext(tls), ...(tls.serverName === undefined ? {} : { servername: tls.serverName }) };

  return (url, { method = 'GET', headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const options = {
        method,
        headers: { 'accept-encoding': 'identity', ...Object.fromEntries(headers) },
        signal,
        // A connection for this request only.
        agent: false as const,
      };
      const request =
        url.protocol === 'https:' ? requestHttps(url, { ...secure, ...options }) : requestHttp(url, options);
      request.on('socket', (socket) => keepInBackground(socket, url.protocol));
      request.on('response', (message) => {
        try {
          resolve(responseOf(message));
        } catch (error) {
          // A status or a header that `Response` does not know.
          message.destroy();
          reject(new Error(`the answer is none: ${describeError(error)}`));
        }
      });
      request.on('error', reject);
      request.end(body);
    });
}

function keepInBackground(socket: Socket, protocol: string): void {
  socket.unref();
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  // The socket's own timer and not a Clock's: it ends with the socket, and no algorithm goes by it.
  socket.setTimeout(CONNECT_TIMEOUT_MS, () => {
    socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`));
  });
  // Between several addresses of a host, Node tries one handle after the other, and only the first was let go above.
  socket.once('connect', () => socket.unref());
  socket.once(protocol === 'https:' ? 'secureConnect' : 'connect', () => socket.setTimeout(0));
}

function responseOf(message: IncomingMessage): Response {
  const { statusCode = 0, rawHeaders } = message;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '');
  if (WITHOUT_BODY.has(statusCode)) {
    message.resume();
    return new Response(null, { status: statusCode, headers });
  }
  return new Response(Readable.toWeb(message) as ReadableStream<Uint8Array>, { status: statusCode, headers });
}

/** The key material as Node takes it. */
export function secureContext({ ca, cert, key }: RegistryTls): SecureContextOptions {
  return definedOnly({ ca: mutable(ca), cert: mutable(cert), key: mutable(key) });
}

function mutable(pem: Pem | undefined): string | Buffer | (string | Buffer)[] | undefined {
  return typeof pem === 'object' && !Buffer.isBuffer(pem) ? [...pem] : pem;
}

/** Node tells an `undefined` option from an absent one. */
function definedOnly<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}
