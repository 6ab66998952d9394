/**
 * The union of several sources, for a service that lives in two places at once: two registries during a migration, two
 * regions, a cluster and some machines beside it.
 *
 * Failures stay where they happen: a source that fails keeps contributing what it knew until that is too old, and the
 * whole fails only when every source does. Who is named twice is taken from the earlier source.
 *
 * Every endpoint says in its metadata, as `fairlead.resolver`, which source names it: by its kind, and by its place as
 * well (`dns[1]`) where several are of one kind.
 */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import type { Resolver, Watcher } from '../../core/resolver.js';
import { feedContext } from '../discovery/feed-context.js';
import { childResolvers, combinedError, createChild, reportNobody, sourceOfAll } from './children.js';
import { createLabelledUnion } from './labelled-union.js';

/** @throws FairleadError `ERR_INVALID_OPTION` when there are no resolvers, or one is none */
export function merge(...resolvers: Resolver[]): Watcher {
  const sources = childResolvers('merge', resolvers);
  return {
    kind: `merge(${sources.map(({ kind }) => kind).join(',')})`,
    source: sourceOfAll(sources),
    watch(receiver, given) {
      const ctx = feedContext(given);
      if (ctx.signal.aborted) return;
      let handedOn: readonly (readonly Endpoint[])[] = [];
      const union = createLabelledUnion(sources.map(({ kind }) => kind));

      const feeds = sources.map((source) =>
        createChild(source, ctx, {
          answered: () => review(undefined),
          failed: (_child, error) => review({ error }),
        }),
      );

      function review(failure: { readonly error: unknown } | undefined): void {
        const known = feeds.map((feed) => feed.resolution());
        const sets = known.map(({ endpoints }) => endpoints);
        const changed = sets.some((set, i) => set !== handedOn[i]);
        const allFail = known.every(({ failingSinceMs }) => failingSinceMs !== undefined);
        const nobody = sets.every(({ length }) => length === 0);
        const reported = nobody ? reportNobody(sources, known, receiver) : allFail;
        if (failure !== undefined && !reported) ctx.reportError(failure.error);
        if (nobody) return;

        handedOn = sets;
        // A failure confirms nothing, unless it has made a source too old.
        if (failure === undefined || changed)
          receiver.update({ endpoints: union(sets) as readonly EndpointInput[], authoritative: true });
        if (allFail) receiver.error(combinedError(sources, known));
      }

      ctx.onRefresh(() => feeds.forEach((feed) => feed.refresh()));
      ctx.signal.addEventListener('abort', () => feeds.forEach((feed) => feed.close()), { once: true });
      for (const feed of feeds) feed.start();
    },
  };
}
