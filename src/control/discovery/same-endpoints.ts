/**
 * Makes an answer that says nothing new look like it. DNS servers rotate their records and registries reorder theirs
 * with every answer; whoever compares by identity, as the rest of the library does, must not see that as a change.
 */

import type { Endpoint } from '../../core/endpoint.js';
import { sameEndpoint } from '../../core/same-endpoint.js';

/**
 * `next`, with every endpoint that did not change replaced by the known object; the very array `known` when nothing
 * changed but perhaps the order. Ids are distinct within each.
 */
export function keepKnown(known: readonly Endpoint[], next: readonly Endpoint[]): readonly Endpoint[] {
  const knownById = new Map(known.map((endpoint) => [endpoint.id, endpoint]));
  let changed = known.length !== next.length;
  const kept = next.map((endpoint) => {
    const before = knownById.get(endpoint.id);
    if (before !== undefined && sameEndpoint(before, endpoint)) return before;
    changed = true;
    return endpoint;
  });
  return changed ? Object.freeze(kept) : known;
}
