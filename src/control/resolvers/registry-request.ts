/**
 * One request to an HTTP registry, distrustful: bounded in time, size and depth, JSON only, to one origin only.
 *
 * Redirects are not followed, so that tokens go nowhere but to the configured origin, and no error of this module
 * repeats a header or the query, where tokens are.
 */

import type { Clock } from '../../core/clock.js';
import type { EndpointInput } from '../../core/endpoint.js';
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

export interface RegistryRequester {
  readonly fetch: RegistryFetch;
  readonly url: URL;
  readonly headers: HeaderSource;
  readonly maxBytes: number;
  /** Whether an error repeats the beginning of a plain text that came with a failure status. @default false */
  readonly quoteFailures?: boolean;
  parse(body: unknown, response: { readonly headers: Headers }): readonly EndpointInput[];
}

export interface RegistryQuestion {
  /** Of the last answer: an unchanged one need not be sent again. */
  readonly etag?: string | undefined;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

export interface RegistryReply {
  /** Undefined when nothing changed since the answer with the given entity tag. */
  readonly endpoints: readonly EndpointInput[] | undefined;
  readonly headers: Headers;
}

export type AskRegistry = (question: RegistryQuestion) => Promise<RegistryReply>;

/** @throws Error that names the registry, and says what went wrong */
export async function askRegistry(requester: RegistryRequester, question: RegistryQuestion): Promise<RegistryReply> {
  const { timeoutMs, signal, clock } = question;
  const sent: string[] = [];
  try {
    return await askOnce((askSignal) => exchange(requester, question, sent, askSignal), { timeoutMs, signal, clock });
  } catch (error) {
    throw new Error(`GET ${requester.url.origin}${requester.url.pathname}: ${hide(sent, describeError(error))}`);
  }
}

async function exchange(
  requester: RegistryRequester,
  { etag, parameters = {} }: RegistryQuestion,
  sent: string[],
  signal: AbortSignal,
): Promise<RegistryReply> {
  const url = new URL(requester.url);
  sent.push(...secretsIn([...url.searchParams.values(), url.search.slice(1)]));
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);

  const given = typeof requester.headers === 'function' ? await requester.headers() : requester.headers;
  sent.push(...secretsIn(Object.values(given)));
  const headers = requestHeaders(given);
  if (etag !== undefined) headers.set('if-none-match', etag);

  const response = await requester.fetch(url, { headers, signal, redirect: 'manual' });
  try {
    if (response.status === 304 && etag !== undefined) return { endpoints: undefined, headers: response.headers };
    if (requester.quoteFailures === true && response.status >= 400) {
      throw new Error(`status ${response.status}${await excerptOf(response, sent)}`);
    }
    refuseUnusable(response);
    const body = parseJson(
      await readCapped(response as { body: AsyncIterable<Uint8Array> | null }, requester.maxBytes),
    );
    return { endpoints: requester.parse(body, { headers: response.headers }), headers: response.headers };
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
