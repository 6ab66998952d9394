/** What the resolver of HTTP registries takes, checked when it is made. */

import { createSecureContext } from 'node:tls';
import type { EndpointInput } from '../../core/endpoint.js';
import { invalidOption } from '../../kit/option-error.js';
import { boolean, durationMs, func, number, oneOf, secret, string } from '../../kit/option-schema.js';
import { arrayOf, object, record, required, union, type ObjectSchema } from '../../kit/option-structures.js';
import { secureContext, type RegistryTls } from './background-fetch.js';
import type { LongPollOptions } from './poll-style.js';
import { requestHeaders, type HeaderSource } from './registry-exchange.js';
import { registryTls } from './registry-tls.js';
import { registryUrl, urlLike } from './registry-url.js';

export interface SseOptions {
  /** Type of the events that hold the list; others are passed over. @default 'message', which is that of events without one */
  readonly event?: string;
  /**
   * A stream that sends nothing for so long, not even a comment, is opened anew, in milliseconds, 1_000–3_600_000.
   * @default 45_000 (three of the comments that the standard advises servers to send every 15 s)
   */
  readonly idleTimeoutMs?: number;
  /**
   * A stream is opened anew after so long, ± 10 %, and the whole list taken again, in milliseconds, 1_000–86_400_000.
   * @default 300_000 (what `cache.maxTtlMs` is to polls)
   */
  readonly maxAgeMs?: number;
}

/** @typeParam Entry what `parse` gives and `map` takes */
export interface RegistryResolverOptions<Entry = EndpointInput> {
  /**
   * Where the list of endpoints is, http or https; the only places that are asked. Of several, the one that answered
   * last is asked first, and the next when it fails, or beside it when it is silent for 1.8 s.
   */
  readonly url: string | URL | readonly (string | URL)[];
  /** Sent with every request, for example `authorization`; a function is called each time, for tokens that rotate. @default none */
  readonly headers?: HeaderSource;
  /**
   * Reads a body, parsed from JSON, that is not in Prometheus' format. May throw: that is "could not ask".
   * @default Prometheus HTTP service discovery; labels become metadata, and `weight`, `priority`, `zone`, `region` count. With `map` the body itself, an array
   */
  readonly parse?: (body: unknown, response: { readonly headers: Headers }) => readonly Entry[];
  /** Makes an endpoint of each entry; undefined leaves it out. May throw: that is "could not ask". @default entries are endpoints */
  readonly map?: (entry: Entry) => EndpointInput | undefined;
  /** How long an answer is fresh when its `Cache-Control: max-age` does not say, in milliseconds, 100–86_400_000. @default 10_000 */
  readonly ttlMs?: number;
  /** For a whole answer with its body, or a whole event, in milliseconds, 1–600_000. @default 5_000 */
  readonly timeoutMs?: number;
  /** Largest body or event that is read, in bytes after decoding, 1–1_073_741_824. @default 5_242_880 */
  readonly maxBytes?: number;
  /** How many arrays and objects may stand within each other in a body, 1–1_000. @default 64 */
  readonly maxDepth?: number;
  /** Most endpoints in an answer; a longer one is refused whole, 1–10_000. @default 10_000 */
  readonly maxEndpoints?: number;
  /** Whether requests are held until something changes. @default false */
  readonly longPoll?: boolean | LongPollOptions;
  /** Whether the registry pushes, by server-sent events that each hold the whole list. @default false */
  readonly sse?: boolean | SseOptions;
  /** For https: whom to trust instead of the well-known authorities, and the client's own certificate. @default the platform's */
  readonly tls?: RegistryTls;
  /**
   * Sends the requests; not together with `tls`. With the platform's fetch an open long poll or stream keeps the process alive.
   * @default the platform's fetch, as it is when the resolver is made; for long polls, streams and `tls` Fairlead's own
   */
  readonly fetch?: typeof globalThis.fetch;
}

type AnyOptions = RegistryResolverOptions<unknown>;

const parameterName = string();
const url = urlLike();

