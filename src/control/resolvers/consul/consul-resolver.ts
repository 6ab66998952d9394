/**
 * Endpoints from Consul's catalogue, followed by blocking queries: a change is known milliseconds after Consul knows it,
 * and an unchanged service costs one request a minute.
 *
 * What outages of Consul have taught is in three places. When an index may be used: registry-long-poll.ts. What an
 * answer means: health-entries.ts. And how an empty answer is doubted, the last good one served while there is none, and
 * nothing learned about an endpoint lost: the feed, as for every resolver. Consul says `[]` for a service that is gone,
 * for a token that may not see it, and after a restart without data, so its word for emptiness is never final here.
 */

import type { Watcher } from '../../../core/resolver.js';
import { createBackgroundFetch } from '../background-fetch.js';
import { feedContext } from '../../discovery/feed-context.js';
import { askInTurn } from '../registry-failover.js';
import { longPoll, type LongPoll } from '../registry-long-poll.js';
import type { HeaderSource, RegistryRequester } from '../registry-request.js';
import { checkedOptions, questionUrls, tokenHeader, type ConsulResolverOptions } from './consul-options.js';
import { parseHealthEntries } from './health-entries.js';
import { sourceOf } from '../registry-url.js';

/** Consul's advice to clients is one question per 15 s, after a burst, to an index that moves without news. */
const HOT_INDEX_INTERVAL_MS = 15_000;

/** @throws FairleadError `ERR_INVALID_OPTION` */
export function consulResolver(options: ConsulResolverOptions): Watcher {
  const given = checkedOptions(options);
  const { waitMs = 60_000, timeoutMs = 3_000, maxBytes = 20_971_520, token } = given;
  const fetch = given.fetch ?? createBackgroundFetch(given.tls);
  const headers = headersWith(token);
  const shared = { fetch, headers, maxBytes, quoteFailures: true, openQuery: true, parse: parseHealthEntries };
  const requesters = questionUrls(given).map((url): RegistryRequester => ({ ...shared, url }));
  const settings: LongPoll = {
    waitMs,
    timeoutMs,
    ttlMs: HOT_INDEX_INTERVAL_MS,
    indexParameter: 'index',
    waitParameter: 'wait',
    indexHeader: 'x-consul-index',
  };
  return {
    kind: 'consul',
    source: sourceOf(requesters.map(({ url }) => url)),
    watch(receiver, ctx) {
      const { reportError } = feedContext(ctx);
      void longPoll(askInTurn(requesters, { timeoutMs, reportError }), settings, receiver, ctx);
    },
  };
}

function headersWith(token: ConsulResolverOptions['token']): HeaderSource {
  if (token === undefined) return {};
  if (typeof token === 'string') return tokenHeader(token);
  return async () => {
    const current: unknown = await token();
    if (typeof current !== 'string' || current === '') throw new Error('the token function gave no token');
    return tokenHeader(current);
  };
}
