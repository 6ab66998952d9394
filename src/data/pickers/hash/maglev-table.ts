/**
 * Consistent hashing by a table (Eisenbud et al., NSDI 2016, §3.4; Envoy `maglev_lb.cc`): each endpoint has a permutation
 * of the table's slots, and they take turns in claiming the next slot of theirs that is free. A look-up is one division,
 * shares are equal to within a slot, and a little more than the keys of whoever leaves move: some slots of others, too.
 *
 * In proportion to weight an endpoint skips turns. It takes one slot at least.
 */

import { DueQueue } from '../../../kit/due-queue.js';
import { primeFrom } from '../../../kit/prime.js';
import { xxhash64, type Hash64 } from '../../../kit/xxhash64.js';
import { isTried } from '../random-index.js';
import type { Locator, Predecessor } from './locator.js';
import type { Members } from './members.js';

const ONE: Hash64 = { high: 0, low: 1 };
const FREE = -1;

/** Slots for each endpoint where there are more of these than slots. */
const ROOM = 10;

/** 4 bytes for each slot, and 8 for each endpoint, so that a change hashes only the names that are new. */
export class MaglevTable implements Locator {
  /** Indices into the endpoints, by slot. */
  readonly slots: Int32Array;
  readonly members: Members;
  /** First slot × 2²⁶ + step, by position: both are below 2²⁶. */
  private readonly permutations: Float64Array;

  /** @param tableSize a prime; when there are more endpoints than that, a larger one is taken */
  constructor(members: Members, tableSize: number, predecessor?: Predecessor) {
    this.members = members;
    const count = members.names.length;
    this.slots = new Int32Array(count <= tableSize ? tableSize : primeFrom(count * ROOM)).fill(FREE);
    this.permutations = this.permutationsFrom(predecessor);
    this.fill();
  }

  locate(hash: Hash64, tried: ReadonlySet<string> | undefined): number {
    const { slots } = this;
    const { endpoints } = this.members;
    let at = modulo(hash, slots.length);
    for (let step = 0; step < slots.length; step++) {
      const index = slots[at] as number;
      if (tried === undefined || !isTried(endpoints, index, tried)) return index;
      at = at + 1 === slots.length ? 0 : at + 1;
    }
    return -1;
  }

  private permutationsFrom(predecessor: Predecessor | undefined): Float64Array {
    const { names } = this.members;
    const before = predecessor?.locator instanceof MaglevTable ? predecessor.locator : undefined;
    const known = before?.slots.length === this.slots.length ? before.permutations : undefined;
    const permutations = new Float64Array(names.length);
    for (let position = 0; position < names.length; position++) {
      const origin = predecessor?.origins[position] ?? -1;
      permutations[position] =
        known === undefined || origin < 0 ? this.permutationOf(names[position] as string) : (known[origin] as number);
    }
    return permutations;
  }

  private permutationOf(name: string): number {
    const size = this.slots.length;
    return modulo(xxhash64(name), size) * TWO_TO_THE_26 + modulo(xxhash64(name, ONE), size - 1) + 1;
  }

  private fill(): void {
    const { slots, members } = this;
    const { names, order } = members;
    const next = new Int32Array(names.length);
    const steps = new Int32Array(names.length);
    for (let position = 0; position < names.length; position++) {
      const permutation = this.permutations[position] as number;
      next[position] = Math.floor(permutation / TWO_TO_THE_26);
      steps[position] = permutation % TWO_TO_THE_26;
    }
    const turns = members.equal ? evenTurns(names.length) : weightedTurns(members.shares);
    for (let taken = 0; taken < slots.length; taken++) {
      const position = turns();
      const step = steps[position] as number;
      let slot = next[position] as number;
      while (slots[slot] !== FREE) slot = after(slot, step, slots.length);
      slots[slot] = order[position] as number;
      next[position] = after(slot, step, slots.length);
    }
  }
}

const TWO_TO_THE_26 = 67_108_864;

/** Without a division, since a step is shorter than the table: this is most of what filling it costs. */
function after(slot: number, step: number, size: number): number {
  const next = slot + step;
  return next < size ? next : next - size;
}

function evenTurns(count: number): () => number {
  let position = -1;
  return () => (position = position + 1 === count ? 0 : position + 1);
}

/**
 * Envoy goes round and round, and whoever's `round × weight` has not reached its target sits the round out; the target
 * rises by the largest weight with each turn. Here each waits in a queue until the round in which it has its turn, which gives the same order.
 */
function weightedTurns(shares: Float64Array): () => number {
  const heaviest = shares.reduce((most, share) => Math.max(most, share), 0);
  const targets = new Float64Array(shares.length);
  const rounds = new DueQueue(new Float64Array(shares.length).fill(1));
  return () => {
    const position = rounds.first;
    const round = rounds.firstDue;
    const share = shares[position] as number;
    const target = (targets[position] as number) + heaviest;
    targets[position] = target;
    // As a product, like Envoy's: a quotient may round the other way.
    let due = Math.max(round + 1, Math.floor(target / share) - 1);
    while (due * share < target) due++;
    rounds.postponeFirst(due);
    return position;
  };
}

/** @param size below 2²⁶: no product is rounded */
function modulo({ high, low }: Hash64, size: number): number {
  return ((high % size) * (4_294_967_296 % size) + (low % size)) % size;
}
