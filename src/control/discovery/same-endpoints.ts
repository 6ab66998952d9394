/**
 * Makes an answer that says nothing new look like it. DNS servers rotate their records and registries reorder theirs
 * with every answer; whoever compares by identity, as the rest of the library does, must not see that as a change.
 */

import type { Endpoint } from '../../core/endpoint.js';
import { sameEndpoint } from '../../core/same-endpoint.js';

/** Endpoints by id. */
export type Known = ReadonlyMap<string, Endpoint>;

export function byId(endpoints: readonly Endpoint[]): Known {
  return new Map(endpoints.map((endpoint) => [endpoint.id, endpoint]));
}

/**
 * `next`, with every endpoint that did not change replaced by the known object; the very array `before` when nothing
 * changed but perhaps the order. Ids are distinct within each.
 * @param known those of `before`, by id
 */
export function keepKnown(before: readonly Endpoint[], known: Known, next: readonly Endpoint[]): readonly Endpoint[] {
  let changed = before.length !== next.length;
  let kept: Endpoint[] | undefined;
  for (let index = 0; index < next.length; index++) {
    const endpoint = next[index] as Endpoint;
    const old = known.get(endpoint.id);
    if (old === endpoint) continue;
    if (old === undefined || !sameEndpoint(old, endpoint)) changed = true;
    else (kept ??= [...next])[index] = old;
  }
  if (!changed) return before;
  return kept === undefined ? next : Object.freeze(kept);
}
