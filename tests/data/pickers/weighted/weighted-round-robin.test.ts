import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { LoadReports, weightOf } from '../../../../src/data/pickers/weighted/load-reports.js';
import { StaticStride, strideWeights } from '../../../../src/data/pickers/weighted/static-stride.js';
import { createWeightedRoundRobinPolicy } from '../../../../src/data/pickers/weighted/weighted-round-robin.js';
import { WEIGHTED_ROUND_ROBIN_DEFAULTS, type WeightedRoundRobinOptions } from '../../../../src/data/policy-options.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import {
  comparisonOf,
  countPicks,
  endpoints,
  handLoads,
  makePicker,
  pickersOf,
  type HandLoads,
} from '../picker-fixture.js';

/** Credits begin at 0 then. */
const AT_ZERO = { next: () => 0.5 };

function letters(weights: readonly number[], count: number): string {
  const picker = makePicker(pickersOf('weighted-round-robin'), endpoints(weights), { random: AT_ZERO });
  return Array.from({ length: count }, () => 'abc'[picker.pick({})]).join('');
}

describe('smooth weighted round robin', () => {
  it("gives nginx' order: 5, 1, 1 and 4, 2, 1", () => {
    expect(letters([5, 1, 1], 14)).toBe('aabacaaaabacaa');
    expect(letters([4, 2, 1], 14)).toBe('abacabaabacaba');
  });

  it('gives everybody its weight in as many picks as there are weights, from wherever it starts', () => {
    const weight = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 2, maxLength: 10 }), fc.nat(), (weights, seed) => {
        const total = weights.reduce((sum, one) => sum + one, 0);
        const set = endpoints(weights);
        const fixed = makePicker(pickersOf('weighted-round-robin'), set, { random: AT_ZERO });
        expect(countPicks(fixed, weights.length, total)).toEqual(weights);
        const random = createSeededRandom(seed);
        const picker = makePicker(pickersOf('weighted-round-robin'), set, { random });
        // Credits at the start differ by at most the sum, which is one turn; the first picks even them out.
        countPicks(picker, weights.length, total);
        const counts = countPicks(picker, weights.length, total);
        counts.forEach((count, index) => expect(Math.abs(count - weights[index]!)).toBeLessThanOrEqual(1));
      }),
    );
  });

  it('does not begin with the same endpoint in every client', () => {
    const firsts = new Set<number>();
    for (let seed = 0; seed < 50; seed++) {
      const random = createSeededRandom(seed);
      firsts.add(makePicker(pickersOf('weighted-round-robin'), endpoints(5), { random }).pick({}));
    }
    expect(firsts.size).toBe(5);
  });

  it('goes on where it was when the set changes', () => {
    const factory = pickersOf('weighted-round-robin');
    const set = endpoints([5, 1, 1]);
    let picker = makePicker(factory, set, { random: AT_ZERO });
    const picked = Array.from({ length: 14 }, () => {
      picker = makePicker(factory, set, { random: AT_ZERO, previous: picker });
      return 'abc'[picker.pick({})];
    });
    expect(picked.join('')).toBe('aabacaaaabacaa');
  });

  it('goes round among the others when one was tried', () => {
    const picker = makePicker(pickersOf('weighted-round-robin'), endpoints([5, 2, 1]), { random: AT_ZERO });
    expect(countPicks(picker, 3, 300, new Set(['e0']))).toEqual([0, 200, 100]);
  });
});

describe('the static stride scheduler', () => {
  it.each([
    [
      [10, 100],
      [6_554, 65_535],
    ],
    [
      [0, 4, 2],
      [49_151, 65_535, 32_768],
    ],
    [
      [3, 3],
      [65_535, 65_535],
    ],
  ])('scales %j to %j', (weights, scaled) => {
    expect([...strideWeights(Float64Array.from(weights))]).toEqual(scaled);
  });

  it('gives the order of gRFC A58 from sequence 0', () => {
    const stride = new StaticStride(strideWeights(Float64Array.of(10, 100)), 0);
    const picks = Array.from({ length: 1_100 }, () => stride.next());
    expect(picks.slice(0, 22).join('')).toBe('1111111110111111111101');
    expect(picks.filter((index) => index === 0)).toHaveLength(100);
  });

  it('wraps after 2³² steps', () => {
    const stride = new StaticStride(strideWeights(Float64Array.of(1, 1)), 4_294_967_295);
    expect([stride.next(), stride.next(), stride.next(), stride.position]).toEqual([1, 0, 1, 2]);
  });

  it('gives shares by weight', () => {
    const weight = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(fc.array(weight, { minLength: 2, maxLength: 8 }), fc.nat(), (weights, sequence) => {
        const stride = new StaticStride(strideWeights(Float64Array.from(weights)), sequence);
        const counts = weights.map(() => 0);
        for (let pick = 0; pick < 2_000; pick++) counts[stride.next()]! += 1;
        const total = weights.reduce((sum, one) => sum + one, 0);
        // Each sits its rounds out evenly, so it is off by a turn or two; 65,535 parts round by less than one of 2,000.
        weights.forEach((one, index) =>
          expect(Math.abs(counts[index]! - (2_000 * one) / total)).toBeLessThanOrEqual(3),
        );
      }),
      { numRuns: 50 },
    );
  });
});

