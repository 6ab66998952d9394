/**
 * Members from those of the set before. A change of a few among ten thousand need not name and sort them all again, which
 * would hold up everybody's calls: whoever stays keeps its name and its place, and newcomers are put in between.
 */

import type { Endpoint } from '../../../core/endpoint.js';
import { nameOf, withShares, type Members } from './members.js';

export interface CarriedMembers {
  readonly members: Members;
  /** By position: where the name stood among the members before; -1 for one that is new. */
  readonly origins: Int32Array;
}

/** How often the set before may be searched in vain, in whole lengths of it: an order of its own is sorted anew. */
const SEARCHES_IN_VAIN = 4;

/** Undefined where that would not be the members that come of the set by itself, or not sooner. */
export function carriedMembers(endpoints: readonly Endpoint[], before: Members): CarriedMembers | undefined {
  if (!before.distinct) return undefined;
  const walked = walk(endpoints, before);
  if (walked === undefined) return undefined;
  const newcomers = placed(walked.newcomers, endpoints, before);

  const count = endpoints.length;
  const order = new Int32Array(count);
  const origins = new Int32Array(count);
  const names: string[] = [];
  let next = 0;
  function put(index: number, name: string, origin: number): void {
    const at = names.length;
    order[at] = index;
    origins[at] = origin;
    names.push(name);
  }
  for (let position = 0; position <= before.order.length; position++) {
    for (; newcomers[next]?.position === position; next++) {
      const { index, name } = newcomers[next] as Newcomer;
      // Two of the same name: which of them is called by its id depends on the whole set.
      if (name === names.at(-1)) return undefined;
      const isSuccessor = name === before.names[position];
      if (isSuccessor && (walked.indexOf[before.order[position] as number] as number) >= 0) return undefined;
      put(index, name, isSuccessor ? position : -1);
    }
    const index = position < before.order.length ? (walked.indexOf[before.order[position] as number] as number) : -1;
    if (index >= 0) put(index, before.names[position] as string, position);
  }
  return { members: withShares({ endpoints, order, names, distinct: true }), origins };
}

interface Walked {
  /** By index into the set before: the index now; -1 for whoever is gone. */
  readonly indexOf: Int32Array;
  /** Indices of the others. */
  readonly newcomers: readonly number[];
}

/** Through both sets at once: whoever stays does so in the same order, as a rule. */
function walk(endpoints: readonly Endpoint[], { endpoints: before }: Members): Walked | undefined {
  const indexOf = new Int32Array(before.length).fill(-1);
  const newcomers: number[] = [];
  let left = SEARCHES_IN_VAIN * before.length;
  let at = 0;
  for (let index = 0; index < endpoints.length; index++) {
    const endpoint = endpoints[index] as Endpoint;
    if (before[at] !== endpoint && before[at]?.id === endpoint.id) {
      // The same one in another form, with another weight for example.
      newcomers.push(index);
      at++;
      continue;
    }
    let found = at;
    while (found < before.length && before[found] !== endpoint) found++;
    if (found < before.length) {
      indexOf[found] = index;
      at = found + 1;
      continue;
    }
    left -= before.length - at;
    if (left < 0) return undefined;
    newcomers.push(index);
  }
  return { indexOf, newcomers };
}

interface Newcomer {
  readonly index: number;
  readonly name: string;
  /** Of the first name before that is not below. */
  readonly position: number;
}

function placed(indices: readonly number[], endpoints: readonly Endpoint[], { names }: Members): Newcomer[] {
  return indices
    .map((index) => {
      const name = nameOf(endpoints[index] as Endpoint);
      return { index, name, position: firstFrom(name, names) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function firstFrom(name: string, names: readonly string[]): number {
  let [from, to] = [0, names.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if ((names[middle] as string) < name) from = middle + 1;
    else to = middle;
  }
  return from;
}
