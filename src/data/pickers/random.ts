/**
 * A random endpoint, with chances in proportion to weight. It looks at no load, so it is the yardstick for the others,
 * and right for services where calls cost nearly nothing.
 */

import type { Endpoint } from '../../core/endpoint.js';
import type { PickContext } from '../../core/lease.js';
import type { Random } from '../../core/random.js';
import type { Picker, PickerInput } from '../picker.js';
import { createAliasTable, type AliasTable } from './alias-table.js';
import { costPerWeight } from './cost-per-weight.js';
import { isTried, randomIndex, randomUntried } from './random-index.js';

export function createRandomPicker(input: PickerInput): Picker {
  return new RandomPicker(input);
}

/** Weighted draws that are spent on an untried endpoint before the weights are let go. */
const WEIGHTED_DRAWS = 8;

class RandomPicker implements Picker {
  private readonly endpoints: readonly Endpoint[];
  private readonly random: Random;
  /** Undefined when weights are equal. */
  private readonly table: AliasTable | undefined;

  constructor({ endpoints, random }: PickerInput) {
    this.endpoints = endpoints;
    this.random = random;
    const weighted = costPerWeight(endpoints) !== undefined;
    this.table = weighted ? createAliasTable(endpoints.map((endpoint) => endpoint.weight)) : undefined;
  }

  pick(context: PickContext): number {
    if (this.endpoints.length === 0) return -1;
    if (context.tried !== undefined && context.tried.size > 0) return this.pickUntried(context.tried);
    return this.draw();
  }

  private draw(): number {
    return this.table === undefined ? randomIndex(this.random, this.endpoints.length) : this.table.draw(this.random);
  }

  private pickUntried(tried: ReadonlySet<string>): number {
    let index = -1;
    for (let draw = 0; draw < WEIGHTED_DRAWS; draw++) {
      index = this.draw();
      if (!isTried(this.endpoints, index, tried)) return index;
    }
    const other = randomUntried(this.random, this.endpoints, tried);
    return other >= 0 ? other : index;
  }
}
