/**
 * One question to a registry and its answer in JSON, distrustful: bounded in time, size and depth, to one origin only.
 *
 * Redirects are not followed, so that tokens go nowhere but to the configured origin, and no error of this module
 * repeats a header, a body or the query, where tokens are.
 */

import type { Clock } from '../../core/clock.js';
import { describeError } from '../../core/errors.js';
import { readCapped } from '../../kit/read-capped.js';
import { parseJson } from '../../kit/safe-json.js';
import { askOnce } from '../discovery/ask-once.js';
import type { RegistryFetch } from './background-fetch.js';

const SHORTEST_SECRET = 6;

/** Of what a registry says to a failure. */
const MAX_EXCERPT = 200;

export type HeaderSource =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

export interface JsonRequest<T> {
  readonly fetch: RegistryFetch;
  readonly url: URL;
  /** Added to the query; not secret. @default none */
  readonly parameters?: Readonly<Record<string, string>>;
  /** Sent besides `accept`. A function is called each time. */
  readonly headers: HeaderSource;
  readonly maxBytes: number;
  /** Sent by POST, and hidden in errors. @default a GET */
  readonly form?: Readonly<Record<string, string>>;
  /** Of the last answer: an unchanged one need not be sent again. `read` then gets status 304. */
  readonly etag?: string | undefined;
  /** Whether an error repeats the beginning of a plain text that came with a failure status. @default false */
  readonly quoteFailures?: boolean;
  /** Whether the query of the URL holds nothing secret, so that errors may repeat what is in it. @default false */
  readonly openQuery?: boolean;
  /** Which statuses besides 200 are answers, and no failures. @default none */
  readonly accepts?: (status: number) => boolean;
  /** Reads the answer; may throw. Without status 200 there is no body. */
  read(body: unknown, response: { readonly status: number; readonly headers: Headers }): T;
}

export interface ExchangeOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** @throws Error that names the registry, and says what went wrong */
export async function exchangeJson<T>(
  request: JsonRequest<T>,
  { timeoutMs, signal, clock }: ExchangeOptions,
): Promise<T> {
  const sent: string[] = [];
  try {
    return await askOnce((askSignal) => exchange(request, sent, askSignal), { timeoutMs, signal, clock });
  } catch (error) {
    const { url, form } = request;
    throw new Error(
      `${form === undefined ? 'GET' : 'POST'} ${url.origin}${url.pathname}: ${hide(sent, describeError(error))}`,
    );
  }
}

async function exchange<T>(request: JsonRequest<T>, sent: string[], signal: AbortSignal): Promise<T> {
  const { parameters = {}, etag, form } = request;
  const url = new URL(request.url);
  if (request.openQuery !== true) sent.push(...secretsIn([...url.searchParams.values(), url.search.slice(1)]));
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);

  const given = typeof request.headers === 'function' ? await request.headers() : request.headers;
  sent.push(...secretsIn(Object.values(given)), ...secretsIn(Object.values(form ?? {})));
  const headers = requestHeaders(given);
  if (etag !== undefined) headers.set('if-none-match', etag);
  if (form !== undefined) headers.set('content-type', 'application/x-www-form-urlencoded');
  const post = form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form).toString() };

  const response = await request.fetch(url, { ...post, headers, signal, redirect: 'manual' });
  const { status } = response;
  try {
    if ((status === 304 && etag !== undefined) || (status !== 200 && request.accepts?.(status) === true)) {
      return request.read(undefined, response);
    }
    if (request.quoteFailures === true && status >= 400) {
      throw new Error(`status ${status}${await excerptOf(response, sent)}`);
    }
    refuseUnusable(response);
    const source = response as { body: AsyncIterable<Uint8Array> | null };
    return request.read(parseJson(await readCapped(source, request.maxBytes)), response);
  } finally {
    // A body that is left unread keeps its connection. After it was read, or broke off, this does nothing.
    if (!response.bodyUsed) response.body?.cancel().catch(() => {});
  }
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

function refuseUnusable(response: Response): void {
  const { status, type, headers } = response;
  if (type === 'opaqueredirect' || (status >= 300 && status < 400 && status !== 304)) {
    throw new Error(`it redirects (status ${status}), and redirects are not followed`);
  }
  if (status !== 200) throw new Error(`status ${status}`);
  const contentType = headers.get('content-type') ?? 'none';
  if (!/^application\/(?:[\w.!#$&^-]+\+)?json *(?:;|$)/i.test(contentType)) {
    throw new Error(`the content type is no JSON: ${contentType.slice(0, 100)}`);
  }
}
