/**
 * Endpoints from any registry that answers an HTTP GET with JSON: Prometheus' HTTP service discovery format as it is,
 * every other shape with a `parse` function, a `map` function for each entry, or both.
 *
 * Polls with entity tags, so that an unchanged list costs a 304; or, with `longPoll`, lets the registry hold each
 * request until something changes; or, with `sse`, is told.
 */

import { systemClock, type Clock } from '../../core/clock.js';
import type { EndpointInput } from '../../core/endpoint.js';
import type { Prober, Resolver, ResolverAnswer, Watcher } from '../../core/resolver.js';
import { feedContext } from '../discovery/feed-context.js';
import { createBackgroundFetch } from './background-fetch.js';
import { entryReader } from './registry-entries.js';
import { askInTurn, firstAnswer } from './registry-failover.js';
import { longPoll } from './registry-long-poll.js';
import { registrySettings, type RegistryResolverOptions, type RegistrySettings } from './registry-options.js';
import { followStream, type OpenStream } from './registry-push.js';
import type { RegistryRequester } from './registry-request.js';
import { openListStream, type OpenedStream, type StreamQuestion } from './registry-stream.js';
import { sourceOf } from './registry-url.js';

/** As `firstOf`: how long a silent address keeps the next one waiting (RFC 8767 §5). */
const PATIENCE_MS = 1_800;

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function registryResolver<Entry>(
  options: RegistryResolverOptions<Entry> & { readonly map: (entry: Entry) => EndpointInput | undefined },
): Resolver;
export function registryResolver(options: RegistryResolverOptions): Resolver;
export function registryResolver(options: unknown): Resolver {
  const settings = registrySettings(options);
  const { urls, headers, maxBytes, maxDepth, tls } = settings;
  const isOneShot = settings.longPoll === undefined && settings.sse === undefined && tls === undefined;
  const fetch = settings.fetch ?? (isOneShot ? globalThis.fetch : createBackgroundFetch(tls));
  const parse = entryReader(settings);
  const requesters = urls.map((url): RegistryRequester => ({ fetch, url, headers, maxBytes, maxDepth, parse }));
  if (settings.longPoll !== undefined) return createPolling(requesters, settings, settings.longPoll);
  if (settings.sse !== undefined) return createPush(requesters, settings, settings.sse);
  return createPoller(requesters, settings);
}

function createPolling(
  requesters: readonly RegistryRequester[],
  { ttlMs, timeoutMs }: RegistrySettings,
  polling: NonNullable<RegistrySettings['longPoll']>,
): Watcher {
  return {
    kind: 'registry',
    source: sourceOf(requesters.map(({ url }) => url)),
    watch(receiver, ctx) {
      const { reportError } = feedContext(ctx);
      const ask = askInTurn(requesters, { timeoutMs, patienceMs: PATIENCE_MS, reportError });
      void longPoll(ask, { ...polling, ttlMs, timeoutMs }, receiver, ctx);
    },
  };
}

function createPush(
  requesters: readonly RegistryRequester[],
  { ttlMs, timeoutMs }: RegistrySettings,
  { event, idleTimeoutMs, maxAgeMs }: NonNullable<RegistrySettings['sse']>,
): Watcher {
  const settings = { event, idleTimeoutMs, timeoutMs };
  return {
    kind: 'registry',
    source: sourceOf(requesters.map(({ url }) => url)),
    watch(receiver, ctx) {
      const { reportError } = feedContext(ctx);
      const open: OpenStream = firstAnswer<StreamQuestion, OpenedStream>(
        requesters.map((requester) => (question) => openListStream(requester, settings, question)),
        {
          onward: ({ signal, clock }) => ({ signal, clock }),
          patience: ({ clock }) => ({ waitMs: PATIENCE_MS, clock }),
          discard: ({ stream }) => stream.close(),
          reportError,
        },
      );
      void followStream(open, { maxAgeMs, ttlMs }, receiver, ctx);
    },
  };
}

function createPoller(requesters: readonly RegistryRequester[], { ttlMs, timeoutMs }: RegistrySettings): Prober {
  const ask = askInTurn(requesters, { timeoutMs, patienceMs: PATIENCE_MS });
  let last: { readonly etag: string; readonly endpoints: readonly EndpointInput[] } | undefined;
  return {
    kind: 'registry',
    source: sourceOf(requesters.map(({ url }) => url)),
    // Feeds pass their clock on, and hear of an address that failed while another answered; others need not.
    async resolve(ctx: {
      signal: AbortSignal;
      clock?: Clock;
      reportError?: (error: unknown) => void;
    }): Promise<ResolverAnswer> {
      const { signal, clock = systemClock, reportError } = ctx;
      const known = last;
      const reply = await ask({ etag: known?.etag, timeoutMs, signal, clock, reportError });
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
