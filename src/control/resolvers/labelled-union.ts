/** The union of several sets, each endpoint labelled with the source that names it. */

import type { Endpoint } from '../../core/endpoint.js';
import { sameEndpoint } from '../../core/same-endpoint.js';

/** The key in an endpoint's metadata under which `merge` says which of its sources names the endpoint. */
export const RESOLVER_LABEL = 'fairlead.resolver';

interface Member {
  readonly source: number;
  /** As the source says it. */
  readonly given: Endpoint;
  readonly labelled: Endpoint;
}

/**
 * Of endpoints with the same id the first source's counts. Its label only changes when it must: as long as another
 * source names the endpoint in the same words, it keeps the label that it had, so that two registries that know the
 * same machines cause no change when one of them comes or goes.
 *
 * @param kinds of the sources; sources of the same kind are told apart by their place, counted from 0
 * @returns a function of the sources' sets, which remembers what it last returned
 */
export function createLabelledUnion(
  kinds: readonly string[],
): (sets: readonly (readonly Endpoint[])[]) => readonly Endpoint[] {
  const labels = kinds.map((kind, at) => (kinds.indexOf(kind) === kinds.lastIndexOf(kind) ? kind : `${kind}[${at}]`));
  let before: ReadonlyMap<string, Member> = new Map();

  return (sets) => {
    const named = sets.map((set) => new Map(set.map((endpoint) => [endpoint.id, endpoint])));
    const members = new Map<string, Member>();
    for (const [source, set] of sets.entries()) {
      for (const given of set) {
        if (members.has(given.id)) continue;
        const known = before.get(given.id);
        const stays = known !== undefined && sameEndpoint(known.given, given) && named[known.source]?.has(given.id);
        members.set(given.id, stays === true ? known : { source, given, labelled: labelled(given, labels[source]) });
      }
    }
    before = members;
    return [...members.values()].map((member) => member.labelled);
  };
}

/** A merge within a merge keeps its own label as the rest of a path. */
function labelled(endpoint: Endpoint, label: string | undefined): Endpoint {
  const inner = endpoint.metadata[RESOLVER_LABEL];
  const path = inner === undefined ? label : `${label}/${inner}`;
  // First, since what is too much of metadata is dropped from its end.
  return { ...endpoint, metadata: { [RESOLVER_LABEL]: path as string, ...without(endpoint.metadata) } };
}

function without({ [RESOLVER_LABEL]: _label, ...rest }: Endpoint['metadata']): Endpoint['metadata'] {
  return rest;
}
