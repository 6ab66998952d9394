/**
 * The default. Of up to 16 distinct random endpoints (of all when there are no more), the one with the least to do: own
 * attempts in flight plus the failure score. Ties go to the lowest own latency, further ties to chance.
 *
 * Ties are the normal case: one client of many sees mostly zeros in flight, and then "least in flight" alone is a coin
 * toss. How ties are broken is most of the policy, and one's own latency knows which servers are slower or busier than
 * others. Asking latency first would be worse: it is noisy and old, and concentrates load until requests time out. As a
 * tie-break it is overruled as soon as anything waits. Latency fades with disuse, so everybody is tried again in time.
 *
 * With unequal weights chance takes the place of latency: see {@link createWeightedAdaptivePicker}.
 */

import type { Endpoint } from '../../core/endpoint.js';
import type { PickContext } from '../../core/lease.js';
import type { Random } from '../../core/random.js';
import { DistinctSampler } from '../../kit/sample-distinct.js';
import type { Loads, Picker, PickerInput } from '../picker.js';
import type { Comparison } from '../policy.js';
import { costPerWeight } from './cost-per-weight.js';
import { isTried, randomUntried } from './random-index.js';
import { createWeightedAdaptivePicker } from './weighted-adaptive.js';

/** In simulation 16 beats 8, 5 and 2; more would cost time and make many clients agree on the same best endpoint. */
export const SAMPLE_SIZE = 16;

export function createAdaptivePicker(input: PickerInput, slots: Int32Array, table: Comparison): Picker {
  const perWeight = costPerWeight(input.endpoints);
  return perWeight === undefined
    ? new AdaptivePicker(input, slots, table)
    : createWeightedAdaptivePicker(input, perWeight);
}

class AdaptivePicker implements Picker {
  private readonly endpoints: readonly Endpoint[];
  private readonly loads: Loads;
  private readonly random: Random;
  private readonly table: Comparison;
  /** Draws slots, not indices: one far read less for each. */
  private readonly sampler: DistinctSampler;
  private readonly sampleSize: number;
  /** By slot. */
  private readonly indices: Int32Array;
  private readonly untried = new Int32Array(SAMPLE_SIZE);

  constructor({ endpoints, loads, random }: PickerInput, slots: Int32Array, table: Comparison) {
    this.endpoints = endpoints;
    this.loads = loads;
    this.random = random;
    this.table = table;
    this.sampler = new DistinctSampler(slots);
    this.sampleSize = Math.min(SAMPLE_SIZE, slots.length);
    this.indices = new Int32Array(table.size);
    for (let index = 0; index < slots.length; index++) this.indices[slots[index] as number] = index;
  }

  pick(context: PickContext): number {
    const tried = context.tried;
    if (tried === undefined || tried.size === 0) return this.best(undefined);
    const best = this.best(tried);
    if (best >= 0) return best;
    const untried = randomUntried(this.random, this.endpoints, tried);
    return untried >= 0 ? untried : this.best(undefined);
  }

  /** Of one sample, leaving out `tried`; -1 when that leaves nobody. */
  private best(tried: ReadonlySet<string> | undefined): number {
    const { sampleSize, table, loads } = this;
    // In random order, so that keeping the first of equals is a fair draw.
    const sample = this.sampler.draw(sampleSize, this.random);
    const slot =
      tried === undefined
        ? table.leastLoaded(sample, sampleSize, loads.nowMs)
        : table.leastLoaded(this.untried, this.keepUntried(sample, tried), loads.nowMs);
    return slot < 0 ? -1 : (this.indices[slot] as number);
  }

  /** @returns how many of the sample are left */
  private keepUntried(sample: Int32Array, tried: ReadonlySet<string>): number {
    let kept = 0;
    for (let drawn = 0; drawn < this.sampleSize; drawn++) {
      const slot = sample[drawn] as number;
      if (!isTried(this.endpoints, this.indices[slot] as number, tried)) this.untried[kept++] = slot;
    }
    return kept;
  }
}
