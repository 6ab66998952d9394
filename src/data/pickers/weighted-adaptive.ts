/**
 * The default picker's rule for endpoints of unequal weight. Weights are shares that somebody asked for, a canary's for
 * example, and have to hold for a quiet client, too, whose endpoints all have nothing in flight. So chance in proportion
 * to weight decides where {@link createAdaptivePicker} looks at latency, and load per weight otherwise:
 *
 * - up to 16 endpoints: the lowest (in flight + failure score + E) / weight, where E is a fresh exponential random
 *   number of mean 1 for each. With nothing in flight this is the exponential race, in which an endpoint wins with
 *   probability weight / sum of weights; under load the term is Envoy's +1 in w / (active + 1) on average.
 * - more: of 16 draws with chances by weight, the lowest (in flight + failure score) / weight, the first of equals. With
 *   nothing in flight that is the first draw. The race among 16 uniform draws would not see a single heavy endpoint.
 *
 * Under load a light endpoint with nothing in flight can get a few times its share, but never a second attempt before its turn.
 */

import type { Endpoint } from '../../core/endpoint.js';
import type { PickContext } from '../../core/lease.js';
import type { Random } from '../../core/random.js';
import type { Loads, Picker, PickerInput } from '../picker.js';
import { createAliasTable, type AliasTable } from './alias-table.js';
import { isTried, randomUntried } from './random-index.js';
import { winnerOfRace } from './weighted-race.js';

/** As many as the unweighted picker samples. */
const LOOKED_AT = 16;

/** @param perWeight 1 / weight of each endpoint */
export function createWeightedAdaptivePicker(input: PickerInput, perWeight: Float64Array): Picker {
  return new WeightedAdaptivePicker(input, perWeight);
}

class WeightedAdaptivePicker implements Picker {
  private readonly endpoints: readonly Endpoint[];
  private readonly loads: Loads;
  private readonly random: Random;
  private readonly perWeight: Float64Array;
  /** Undefined when there are so few endpoints that all are looked at. */
  private readonly table: AliasTable | undefined;

  constructor({ endpoints, loads, random }: PickerInput, perWeight: Float64Array) {
    this.endpoints = endpoints;
    this.loads = loads;
    this.random = random;
    this.perWeight = perWeight;
    const many = endpoints.length > LOOKED_AT;
    this.table = many ? createAliasTable(endpoints.map((endpoint) => endpoint.weight)) : undefined;
  }

  pick(context: PickContext): number {
    const tried = context.tried;
    if (tried === undefined || tried.size === 0) return this.best(undefined);
    const best = this.best(tried);
    if (best >= 0) return best;
    const untried = randomUntried(this.random, this.endpoints, tried);
    return untried >= 0 ? untried : this.best(undefined);
  }

  private best(tried: ReadonlySet<string> | undefined): number {
    const { endpoints, perWeight, loads, random, table } = this;
    return table === undefined
      ? winnerOfRace(endpoints, perWeight, loads, random, tried)
      : this.bestOfDraws(table, tried);
  }

  private bestOfDraws(table: AliasTable, tried: ReadonlySet<string> | undefined): number {
    let best = -1;
    let leastCost = Infinity;
    for (let draw = 0; draw < LOOKED_AT; draw++) {
      const index = table.draw(this.random);
      if (tried !== undefined && isTried(this.endpoints, index, tried)) continue;
      const cost = this.cost(index);
      if (cost >= leastCost) continue;
      best = index;
      leastCost = cost;
      // Nobody costs less than nothing.
      if (cost === 0) break;
    }
    return best;
  }

  private cost(index: number): number {
    const load = this.loads.inFlight(index) + this.loads.failureScore(index);
    return load * (this.perWeight[index] as number);
  }
}
