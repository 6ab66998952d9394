/**
 * Of all endpoints, the one with the least to do: own attempts in flight plus the failure score. Ties are uniform, or
 * a quiet client would send everything to the first in the list.
 *
 * It looks at everybody for every call, so a pick costs time in proportion to their number; and many clients that look
 * at the same endpoints agree on the same best one. For one or a few busy clients of up to some hundred endpoints it is
 * the most even there is; beyond that `p2c` and `adaptive` are as good at a fixed price.
 *
 * With unequal weights it is a race of all: see {@link winnerOfRace}. Counting alone would give a quiet client's calls
 * all to the heaviest endpoint, or to all alike.
 */

import type { Endpoint } from '../../core/endpoint.js';
import type { PickContext } from '../../core/lease.js';
import type { Random } from '../../core/random.js';
import type { Loads, Picker, PickerInput } from '../picker.js';
import { costPerWeight } from './cost-per-weight.js';
import { isTried, randomIndex } from './random-index.js';
import { winnerOfRace } from './weighted-race.js';

export function createLeastRequestPicker(input: PickerInput): Picker {
  return new LeastRequestPicker(input);
}

class LeastRequestPicker implements Picker {
  private readonly endpoints: readonly Endpoint[];
  private readonly loads: Loads;
  private readonly random: Random;
  private readonly perWeight: Float64Array | undefined;
  /** Room for those that have least so far. */
  private readonly equals: Int32Array;

  constructor({ endpoints, loads, random }: PickerInput) {
    this.endpoints = endpoints;
    this.loads = loads;
    this.random = random;
    this.perWeight = costPerWeight(endpoints);
    this.equals = new Int32Array(endpoints.length);
  }

  pick(context: PickContext): number {
    const tried = context.tried;
    if (tried === undefined || tried.size === 0) return this.best(undefined);
    const best = this.best(tried);
    return best >= 0 ? best : this.best(undefined);
  }

  private best(tried: ReadonlySet<string> | undefined): number {
    const { endpoints, perWeight, loads, random } = this;
    return perWeight === undefined ? this.leastOf(tried) : winnerOfRace(endpoints, perWeight, loads, random, tried);
  }

  private leastOf(tried: ReadonlySet<string> | undefined): number {
    const { endpoints, loads, random, equals } = this;
    let least = Infinity;
    let count = 0;
    for (let index = 0; index < endpoints.length; index++) {
      const load = loads.inFlight(index) + loads.failureScore(index);
      if (load > least) continue;
      if (tried !== undefined && isTried(endpoints, index, tried)) continue;
      if (load < least) count = 0;
      least = load;
      equals[count++] = index;
    }
    return count === 0 ? -1 : (equals[randomIndex(random, count)] as number);
  }
}
