/**
 * The union of answers over time, for name servers that give each asker a random part of a long list. Without it the
 * endpoints in use would change with every refresh, and each change would close warm connections.
 *
 * An endpoint stays for as long as its records may be believed, times a factor, counted from when it was last seen. The
 * price: one that was really removed stays that much longer. Health, not discovery, keeps calls away from it meanwhile.
 */

import type { Clock } from '../../../core/clock.js';
import type { FoundEndpoint } from './found-endpoint.js';

export interface DnsUnionOptions {
  /** For how many times to live an endpoint stays after it was last seen, 1–100. @default 3 */
  readonly ttls?: number;
  /** The least that it stays, in milliseconds, 0–3_600_000: answers are not asked for more often than `cache.minTtlMs`, whatever their time to live. @default 30_000 */
  readonly minMs?: number;
  /** The most that it stays, in milliseconds, 0–86_400_000. @default 600_000 */
  readonly maxMs?: number;
}

export type UnionSettings = Required<DnsUnionOptions>;

export interface EndpointUnion {
  /** What was found now, and what was seen before and may still be believed. Not for empty answers, which say that nobody is there. */
  add(found: readonly FoundEndpoint[]): FoundEndpoint[];
}

/** No more than an answer may hold; the endpoints seen longest ago go first. */
const MAX_ENDPOINTS = 10_000;

export function createEndpointUnion({ ttls, minMs, maxMs }: UnionSettings, clock: Clock): EndpointUnion {
  const seen = new Map<string, { readonly found: FoundEndpoint; readonly untilMs: number }>();
  return {
    add(found) {
      const nowMs = clock.now();
      for (const each of found) {
        const { host, port } = each.endpoint;
        const key = `${host} ${port}`;
        const lifeMs = Math.min(Math.max((each.ttlMs ?? 0) * ttls, minMs), maxMs);
        seen.delete(key);
        seen.set(key, { found: each, untilMs: nowMs + lifeMs });
      }
      for (const [key, { untilMs }] of seen) {
        if (untilMs <= nowMs) seen.delete(key);
      }
      for (const key of seen.keys()) {
        if (seen.size <= MAX_ENDPOINTS) break;
        seen.delete(key);
      }
      const now = new Set(found);
      return [...seen.values()].map(({ found: each }) =>
        now.has(each) ? each : { ...each, server: `${each.server} (seen before)` },
      );
    },
  };
}