const OPTIONS: ObjectSchema<AnyOptions> = object<AnyOptions>({
  url: required(union(arrayOf(url), url)),
  headers: union(func<() => Record<string, string>>(), record(secret())),
  parse: func<NonNullable<AnyOptions['parse']>>(),
  map: func<NonNullable<AnyOptions['map']>>(),
  ttlMs: durationMs(100, 86_400_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  maxDepth: number({ min: 1, max: 1_000, integer: true }),
  maxEndpoints: number({ min: 1, max: 10_000, integer: true }),
  longPoll: union(
    object<LongPollOptions>({
      style: oneOf(['index', 'prefer']),
      waitMs: durationMs(1_000, 600_000),
      indexParameter: parameterName,
      waitParameter: parameterName,
      indexHeader: string({ expected: 'a header name', accepts: (name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) }),
    }),
    boolean(),
  ),
  sse: union(
    object<SseOptions>({
      event: string({ expected: 'a type of one line', accepts: (type) => /^[^\r\n]+$/.test(type) }),
      idleTimeoutMs: durationMs(1_000, 3_600_000),
      maxAgeMs: durationMs(1_000, 86_400_000),
    }),
    boolean(),
  ),
  tls: registryTls(),
  fetch: func<typeof globalThis.fetch>(),
});

/** The options with their defaults. What is off, or is not given and has no default, is undefined. */
export interface RegistrySettings {
  readonly urls: readonly URL[];
  readonly headers: HeaderSource;
  readonly parse: AnyOptions['parse'];
  readonly map: AnyOptions['map'];
  readonly ttlMs: number;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly maxDepth: number;
  readonly maxEndpoints: number;
  readonly longPoll: Required<LongPollOptions> | undefined;
  readonly sse: Required<SseOptions> | undefined;
  readonly tls: RegistryTls | undefined;
  readonly fetch: typeof globalThis.fetch | undefined;
}

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function registrySettings(options: unknown): RegistrySettings {
  const { url: where, longPoll, sse, ...given } = OPTIONS.parse(options, 'registryResolver');
  const urls = Array.isArray(where)
    ? (where as (string | URL)[]).map((each, at) => registryUrl(each, `registryResolver.url[${at}]`))
    : [registryUrl(where as string | URL, 'registryResolver.url')];
  const settings: RegistrySettings = {
    headers: {},
    ttlMs: 10_000,
    timeoutMs: 5_000,
    maxBytes: 5_242_880,
    maxDepth: 64,
    maxEndpoints: 10_000,
    parse: undefined,
    map: undefined,
    tls: undefined,
    fetch: undefined,
    ...given,
    urls,
    longPoll: on<Required<LongPollOptions>>(longPoll, {
      style: 'index',
      waitMs: 60_000,
      indexParameter: 'index',
      waitParameter: 'wait',
      indexHeader: 'x-index',
    }),
    sse: on<Required<SseOptions>>(sse, { event: 'message', idleTimeoutMs: 45_000, maxAgeMs: 300_000 }),
  };
  refuseContradictions(settings, longPoll);
  return settings;
}

function on<T>(given: boolean | Partial<T> | undefined, defaults: T): T | undefined {
  if (given === undefined || given === false) return undefined;
  return given === true ? defaults : { ...defaults, ...given };
}

function refuseContradictions(settings: RegistrySettings, polling: AnyOptions['longPoll']): void {
  const { urls, headers, longPoll, sse, tls, fetch } = settings;
  const refuse = (option: string, problem: string): never => {
    throw invalidOption(`registryResolver${option}`, problem);
  };
  if (urls.length === 0) refuse('.url', 'needs at least one URL');
  if (new Set(urls.map(String)).size < urls.length) refuse('.url', 'names the same URL twice');
  if (longPoll !== undefined && sse !== undefined) refuse('.sse', 'cannot be combined with longPoll');
  if (longPoll?.style === 'prefer') {
    const unused = ['indexParameter', 'waitParameter', 'indexHeader'].find((name) =>
      Object.hasOwn(polling as object, name),
    );
    if (unused !== undefined) refuse(`.longPoll.${unused}`, `has no effect with style 'prefer'`);
    if (longPoll.waitMs % 1_000 !== 0) refuse('.longPoll.waitMs', `must be whole seconds with style 'prefer'`);
  }
  if (tls !== undefined) {
    if (fetch !== undefined) refuse('.tls', 'cannot be combined with fetch, which has key material of its own');
    if (!urls.some(({ protocol }) => protocol === 'https:')) refuse('.tls', 'has no effect without an https URL');
    inWords('.tls', () => createSecureContext(secureContext(tls)));
  }
  if (typeof headers !== 'function') inWords('.headers', () => requestHeaders(headers));

  function inWords(option: string, check: () => void): void {
    try {
      check();
    } catch (error) {
      refuse(option, (error as Error).message);
    }
  }
}
