import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createContrast } from '../../../src/control/health/contrast.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { connectFailure, createBench, names, status } from './ejection-bench.js';

/** A service whose endpoints gave so many good and bad answers, the last `inARow` of the bad ones by the one in question. */
function contrastAfter(good: number, bad: number): ReturnType<typeof createContrast> {
  const contrast = createContrast(10_000);
  for (let n = 0; n < good; n++) contrast.note(true, 1_000);
  for (let n = 0; n < bad; n++) contrast.note(false, 1_000);
  return contrast;
}

describe('contrast', () => {
  // p = (bad + 1) / (good + bad + 2), Laplace; it stands out when p ** inARow <= 1e-6.
  it.each([
    ['two against a thousand good answers', 2, 1_000, 2, true], // (1 / 1002)^2 = 9.96e-7
    ['two against 990', 2, 990, 2, false], // (1 / 992)^2 = 1.02e-6
    ['three against a hundred', 3, 100, 3, true], // (1 / 102)^3 = 9.4e-7
    ['three against 90', 3, 90, 3, false], // (1 / 92)^3 = 1.28e-6
    ['four against a hundred of which one failed', 4, 99, 5, true], // (2 / 102)^4 = 1.5e-7
    ['three against the same', 3, 99, 4, false], // (2 / 102)^3 = 7.5e-6
    ['thirty against nobody: there are no peers to stand out from', 30, 0, 30, false], // (1 / 2)^30 = 9.3e-10
    ['one, against any number', 1, 100_000, 1, false],
    ['five while one in ten of the others fails', 5, 900, 105, false], // (101 / 1002)^5 = 1.04e-5
  ])('%s', (_, inARow, good, bad, expected) => {
    expect(contrastAfter(good, bad).standsOut(inARow, 1_000)).toBe(expected);
  });

  it('knows nothing of peers whose answers are older than the window', () => {
    const contrast = contrastAfter(10_000, 2);
    expect(contrast.standsOut(2, 1_000)).toBe(true);
    expect(contrast.standsOut(2, 11_001)).toBe(false);
  });

  it('never finds fewer failures more telling than more, nor clean peers less telling than failing ones', () => {
    fc.assert(
      fc.property(fc.nat(2_000), fc.nat(100), fc.integer({ min: 2, max: 8 }), (good, bad, inARow) => {
        const contrast = contrastAfter(good, bad + inARow);
        const worse = contrastAfter(good, bad + 10 + inARow);
        if (contrast.standsOut(inARow, 1_000)) {
          const longer = contrastAfter(good, bad + inARow + 1);
          expect(longer.standsOut(inARow + 1, 1_000)).toBe(true);
        } else {
          expect(worse.standsOut(inARow, 1_000)).toBe(false);
        }
      }),
    );
  });
});

describe('ejection by contrast', () => {
  it('ejects after two failures when a thousand answers of the others were good', () => {
    const { log, settle, succeed } = createBench(['a', 'b', 'c'], { contrast: true });
    succeed('b', 600);
    succeed('c', 600);
    settle('a', status(503));
    expect(log).toEqual([]);
    settle('a', connectFailure);
    expect(log).toEqual(['eject a contrast 30000 1', 'change']);
  });

  it('ejects later, by what the others show, when the failures came first', () => {
    const { log, settle, succeed } = createBench(['a', 'b', 'c'], { contrast: true });
    settle('a', status(503));
    settle('a', status(503));
    succeed('b', 998);
    // The answers so far: 998 good ones. (1 / 1000)^2 is the bound.
    expect(log).toEqual(['eject a contrast 30000 1', 'change']);
  });

  it('forgets the suspicion at a success of its own', () => {
    const { log, settle, succeed } = createBench(['a', 'b', 'c'], { contrast: true });
    settle('a', status(503));
    settle('a', status(503));
    succeed('a');
    succeed('b', 5_000);
    expect(log).toEqual([]);
  });

  it.each([
    ['switched off', { contrast: false }],
    ['nobody may be ejected', { contrast: true, maxEjectedRatio: 0 }],
  ])('does nothing when %s', (_, settings) => {
    const { log, settle, succeed } = createBench(['a', 'b', 'c'], settings);
    settle('a', status(503));
    settle('a', status(503));
    succeed('b', 5_000);
    expect(log).toEqual([]);
  });

  it('spares the last one, and does not name one that left', () => {
    const alone = createBench(['a'], { contrast: true });
    alone.settle('a', status(503));
    alone.settle('a', status(503));
    expect(alone.log).toEqual([]);

    const { ejection, log, settle, succeed } = createBench(['a', 'b', 'c'], { contrast: true });
    settle('a', status(503));
    settle('a', status(503));
    ejection.setMembers(['b', 'c']);
    succeed('b', 5_000);
    expect(log).toEqual([]);
  });

  it('takes hardly anybody out while all endpoints fail alike', () => {
    // 20 endpoints, 100 000 attempts spread evenly, each failing with 1 %: rows of two come at 1 % of the failures, about
    // ten times. With p near 0.01 a row must have three (0.01^3 = 1e-6), which chance brings 100 000 · 1e-6 = 0.1 times;
    // more than three of these has a probability below 1e-5, and a row of four would be needed for most estimates of p.
    const random = createSeededRandom(7);
    const bench = createBench(names(20), { contrast: true, consecutiveFailures: 0, failureThreshold: 0 });
    for (let n = 0; n < 100_000; n++) {
      if (n % 100 === 0) bench.clock.advance(100);
      const id = `e${Math.floor(random.next() * 20)}`;
      if (random.next() < 0.01) bench.settle(id, status(503));
      else bench.succeed(id);
    }
    expect(bench.log.filter((line) => line.startsWith('eject')).length).toBeLessThanOrEqual(3);
  });
});
