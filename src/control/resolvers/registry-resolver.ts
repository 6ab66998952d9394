/**
 * Endpoints from any registry that answers an HTTP GET with JSON: Prometheus' HTTP service discovery format as it is,
 * every other shape with a `parse` function.
 *
 * Polls with entity tags, so that an unchanged list costs a 304; or, with `longPoll`, lets the registry hold each
 * request until something changes.
 */

import { systemClock, type Clock } from '../../core/clock.js';
import type { EndpointInput } from '../../core/endpoint.js';
import type { Prober, Resolver, ResolverAnswer } from '../../core/resolver.js';
import { invalidOption } from '../../kit/option-error.js';
import { durationMs, func, number, secret, string } from '../../kit/option-schema.js';
import { object, offOr, record, required, union } from '../../kit/option-structures.js';
import { createBackgroundFetch } from './background-fetch.js';
import { parseHttpSd } from './http-sd.js';
import { longPoll, type LongPollOptions } from './registry-long-poll.js';
import {
  askRegistry,
  requestHeaders,
  type AskRegistry,
  type HeaderSource,
  type RegistryRequester,
} from './registry-request.js';
import { registryUrl, urlLike } from './registry-url.js';

export interface RegistryResolverOptions {
  /** Where the list of endpoints is, http or https; the only place that is asked. */
  readonly url: string | URL;
  /** Sent with every request, for example `authorization`; a function is called each time, for tokens that rotate. @default none */
  readonly headers?: HeaderSource;
  /**
   * Reads a body, parsed from JSON, that is not in Prometheus' format. May throw: that is "could not ask".
   * @default Prometheus HTTP service discovery; labels become metadata, and `weight`, `priority`, `zone`, `region` count
   */
  readonly parse?: (body: unknown, response: { readonly headers: Headers }) => readonly EndpointInput[];
  /** How long an answer is fresh when its `Cache-Control: max-age` does not say, in milliseconds, 100–86_400_000. @default 10_000 */
  readonly ttlMs?: number;
  /** For a whole answer with its body, in milliseconds, 1–600_000. @default 5_000 */
  readonly timeoutMs?: number;
  /** Largest body that is read, in bytes after decoding, 1–1_073_741_824. @default 5_242_880 */
  readonly maxBytes?: number;
  /** Whether requests are held until something changes. @default false */
  readonly longPoll?: false | LongPollOptions;
  /**
   * Sends the requests. With the platform's fetch an open long poll keeps the process alive.
   * @default the platform's fetch, as it is when the resolver is made; for long polls Fairlead's own
   */
  readonly fetch?: typeof globalThis.fetch;
}

const parameterName = string();

const OPTIONS = object<RegistryResolverOptions>({
  url: required(urlLike()),
  headers: union(func<() => Record<string, string>>(), record(secret())),
  parse: func<NonNullable<RegistryResolverOptions['parse']>>(),
  ttlMs: durationMs(100, 86_400_000),
  timeoutMs: durationMs(1, 600_000),
  maxBytes: number({ min: 1, max: 1_073_741_824, integer: true }),
  longPoll: offOr(
    object<LongPollOptions>({
      waitMs: durationMs(1_000, 600_000),
      indexParameter: parameterName,
      waitParameter: parameterName,
      indexHeader: string({ expected: 'a header name', accepts: (name) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) }),
    }),
  ),
  fetch: func<typeof globalThis.fetch>(),
});

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function registryResolver(options: RegistryResolverOptions): Resolver {
  const given = OPTIONS.parse(options, 'registryResolver');
  const { ttlMs = 10_000, timeoutMs = 5_000, headers = {}, longPoll: polling = false } = given;
  if (typeof headers !== 'function') {
    try {
      requestHeaders(headers);
    } catch (error) {
      throw invalidOption('registryResolver.headers', (error as Error).message);
    }
  }
  const requester: RegistryRequester = {
    fetch: given.fetch ?? (polling === false ? globalThis.fetch : createBackgroundFetch()),
    url: registryUrl(given.url, 'registryResolver.url'),
    headers,
    maxBytes: given.maxBytes ?? 5_242_880,
    parse: given.parse ?? parseHttpSd,
  };
  if (polling === false) return createPoller(requester, ttlMs, timeoutMs);
  const settings = {
    waitMs: 60_000,
    indexParameter: 'index',
    waitParameter: 'wait',
    indexHeader: 'x-index',
    ...polling,
    ttlMs,
    timeoutMs,
  };
  const ask: AskRegistry = (question) => askRegistry(requester, question);
  return { kind: 'registry', watch: (receiver, ctx) => void longPoll(ask, settings, receiver, ctx) };
}

function createPoller(requester: RegistryRequester, ttlMs: number, timeoutMs: number): Prober {
  let last: { readonly etag: string; readonly endpoints: readonly EndpointInput[] } | undefined;
  return {
    kind: 'registry',
    // Feeds pass their clock on; others need not.
    async resolve({ signal, clock = systemClock }: { signal: AbortSignal; clock?: Clock }): Promise<ResolverAnswer> {
      const known = last;
      const reply = await askRegistry(requester, { etag: known?.etag, timeoutMs, signal, clock });
      const endpoints = reply.endpoints ?? known?.endpoints ?? [];
      const etag = reply.headers.get('etag');
      if (reply.endpoints !== undefined) last = etag === null ? undefined : { etag, endpoints };
      return { endpoints, ttlMs: maxAgeMs(reply.headers) ?? ttlMs };
    },
  };
}

/** RFC 9111 §5.2.2.1. */
function maxAgeMs(headers: Headers): number | undefined {
  const seconds = /(?:^|[\s,])max-age="?(\d{1,9})/i.exec(headers.get('cache-control') ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}
