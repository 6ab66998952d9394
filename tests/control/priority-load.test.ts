import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { spreadOverLevels, type LevelCount } from '../../src/control/priority-load.js';

const of100 = (...healthy: number[]): LevelCount[] => healthy.map((count) => ({ total: 100, healthy: count }));
const loads = (levels: readonly LevelCount[], threshold = 0.5, overprovisioning?: number): number[] =>
  spreadOverLevels(levels, threshold, overprovisioning).map(({ load }) => load);
const panics = (levels: readonly LevelCount[], threshold = 0.5): boolean[] =>
  spreadOverLevels(levels, threshold).map(({ panic }) => panic);

describe('spreading over priorities', () => {
  // Envoy `priority.rst` and `load_balancer_impl_test.cc`; where the two differ, the code.
  it.each([
    [
      [100, 100],
      [100, 0],
      [false, false],
    ],
    [
      [72, 100],
      [100, 0],
      [false, false],
    ],
    [
      [71, 100],
      [99, 1],
      [false, false],
    ],
    [
      [50, 100],
      [70, 30],
      [false, false],
    ],
    [
      [25, 100],
      [35, 65],
      [false, false],
    ],
    [
      [0, 100],
      [0, 100],
      [false, false],
    ],
    [
      [25, 25],
      [50, 50],
      [true, true],
    ],
    [
      [50, 60],
      [70, 30],
      [false, false],
    ],
    [
      [20, 20, 20],
      [34, 33, 33],
      [true, true, true],
    ],
    [
      [0, 0, 40],
      [34, 33, 33],
      [true, true, true],
    ],
    [
      [0, 0, 80],
      [0, 0, 100],
      [false, false, false],
    ],
  ])('%j healthy of 100 each get %j', (healthy, expected, panic) => {
    expect(loads(of100(...healthy))).toEqual(expected);
    expect(panics(of100(...healthy))).toEqual(panic);
  });

  it('goes by numbers when nobody is healthy anywhere', () => {
    const levels = [
      { total: 4, healthy: 0 },
      { total: 6, healthy: 0 },
    ];
    expect(loads(levels)).toEqual([40, 60]);
    expect(panics(levels)).toEqual([true, true]);
    expect(loads([{ total: 0, healthy: 0 }, ...levels])).toEqual([0, 40, 60]);
    expect(loads([{ total: 0, healthy: 0 }])).toEqual([100]);
  });

  it('takes a priority for no more than its share where nothing is provided on top', () => {
    expect(loads(of100(50, 100), 0.5, 100)).toEqual([50, 50]);
  });

  it('lets one priority panic beside another that does not', () => {
    expect(loads(of100(10, 60))).toEqual([15, 85]);
    expect(panics(of100(10, 60))).toEqual([true, false]);
  });

  it('does not panic at a threshold of 0, unless the calls would go nowhere', () => {
    expect(panics(of100(25, 25), 0)).toEqual([false, false]);
    expect(loads(of100(25, 25), 0)).toEqual([50, 50]);
    expect(spreadOverLevels(of100(0, 0), 0)).toEqual([
      { load: 100, panic: true },
      { load: 0, panic: false },
    ]);
    // One of 200 carries less than a percent, and is healthy all the same.
    const hardly = [
      { total: 2, healthy: 0 },
      { total: 200, healthy: 1 },
    ];
    expect(spreadOverLevels(hardly, 0)).toEqual([
      { load: 0, panic: false },
      { load: 100, panic: false },
    ]);
  });

  it('always gives away 100 %, never to nobody, and never to the unwell without panic', () => {
    const level = fc
      .record({ total: fc.integer({ min: 0, max: 300 }), part: fc.double({ min: 0, max: 1, noNaN: true }) })
      .map(({ total, part }) => ({ total, healthy: Math.round(total * part) }));
    fc.assert(
      fc.property(
        fc.array(level, { minLength: 1, maxLength: 5 }).filter((levels) => levels.some(({ total }) => total > 0)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (levels, threshold) => {
          const result = spreadOverLevels(levels, threshold);
          expect(result.reduce((sum, { load }) => sum + load, 0)).toBe(100);
          result.forEach(({ load, panic }, index) => {
            const { total, healthy } = levels[index] as LevelCount;
            expect(load).toBeGreaterThanOrEqual(0);
            if (load > 0) expect(panic ? total : healthy).toBeGreaterThan(0);
          });
        },
      ),
    );
  });
});
