/**
 * One request to a registry, up to the headers of its answer: to one origin only.
 *
 * Redirects are not followed, so that tokens go nowhere but to the configured origin, and no error repeats a header, a
 * body or the query, where tokens are.
 */

import { describeError } from '../../core/errors.js';
import { retryAfterOf } from '../discovery/retry-after-of.js';
import type { RegistryFetch } from './background-fetch.js';
import { RegistryFailure, statedRetryAfterMs } from './registry-failure.js';

const SHORTEST_SECRET = 6;

/** Of what a registry says to a failure. */
const MAX_EXCERPT = 200;

export type HeaderSource =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

export interface RegistryRequest {
  readonly fetch: RegistryFetch;
  readonly url: URL;
  /** Added to the query; not secret. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Sent besides `accept`. A function is called each time. */
  readonly headers: HeaderSource;
  /** Sent besides `headers`, and over them; not secret. @default none */
  readonly openHeaders?: Readonly<Record<string, string>>;
  /** Sent by POST, and hidden in errors. @default a GET */
  readonly form?: Readonly<Record<string, string>>;
  /** Whether an error repeats the beginning of a plain text that came with a failure status. @default false */
  readonly quoteFailures?: boolean;
  /** Whether the query of the URL holds nothing secret, so that errors may repeat what is in it. @default false */
  readonly openQuery?: boolean;
}

/** The answer to a request, and what may be said about it. */
export interface RegistryAnswer {
  readonly response: Response;
  /** Throws for a redirect, and for any status but 200. */
  readonly refuseFailure: () => Promise<void>;
}

/** One exchange; it remembers what was sent, and so what must not be repeated. */
export interface RegistryExchange {
  send(signal: AbortSignal): Promise<RegistryAnswer>;
  /** An error that names the registry, says what went wrong, and shows nothing secret. */
  readonly failure: (error: unknown) => Error;
}

export function registryExchange(request: RegistryRequest): RegistryExchange {
  const { parameters = {}, openHeaders = {}, form } = request;
  const secrets: string[] = [];

  return {
    async send(signal) {
      const url = new URL(request.url);
      if (request.openQuery !== true) secrets.push(...secretsIn([...url.searchParams.values(), url.search.slice(1)]));
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);

      const given = typeof request.headers === 'function' ? await request.headers() : request.headers;
      secrets.push(...secretsIn(Object.values(given)), ...secretsIn(Object.values(form ?? {})));
      const headers = requestHeaders(given);
      for (const [name, value] of Object.entries(openHeaders)) headers.set(name, value);
      if (form !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded');
      const post = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form).toString() };

      const response = await request.fetch(url, { ...post, headers, signal, redirect: 'manual' });
      return { response, refuseFailure: () => refuseFailure(response, request.quoteFailures === true, secrets) };
    },
    failure(error) {
      const { origin, pathname } = request.url;
      const method = form === undefined ? 'GET' : 'POST';
      const words = `${method} ${origin}${pathname}: ${hide(secrets, describeError(error))}`;
      return new RegistryFailure(words, retryAfterOf(error));
    },
  };
}

async function refuseFailure(response: Response, quote: boolean, secrets: readonly string[]): Promise<void> {
  const { status, type } = response;
  const said = quote && status >= 400 ? await excerptOf(response, secrets) : '';
  if (status >= 400) throw new RegistryFailure(`status ${status}${said}`, statedRetryAfterMs(response));
  if (type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)) {
    throw new Error(`it redirects (status ${status}), and redirects are not followed`);
  }
  if (status !== 200) throw new Error(`status ${status}`);
}

/** What no message may repeat: the texts, and their words, since a token follows its scheme. Shorter ones are no secrets. */
function secretsIn(texts: readonly string[]): string[] {
  return texts.flatMap((text) => [text, ...text.split(/\s+/)]).filter((text) => text.length >= SHORTEST_SECRET);
}

function hide(secrets: readonly string[], text: string): string {
  return secrets.reduce((hidden, secret) => hidden.replaceAll(secret, '***'), text);
}

/** @throws Error that names the header, never its value. */
export function requestHeaders(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers({ accept: 'application/json' });
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value);
    } catch {
      throw new Error(`the header ${JSON.stringify(name)} has a name or a value that HTTP does not allow`);
    }
  }
  return headers;
}

/** `: ` and the first line of a plain text; nothing for anything else. */
async function excerptOf({ headers, body }: Response, secrets: readonly string[]): Promise<string> {
  if (body === null || !/^text\/plain\b/i.test(headers.get('content-type') ?? '')) return '';
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  try {
    const { value } = await reader.read();
    const [line = ''] = new TextDecoder()
      .decode(value)
      .trim()
      .split(/[\r\n]/);
    // Hidden first: what is left of a secret after a cut would not be recognized.
    return line === '' ? '' : `: ${hide(secrets, line).slice(0, MAX_EXCERPT)}`;
  } catch {
    // The status is what counts.
    return '';
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** A body that is left unread keeps its connection. After it was read, or broke off, this does nothing. */
export function discardBody(response: Response): void {
  if (!response.bodyUsed) response.body?.cancel().catch(() => {});
}
