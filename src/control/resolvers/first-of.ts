/**
 * Several sources in order of trust: a registry, then DNS, then a fixed list. The first that knows somebody is used;
 * the later ones are asked only while the earlier ones are empty, failing, or silent for too long.
 *
 * Each source has the same protection as one that stands alone: what it knew is used while it fails, and a sudden
 * emptiness is doubted. So a source is left for the next only when it really has nothing, and taken back when it has.
 */

import type { EndpointInput } from '../../core/endpoint.js';
import type { Resolution } from '../../core/resolution.js';
import type { Resolver, Watcher } from '../../core/resolver.js';
import { feedContext } from '../discovery/feed-context.js';
import type { Feed } from '../discovery/feed.js';
import { childResolvers, createChild, reportNobody, sourceOfAll, type ChildListener } from './children.js';

/**
 * How long a source that has said nothing yet keeps the next one waiting. RFC 8767 §5 gives a name server 1.8 s before
 * stale data is used instead: just under the two seconds that most are ready to wait.
 */
const PATIENCE_MS = 1_800;

/**
 * @param resolvers in order of trust
 * @throws FairleadError `ERR_INVALID_OPTION` when there are none, or one is no resolver
 */
export function firstOf(...resolvers: Resolver[]): Watcher {
  const sources = childResolvers('firstOf', resolvers);
  return {
    kind: `first-of(${sources.map(({ kind }) => kind).join(',')})`,
    source: sourceOfAll(sources),
    watch(receiver, given) {
      const ctx = feedContext(given);
      if (ctx.signal.aborted) return;
      /** The sources that are asked: always the first so many. */
      const asked: Feed[] = [];
      let handedOn: Resolution | undefined;
      let patience: Disposable | undefined;

      const listener: ChildListener = {
        answered: () => void review(),
        failed: (child, error) => {
          const used = asked.find((feed) => feed.resolution().status === 'found');
          // The source in use fails, and what it knew is served: that is a failure of the whole. Of a part of it, it is not.
          if (used === child && child.resolution().failingSinceMs !== undefined) return receiver.error(error);
          const reported = used === undefined && review();
          if (!reported) ctx.reportError(error);
        },
      };

      /** Acts on what the sources know now. Returns whether that was to report a failure of the whole. */
      function review(): boolean {
        const known = asked.map((feed) => feed.resolution());
        const chosen = known.findIndex(({ status }) => status === 'found');
        if (chosen >= 0) {
          stopAfter(chosen);
          handOn(known[chosen] as Resolution);
          return false;
        }
        if (asked.length === sources.length) return reportNobody(sources, known, receiver);
        if (known.at(-1)?.status !== 'unknown') askNext();
        return false;
      }

      function askNext(): void {
        patience?.[Symbol.dispose]();
        const child = createChild(sources[asked.length] as Resolver, ctx, listener);
        asked.push(child);
        child.start();
        // It may have answered already, and by that have ended the search or gone on with it.
        const waiting = asked.at(-1) === child && child.resolution().status === 'unknown';
        if (waiting && asked.length < sources.length) patience = ctx.clock.setTimer(askNext, PATIENCE_MS);
      }

      function stopAfter(index: number): void {
        patience?.[Symbol.dispose]();
        for (const feed of asked.splice(index + 1)) feed.close();
      }

      function handOn(resolution: Resolution): void {
        const confirmed = resolution.answeredAtMs !== handedOn?.answeredAtMs;
        const changed = resolution.endpoints !== handedOn?.endpoints;
        const recovered = handedOn?.failingSinceMs !== undefined && resolution.failingSinceMs === undefined;
        handedOn = resolution;
        if (!confirmed && !changed && !recovered) return;
        receiver.update({ endpoints: resolution.endpoints as readonly EndpointInput[], authoritative: true });
      }

      ctx.onRefresh(() => asked.forEach((feed) => feed.refresh()));
      ctx.signal.addEventListener('abort', () => stopAfter(-1), { once: true });
      askNext();
    },
  };
}
