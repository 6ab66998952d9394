import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createIntervalWindow } from '../../src/kit/interval-window.js';

describe('the counting window', () => {
  it('counts successes and failures apart', () => {
    const window = createIntervalWindow(10_000);
    window.record(true, 1);
    window.record(true, 2);
    window.record(false, 3);
    expect(window.totals(3)).toEqual({ successes: 2, failures: 1 });
  });

  it('expires without traffic, in steps of a bucket', () => {
    const window = createIntervalWindow(10_000, 5);
    window.record(false, 0);
    window.record(true, 2_000);
    expect(window.totals(9_999)).toEqual({ successes: 1, failures: 1 });
    expect(window.totals(10_000)).toEqual({ successes: 1, failures: 0 });
    expect(window.totals(12_000)).toEqual({ successes: 0, failures: 0 });
  });

  it('forgets everything when cleared', () => {
    const window = createIntervalWindow(10_000);
    window.record(false, 5);
    window.record(true, 5);
    window.clear();
    expect(window.totals(5)).toEqual({ successes: 0, failures: 0 });
  });

  it('counts all that is younger than the window less one bucket, and nothing older than the window', () => {
    const step = fc.record({ elapsedMs: fc.nat(300), ok: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), fc.nat(3_000), (steps, silenceMs) => {
        const window = createIntervalWindow(1_000, 10);
        const records: { at: number; ok: boolean }[] = [];
        let now = 0;
        for (const { elapsedMs, ok } of steps) {
          now += elapsedMs;
          window.record(ok, now);
          records.push({ at: now, ok });
        }
        now += silenceMs;
        const totals = window.totals(now);
        for (const [ok, count] of [
          [true, totals.successes],
          [false, totals.failures],
        ] as const) {
          const within = (ageMs: number) =>
            records.filter((record) => record.ok === ok && now - record.at < ageMs).length;
          expect(count).toBeGreaterThanOrEqual(within(900));
          expect(count).toBeLessThanOrEqual(within(1_000));
        }
      }),
    );
  });
});
