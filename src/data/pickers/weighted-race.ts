import type { Endpoint } from '../../core/endpoint.js';
import type { Random } from '../../core/random.js';
import type { Loads } from '../picker.js';
import { isTried } from './random-index.js';

/**
 * Of all endpoints the one with the lowest (in flight + failure score + E) / weight, where E is a fresh exponential
 * random number of mean 1 for each. With nothing in flight this is the exponential race, in which an endpoint wins with
 * probability weight / sum of weights; under load it is Envoy's weight / (active + 1) on average, upside down.
 *
 * @param perWeight 1 / weight of each endpoint
 * @returns -1 when `tried` leaves nobody
 */
export function winnerOfRace(
  endpoints: readonly Endpoint[],
  perWeight: Float64Array,
  loads: Loads,
  random: Random,
  tried: ReadonlySet<string> | undefined,
): number {
  let best = -1;
  let leastCost = Infinity;
  for (let index = 0; index < perWeight.length; index++) {
    if (tried !== undefined && isTried(endpoints, index, tried)) continue;
    const load = loads.inFlight(index) + loads.failureScore(index) - Math.log(1 - random.next());
    const cost = load * (perWeight[index] as number);
    if (cost >= leastCost) continue;
    best = index;
    leastCost = cost;
  }
  return best;
}
