/**
 * Everybody in turn, whatever the load or the weight.
 *
 * Each client walks the endpoints in an order of its own, from a start of its own: were it the order of the list, all
 * clients of a fleet that restarts together would call the first endpoint at once, and then the second. When the set
 * changes, endpoints that stay keep their order and the walk goes on where it was; new ones are mixed in at random.
 */

import type { Endpoint } from '../../core/endpoint.js';
import type { PickContext } from '../../core/lease.js';
import type { Random } from '../../core/random.js';
import type { Picker, PickerInput } from '../picker.js';
import { isTried, randomIndex } from './random-index.js';

export function createRoundRobinPicker(input: PickerInput): Picker {
  return new RoundRobinPicker(input);
}

class RoundRobinPicker implements Picker {
  private readonly endpoints: readonly Endpoint[];
  /** Indices in the order of the walk. */
  private readonly order: Int32Array;
  /** Position in `order` of the next pick. */
  private cursor = 0;

  constructor({ endpoints, random, previous }: PickerInput) {
    this.endpoints = endpoints;
    const walk = previous instanceof RoundRobinPicker ? previous.idsFromCursor() : [];
    this.order = orderAfter(endpoints, walk, random);
  }

  pick(context: PickContext): number {
    const next = this.next();
    const tried = context.tried;
    if (next < 0 || tried === undefined || tried.size === 0) return next;
    let index = next;
    for (let skipped = 0; skipped < this.order.length; skipped++) {
      if (!isTried(this.endpoints, index, tried)) return index;
      index = this.next();
    }
    // Once around: it is this one's turn again.
    return index;
  }

  private next(): number {
    const count = this.order.length;
    if (count === 0) return -1;
    const index = this.order[this.cursor] as number;
    this.cursor = this.cursor + 1 === count ? 0 : this.cursor + 1;
    return index;
  }

  private idsFromCursor(): string[] {
    const positions = [...this.order.subarray(this.cursor), ...this.order.subarray(0, this.cursor)];
    return positions.map((index) => (this.endpoints[index] as Endpoint).id);
  }
}

/** Endpoints named in `walk` keep its order; the others are shuffled and mixed in, each mix as likely as any other. */
function orderAfter(endpoints: readonly Endpoint[], walk: readonly string[], random: Random): Int32Array {
  const indexOf = new Map(endpoints.map((endpoint, index) => [endpoint.id, index]));
  const staying: number[] = [];
  for (const id of walk) {
    const index = indexOf.get(id);
    if (index === undefined) continue;
    staying.push(index);
    indexOf.delete(id);
  }
  const coming = shuffled([...indexOf.values()], random);
  const order = new Int32Array(staying.length + coming.length);
  let taken = 0;
  for (let position = 0; position < order.length; position++) {
    const takesNewcomer = randomIndex(random, order.length - position) < coming.length - (position - taken);
    order[position] = (takesNewcomer ? coming[position - taken] : staying[taken]) as number;
    if (!takesNewcomer) taken++;
  }
  return order;
}

/** Fisher and Yates. */
function shuffled(indices: number[], random: Random): number[] {
  for (let last = indices.length - 1; last > 0; last--) {
    const other = randomIndex(random, last + 1);
    const swapped = indices[last] as number;
    indices[last] = indices[other] as number;
    indices[other] = swapped;
  }
  return indices;
}