describe('the weight of a report', () => {
  const SETTINGS = { errorPenalty: 1, utilizationMetrics: [] };
  const report = (fields: Record<string, number>): ReadonlyMap<string, number> => new Map(Object.entries(fields));

  it.each([
    ['requests per second by processor time', { rps_fractional: 10, cpu_utilization: 0.1 }, 100],
    [
      "the application's own figure first",
      { rps_fractional: 10, cpu_utilization: 1, application_utilization: 0.5 },
      20,
    ],
    ['with errors', { rps_fractional: 10, cpu_utilization: 0.1, eps: 10 }, 10 / 1.1],
    ['nothing without requests', { cpu_utilization: 0.1 }, 0],
    ['nothing without utilization', { rps_fractional: 10, cpu_utilization: 0 }, 0],
  ])('is %s', (_, fields, weight) => expect(weightOf(report(fields), SETTINGS)).toBeCloseTo(weight, 10));

  it('is equal for an expensive server and a cheap one that fails everything, at a penalty of 0.9', () => {
    const settings = { ...SETTINGS, errorPenalty: 0.9 };
    expect(weightOf(report({ rps_fractional: 10, cpu_utilization: 1 }), settings)).toBe(10);
    expect(weightOf(report({ rps_fractional: 10, cpu_utilization: 0.1, eps: 10 }), settings)).toBeCloseTo(10, 10);
  });

  it('goes by the highest of the named metrics', () => {
    const settings = { ...SETTINGS, utilizationMetrics: ['named_metrics.queue', 'mem_utilization', 'none'] };
    const fields = { rps_fractional: 10, cpu_utilization: 1, mem_utilization: 0.2, 'named_metrics.queue': 0.4 };
    expect(weightOf(report(fields), settings)).toBe(25);
  });
});

const CHEAP = 'TEXT cpu_utilization=0.1, rps_fractional=10';
const DEAR = 'JSON {"cpuUtilization": 1, "rps_fractional": 10}';

describe('what a load report is worth in time', () => {
  it('counts after the blackout, until it expires, and again after another blackout', () => {
    const reports = new LoadReports(WEIGHTED_ROUND_ROBIN_DEFAULTS);
    reports.reset(0);
    const say = (nowMs: number): void => reports.heard(0, -1, () => CHEAP, nowMs);
    say(1_000);
    expect(reports.weight(0, 10_999)).toBe(0);
    expect(reports.weight(0, 11_000)).toBe(100);
    expect(reports.weight(0, 180_999)).toBe(100);
    expect(reports.weight(0, 181_000)).toBe(0);
    say(200_000);
    expect(reports.weight(0, 209_999)).toBe(0);
    expect(reports.weight(0, 210_000)).toBe(100);
    reports.entered(0);
    say(220_000);
    expect(reports.weight(0, 229_999)).toBe(0);
    expect(reports.weight(0, 230_000)).toBe(100);
  });
});

describe('weighted-round-robin by load reports', () => {
  function reporting(
    options: Partial<WeightedRoundRobinOptions>,
    said: readonly string[],
  ): { counts(nowMs: number): number[] } {
    const policy = createWeightedRoundRobinPolicy({ policy: 'weighted-round-robin', ...options });
    const loads: HandLoads & { nowMs: number } = handLoads(said.length);
    const slots = Int32Array.from(said, (_, slot) => slot);
    for (const slot of slots) policy.learner?.reset(slot, 0);
    const picker = makePicker(
      (input) => policy.createPicker(input, slots, comparisonOf(loads, slots)),
      endpoints(said.length),
      { loads },
    );
    said.forEach((text, slot) => policy.learner?.heard?.(slot, -1, () => text, 0));
    return {
      counts(nowMs) {
        loads.nowMs = nowMs;
        return countPicks(picker, said.length, 1_100);
      },
    };
  }

  it('gives utilizations of 1 and 0.1 one call to ten, equal ones during blackout and after expiration', () => {
    const { counts } = reporting({}, [DEAR, CHEAP]);
    expect(counts(9_000)).toEqual([550, 550]);
    const [dear, cheap] = counts(10_000) as [number, number];
    // 100 to 1,000, but for a turn at either end.
    expect(Math.abs(dear - 100)).toBeLessThanOrEqual(1);
    expect(cheap).toBe(1_100 - dear);
    expect(counts(180_000)).toEqual([550, 550]);
  });

  it('goes by turns while only one reports, and gives the mean to whom it does not know', () => {
    expect(reporting({ blackoutMs: 0 }, [CHEAP, 'TEXT nothing=1']).counts(0)).toEqual([550, 550]);
    const [dear, cheap, silent] = reporting({ blackoutMs: 0 }, [DEAR, CHEAP, '']).counts(0) as [number, number, number];
    // 10 : 100 : 55 of 165.
    expect([dear, cheap, silent].map((count) => Math.round(count / 10))).toEqual([7, 67, 37]);
  });

  it('takes no notice when reports are switched off', () => {
    expect(reporting({ loadReports: false, blackoutMs: 0 }, [DEAR, CHEAP]).counts(0)).toEqual([550, 550]);
  });
});
