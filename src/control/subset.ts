/**
 * The part of a service that this client uses, chosen from everybody who is usable before anything else is decided: see
 * kit/rendezvous.ts for how, gRFC A68 for why.
 *
 * Each priority has a subset of its own, since a common one might hold nobody of the priority in use. Endpoints with
 * weight 0 take no place in it: they are drained on purpose, and a subset of nobody else would put them to use again.
 */

import type { Endpoint } from '../core/endpoint.js';
import type { Random } from '../core/random.js';
import { createRendezvous, type Rendezvous } from '../kit/rendezvous.js';
import { xxhash64, type Hash64 } from '../kit/xxhash64.js';
import type { EjectionView } from './eligibility-facts.js';
import type { SubsetSettings } from './subset-settings.js';

export interface Subset {
  /** Takes everybody who is usable. Returns the ids of those who were in the subset, are usable still, and are outside now. */
  apply(usable: readonly Endpoint[]): readonly string[];
  /** Who is in it, and who takes no place in it. */
  readonly endpoints: readonly Endpoint[];
  /** Ids of the usable ones that are left to other clients. */
  readonly outside: ReadonlySet<string>;
}

export function createSubset({ size, clientId }: SubsetSettings, random: Random): Subset {
  const seed = clientId === undefined ? drawSeed(random) : xxhash64(clientId);
  const rendezvous = new Map<number, Rendezvous>();
  let endpoints: readonly Endpoint[] = Object.freeze([]);
  let outside: ReadonlySet<string> = new Set();

  function outsideOf(priority: number, candidates: readonly Endpoint[]): string[] {
    if (candidates.length <= size) return [];
    let own = rendezvous.get(priority);
    if (own === undefined) rendezvous.set(priority, (own = createRendezvous(seed)));
    const ids = candidates.map(({ id }) => id);
    const chosen = new Set(own.choose(ids, size));
    return ids.filter((id) => !chosen.has(id));
  }

  return {
    apply(usable) {
      const before = outside;
      const known = new Set(endpoints.map(({ id }) => id));
      const levels = candidatesByPriority(usable);
      outside = new Set([...levels].flatMap(([priority, candidates]) => outsideOf(priority, candidates)));
      endpoints = outside.size === 0 ? usable : Object.freeze(usable.filter(({ id }) => !outside.has(id)));
      return [...outside].filter((id) => !before.has(id) && known.has(id));
    },
    get endpoints() {
      return endpoints;
    },
    get outside() {
      return outside;
    },
  };
}

/** For a client that uses everybody. */
export function createWholeSet(): Subset {
  let endpoints: readonly Endpoint[] = Object.freeze([]);
  return {
    apply(usable) {
      endpoints = usable;
      return [];
    },
    get endpoints() {
      return endpoints;
    },
    outside: new Set(),
  };
}

/** Ids of whoever is used, and of whoever serves a sentence outside of the subset: it must not be over because of a detour. */
export function judgedIds({ endpoints, outside }: Subset, ejection: EjectionView): string[] {
  const ids = endpoints.map(({ id }) => id);
  if (ejection.ejectedCount === 0) return ids;
  for (const id of outside) if (ejection.state(id).kind !== 'healthy') ids.push(id);
  return ids;
}

/** Those that take a place: with a weight, or all of a priority in which nobody has one. */
function candidatesByPriority(usable: readonly Endpoint[]): ReadonlyMap<number, readonly Endpoint[]> {
  const levels = new Map<number, Endpoint[]>();
  for (const endpoint of usable) {
    const level = levels.get(endpoint.priority);
    if (level === undefined) levels.set(endpoint.priority, [endpoint]);
    else level.push(endpoint);
  }
  for (const [priority, level] of levels) {
    const weighted = level.filter(({ weight }) => weight > 0);
    if (weighted.length > 0) levels.set(priority, weighted);
  }
  return levels;
}

function drawSeed(random: Random): Hash64 {
  const half = (): number => Math.floor(random.next() * 2 ** 32);
  return { high: half(), low: half() };
}
