import type { Clock } from '../../../src/core/clock.js';
import type { Endpoint } from '../../../src/core/endpoint.js';
import type { Random } from '../../../src/core/random.js';
import type { BalancerSetting } from '../../../src/data/balancer-settings.js';
import type { Loads, Picker, PickerFactory } from '../../../src/data/picker.js';
import type { Comparison } from '../../../src/data/policy.js';
import { createPolicy } from '../../../src/data/pickers/create-policy.js';
import { createFakeClock } from '../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

export function endpoint(id: string, weight = 1): Endpoint {
  return {
    id,
    host: id,
    port: 80,
    scheme: 'http',
    basePath: '',
    weight,
    priority: 0,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: {},
  };
}

/** Endpoints 'e0', 'e1', … of these weights, or that many of weight 1. */
export function endpoints(weights: readonly number[] | number): Endpoint[] {
  const list = typeof weights === 'number' ? new Array<number>(weights).fill(1) : weights;
  return list.map((weight, index) => endpoint(`e${index}`, weight));
}

/** Loads that a test writes by hand. */
export interface HandLoads extends Loads {
  readonly inFlightOf: number[];
  readonly scoreOf: number[];
  readonly latencyOf: number[];
}

export function handLoads(count: number): HandLoads {
  const zeros = (): number[] => new Array<number>(count).fill(0);
  const [inFlightOf, scoreOf, latencyOf] = [zeros(), zeros(), zeros()];
  return {
    inFlightOf,
    scoreOf,
    latencyOf,
    nowMs: 0,
    get totalInFlight() {
      return inFlightOf.reduce((sum, inFlight) => sum + inFlight, 0);
    },
    inFlight: (index) => inFlightOf[index]!,
    failureScore: (index) => scoreOf[index]!,
    latencyMs: (index) => latencyOf[index]!,
  };
}

/** What the load table would say if these were its loads. */
export function comparisonOf(loads: Loads, slots: Int32Array): Comparison {
  const indexOf = new Map([...slots].map((slot, index) => [slot, index]));
  const load = (index: number): number => loads.inFlight(index) + loads.failureScore(index);
  return {
    size: Math.max(0, ...slots.map((slot) => slot + 1)),
    leastLoaded(sample, count) {
      let best = -1;
      for (const slot of sample.subarray(0, count)) {
        const [index, leader] = [indexOf.get(slot)!, indexOf.get(best)];
        const less = leader === undefined ? -1 : load(index) - load(leader);
        if (less < 0 || (less === 0 && loads.latencyMs(index) < loads.latencyMs(leader!))) best = slot;
      }
      return best;
    },
  };
}

interface Setup {
  loads?: Loads;
  random?: Random;
  previous?: Picker;
  clock?: Clock;
}

export function makePicker(factory: PickerFactory, list: readonly Endpoint[], setup: Setup = {}): Picker {
  return factory({
    endpoints: list,
    loads: setup.loads ?? handLoads(list.length),
    clock: setup.clock ?? createFakeClock(),
    random: setup.random ?? createSeededRandom(1),
    previous: setup.previous,
  });
}

/** The factory of a policy of which nothing was learned yet. Pickers that replace each other are made by one of these. */
export function pickersOf(setting: BalancerSetting): PickerFactory {
  const policy = createPolicy(setting);
  const slotOf = new Map<string, number>();
  return (input) => {
    const slots = Int32Array.from(input.endpoints, ({ id }) => {
      const slot = slotOf.get(id) ?? slotOf.size;
      if (!slotOf.has(id)) policy.learner?.reset(slot, input.loads.nowMs);
      slotOf.set(id, slot);
      return slot;
    });
    return policy.createPicker(input, slots, comparisonOf(input.loads, slots));
  };
}

/** How often each index is picked. */
export function countPicks(picker: Picker, count: number, picks: number, tried?: ReadonlySet<string>): number[] {
  const counts = new Array<number>(count).fill(0);
  const context = tried === undefined ? {} : { tried };
  for (let pick = 0; pick < picks; pick++) {
    const index = picker.pick(context);
    if (!(index in counts)) throw new Error(`picked ${index} of ${count}`);
    counts[index]! += 1;
  }
  return counts;
}

/** Five standard deviations of a binomial count: exceeded by chance once in 1.7 million comparisons, and a seed does not change. */
export function tolerance(picks: number, probability: number): number {
  return 5 * Math.sqrt(picks * probability * (1 - probability));
}

export function expectShares(counts: readonly number[], shares: readonly number[]): void {
  const picks = counts.reduce((sum, count) => sum + count, 0);
  counts.forEach((count, index) => {
    const off = Math.abs(count - picks * shares[index]!);
    if (off > tolerance(picks, shares[index]!)) {
      throw new Error(`endpoint ${index} got ${count} of ${picks} picks, expected ${picks * shares[index]!}`);
    }
  });
}
