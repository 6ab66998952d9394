/** The slices of one service, as a list gave them and events changed them since. */

import type { EndpointSlice } from './endpoint-slice.js';

export interface SliceSet {
  /** In one step: nobody sees the moment between the old list and the new one. */
  replace(slices: readonly EndpointSlice[]): void;
  /** @throws RangeError when the set has become too large */
  apply(change: SliceChange): void;
  values(): Iterable<EndpointSlice>;
}

/** Added and modified are one: an event may tell of what the list has told already. */
export type SliceChange =
  { readonly kind: 'put'; readonly slice: EndpointSlice } | { readonly kind: 'delete'; readonly name: string };

/** Twice as many as a client holds at once, for services with two families. */
const MAX_ENDPOINTS = 20_000;

/** The API server allows a thousand endpoints in a slice, and its controller puts in a hundred. */
const MAX_SLICES = 2_000;

export function createSliceSet(): SliceSet {
  let slices = new Map<string, EndpointSlice>();
  let endpoints = 0;

  function put(into: Map<string, EndpointSlice>, slice: EndpointSlice): void {
    endpoints += slice.endpoints.length - (into.get(slice.name)?.endpoints.length ?? 0);
    into.set(slice.name, slice);
    if (into.size > MAX_SLICES) throw new RangeError(`the service has more than ${MAX_SLICES} EndpointSlices`);
    if (endpoints > MAX_ENDPOINTS) throw new RangeError(`the service has more than ${MAX_ENDPOINTS} endpoints`);
  }

  return {
    replace(list) {
      const before = endpoints;
      const next = new Map<string, EndpointSlice>();
      endpoints = 0;
      try {
        for (const slice of list) put(next, slice);
      } catch (error) {
        endpoints = before;
        throw error;
      }
      slices = next;
    },
    apply(change) {
      if (change.kind === 'put') return put(slices, change.slice);
      endpoints -= slices.get(change.name)?.endpoints.length ?? 0;
      slices.delete(change.name);
    },
    values: () => slices.values(),
  };
}
