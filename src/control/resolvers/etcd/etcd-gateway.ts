/**
 * One member of etcd, by its JSON gateway: every request is a POST of JSON, every answer JSON or a stream of it. Bounded
 * in time, size and depth, to the configured address only.
 */

import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { createJsonFrames } from '../../../kit/json-frames.js';
import { readCapped } from '../../../kit/read-capped.js';
import { parseJson } from '../../../kit/safe-json.js';
import { askOnce } from '../../discovery/ask-once.js';
import type { RegistryFetch } from '../background-fetch.js';
import { EtcdFailure, readFailure } from './etcd-failure.js';
import type { EtcdLogin } from './etcd-login.js';

export interface EtcdGateway {
  /** For messages. */
  readonly address: string;
  /** One question, one answer. @throws Error that names the address and says what went wrong */
  ask<T>(path: string, body: object, read: (answer: unknown) => T, options: AskGatewayOptions): Promise<T>;
  /**
   * Hands on each message of a stream, until it ends.
   * @param onMessage what it throws ends the stream
   * @throws Error as {@link ask}
   */
  follow(path: string, body: object, signal: AbortSignal, onMessage: (message: unknown) => void): Promise<void>;
}

export interface AskGatewayOptions {
  readonly signal: AbortSignal;
  /** Refused at once, not after a timeout, while the cluster has no leader. */
  readonly needsLeader: boolean;
}

export interface GatewayOptions {
  readonly url: URL;
  readonly fetch: RegistryFetch;
  readonly login: EtcdLogin;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly clock: Clock;
}

interface Send {
  readonly path: string;
  readonly body: object;
  readonly needsLeader: boolean;
  readonly signal: AbortSignal;
}

/** A body that is not read to its end keeps its connection. */
function discard(response: Response): void {
  if (!response.bodyUsed) response.body?.cancel().catch(() => {});
}

export function createEtcdGateway(options: GatewayOptions): EtcdGateway {
  const { login, maxBytes, timeoutMs, clock } = options;
  const address = `${options.url.origin}${options.url.pathname.replace(/\/$/, '')}`;

  /** @throws EtcdFailure for any status but 200 */
  async function post({ path, body, needsLeader, signal }: Send, token: string | undefined): Promise<Response> {
    const headers = new Headers({ accept: 'application/json', 'content-type': 'application/json' });
    if (needsLeader) headers.set('grpc-metadata-hasleader', 'true');
    if (token !== undefined) headers.set('authorization', token);
    const response = await options.fetch(new URL(`${address}${path}`), {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal,
      redirect: 'manual',
    });
    try {
      if (response.status !== 200) throw await refusalOf(response);
      const contentType = response.headers.get('content-type') ?? 'none';
      if (!/^application\/json *(?:;|$)/i.test(contentType)) {
        throw new Error(`the content type is no JSON: ${contentType.slice(0, 100)}`);
      }
      return response;
    } catch (error) {
      discard(response);
      throw error;
    }
  }

  async function bodyOf(response: Response): Promise<unknown> {
    try {
      return parseJson(await readCapped(response as { body: AsyncIterable<Uint8Array> | null }, maxBytes));
    } finally {
      discard(response);
    }
  }

  async function refusalOf(response: Response): Promise<Error> {
    const status = `status ${response.status}`;
    try {
      const failure = readFailure(await bodyOf(response));
      return failure === undefined
        ? new Error(status)
        : new EtcdFailure(`${status}: ${failure.message}`, failure.grpcCode);
    } catch {
      // Not etcd's words, so the status is all there is.
      return new Error(status);
    }
  }

  async function authenticate(signal: AbortSignal, name: string, password: string): Promise<string> {
    const send = { path: '/v3/auth/authenticate', body: { name, password }, needsLeader: false, signal };
    const answer = await bodyOf(await post(send, undefined));
    const token = (answer as { token?: unknown } | null)?.token;
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,8192}$/.test(token)) throw new Error('etcd gave no token');
    return token;
  }

  function withToken<T>(signal: AbortSignal, exchange: (token: string | undefined) => Promise<T>): Promise<T> {
    return login.withToken((name, password) => authenticate(signal, name, password), exchange);
  }

  function named(path: string, error: unknown): Error {
    return new Error(`POST ${address}${path}: ${login.redact(describeError(error))}`);
  }

  return {
    address,
    async ask(path, body, read, { signal, needsLeader }) {
      const exchange = (bounded: AbortSignal): Promise<unknown> =>
        withToken(bounded, async (token) => bodyOf(await post({ path, body, needsLeader, signal: bounded }, token)));
      try {
        return read(await askOnce(exchange, { timeoutMs, signal, clock }));
      } catch (error) {
        throw named(path, error);
      }
    },
    async follow(path, body, signal, onMessage) {
      try {
        const send = { path, body, needsLeader: true, signal };
        const { body: stream } = await withToken(signal, (token) => post(send, token));
        const frames = createJsonFrames(maxBytes);
        // Leaving the loop by an error returns the iterator, and that cancels the stream.
        for await (const chunk of (stream ?? []) as AsyncIterable<Uint8Array>) {
          for (const text of frames.push(chunk)) onMessage(parseJson(text));
        }
        if (frames.isWithin) throw new Error('the stream broke off within a message');
      } catch (error) {
        throw named(path, error);
      }
    },
  };
}
