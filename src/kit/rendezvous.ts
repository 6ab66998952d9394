/**
 * Rendezvous hashing: which few of many names to use, so that everybody who asks alone, without talking to the others,
 * takes another few, each name is taken by about as many, and next to nothing changes when a name comes or goes.
 *
 * Every name is hashed under a seed of one's own, and the names with the lowest hashes are taken: gRPC's random
 * subsetting (gRFC A68). A name that comes displaces one at most; one that goes is replaced by one.
 */

import { compareHash64, xxhash64, type Hash64 } from './xxhash64.js';

export interface Rendezvous {
  /**
   * @param names distinct; their order does not matter
   * @returns `size` of them, lowest hash first; all when there are no more
   */
  choose(names: readonly string[], size: number): readonly string[];
}

interface Candidate {
  readonly name: string;
  readonly hash: Hash64;
}

export function createRendezvous(seed: Hash64): Rendezvous {
  let hashes = new Map<string, Hash64>();

  return {
    choose(names, size) {
      // Of the names now, so that those who are gone are not kept for ever.
      const known = hashes;
      hashes = new Map();
      const chosen: Candidate[] = [];
      for (const name of names) {
        const hash = known.get(name) ?? xxhash64(name, seed);
        hashes.set(name, hash);
        const last = chosen.at(-1);
        const candidate = { name, hash };
        if (chosen.length < size) insert(chosen, candidate);
        else if (last !== undefined && compare(candidate, last) < 0) {
          chosen.pop();
          insert(chosen, candidate);
        }
      }
      return chosen.map(({ name }) => name);
    },
  };
}

/** Keeps the order. Few of many names get this far: about size · ln(names / size) once the list is full. */
function insert(sorted: Candidate[], candidate: Candidate): void {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (compare(sorted[middle] as Candidate, candidate) < 0) from = middle + 1;
    else to = middle;
  }
  sorted.splice(from, 0, candidate);
}

/** Two names with one hash are told apart by themselves, or their order would decide. */
function compare(a: Candidate, b: Candidate): number {
  return compareHash64(a.hash, b.hash) || (a.name < b.name ? -1 : 1);
}
