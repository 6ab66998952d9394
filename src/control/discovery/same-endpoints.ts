/**
 * Makes an answer that says nothing new look like it. DNS servers rotate their records and registries reorder theirs
 * with every answer; whoever compares by identity, as the rest of the library does, must not see that as a change.
 */

import type { Endpoint } from '../../core/endpoint.js';
import { UNKNOWN_RESOLUTION } from '../../core/resolution.js';
import { sameEndpoint } from '../../core/same-endpoint.js';
import { defaultId } from './default-id.js';

/** Endpoints with distinct ids. */
export interface Known {
  /** Frozen. */
  readonly list: readonly Endpoint[];
  readonly byId: ReadonlyMap<string, Endpoint>;
  /** Those whose id is not the one that follows from their address. */
  readonly named: ReadonlySet<Endpoint>;
}

export const NOBODY_KNOWN: Known = Object.freeze<Known>({
  list: UNKNOWN_RESOLUTION.endpoints,
  byId: new Map(),
  named: new Set(),
});

/** @param list with distinct ids */
export function knownFrom(list: readonly Endpoint[]): Known {
  const named = new Set<Endpoint>();
  for (const endpoint of list) {
    const { id, scheme, host, port, basePath } = endpoint;
    if (id !== defaultId(scheme, host, port, basePath)) named.add(endpoint);
  }
  return { list, byId: byId(list), named };
}

export function byId(list: readonly Endpoint[]): Map<string, Endpoint> {
  const map = new Map<string, Endpoint>();
  for (const endpoint of list) map.set(endpoint.id, endpoint);
  return map;
}

/** `next`, with every endpoint that did not change replaced by the known object; `before` itself when nothing changed but perhaps the order. */
export function keepKnown(before: Known, next: Known): Known {
  if (next === before) return before;
  let changed = before.list.length !== next.list.length;
  let kept: Endpoint[] | undefined;
  for (let index = 0; index < next.list.length; index++) {
    const endpoint = next.list[index] as Endpoint;
    const old = before.byId.get(endpoint.id);
    if (old === endpoint) continue;
    if (old === undefined || !sameEndpoint(old, endpoint)) changed = true;
    else (kept ??= [...next.list])[index] = old;
  }
  if (!changed) return before;
  return kept === undefined ? next : knownFrom(Object.freeze(kept));
}
