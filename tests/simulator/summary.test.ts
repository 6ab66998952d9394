import { describe, expect, it } from '@jest/globals';

import type { RunRecord } from '../../benchmarks/simulator/record.js';
import { constant } from '../../benchmarks/simulator/distributions.js';
import type { Scenario, Trouble } from '../../benchmarks/simulator/scenario.js';
import { quantile, summarize } from '../../benchmarks/simulator/summary.js';
import { verdictsOf } from '../../benchmarks/simulator/verdict.js';

const TROUBLE: Trouble = { fromMs: 1_000, toMs: 4_000, recoveryFrom: 'beginning' };

function scenario(fields: Partial<Scenario> = {}): Scenario {
  const base = { name: 'x', title: 'x', clients: 1, servers: [{ workers: 1 }], load: 0.5, workMs: 10, shape: constant };
  return { ...base, networkMs: 0, warmUpMs: 0, measuredMs: 4_000, targets: {}, ...fields };
}

/** A call each 10 ms, of which `tookMs` says how long it took, and `fails` whether it failed. */
function record(tookMs: (beganMs: number) => number, fails: (beganMs: number) => boolean = () => false): RunRecord {
  const beganMs = Float64Array.from({ length: 400 }, (_, index) => index * 10);
  return {
    beganMs,
    tookMs: beganMs.map(tookMs),
    succeeded: Uint8Array.from(beganMs, (each) => (fails(each) ? 0 : 1)),
    shed: 0,
    sends: Array.from(beganMs, (atMs) => ({ atMs, server: atMs % 20 === 0 ? 0 : 1 })),
    loads: [1, 3],
    busyRatios: [0, 0],
    events: 0,
    seconds: 0,
  };
}

const NORMAL = record(() => 10);

describe('the summary of a run', () => {
  it('takes quantiles by the nearest rank', () => {
    const sorted = Float64Array.from({ length: 100 }, (_, index) => index + 1);
    expect([0.5, 0.99, 0.999, 0].map((p) => quantile(sorted, p))).toEqual([50, 99, 100, 1]);
  });

  it('compares with the oracle, and counts', () => {
    const run = record(
      (beganMs) => (beganMs < 200 ? 20 : 10),
      (beganMs) => beganMs < 40,
    );
    expect(summarize(scenario(), run, NORMAL)).toMatchObject({
      calls: 400,
      p50Ms: 10,
      p99Ms: 20,
      p99Ratio: 2,
      errors: 4,
      amplification: 1,
      maxOverMeanLoad: 1.5,
      recoveryMs: undefined,
    });
  });

  it('has recovered when the last bad quarter second is over', () => {
    const troubled = scenario({ trouble: TROUBLE });
    const slow = record((beganMs) => (beganMs >= 1_000 && beganMs < 1_600 ? 50 : 10));
    expect(summarize(troubled, slow, NORMAL).recoveryMs).toBe(750);
    const failing = record(
      () => 10,
      (beganMs) => beganMs === 2_300,
    );
    expect(summarize(troubled, failing, NORMAL).recoveryMs).toBe(1_500);
    expect(summarize(troubled, NORMAL, NORMAL).recoveryMs).toBe(0);
    expect(
      summarize(
        troubled,
        record(() => 50),
        NORMAL,
      ).recoveryMs,
    ).toBe(Infinity);
  });

  it('counts from the end where the trouble ends', () => {
    const ending = scenario({ trouble: { fromMs: 1_000, toMs: 2_000, recoveryFrom: 'end' } });
    const run = record((beganMs) => (beganMs >= 1_000 && beganMs < 2_700 ? 50 : 10));
    expect(summarize(ending, run, NORMAL).recoveryMs).toBe(750);
  });

  it('judges by the worst seed', () => {
    const judged = scenario({ trouble: TROUBLE, targets: { p99Ratio: 1.5, goodputRatio: 0.5, recoveryMs: 500 } });
    const runs = [NORMAL, record((beganMs) => (beganMs < 100 ? 16 : 10))].map((run) => summarize(judged, run, NORMAL));
    expect(verdictsOf(judged, runs)).toEqual([
      { target: 'p99Ratio', bound: 1.5, worst: 1.6, met: false },
      { target: 'goodputRatio', bound: 0.5, worst: expect.closeTo(1, 1), met: true },
      { target: 'recoveryMs', bound: 500, worst: 0, met: true },
    ]);
  });
});
