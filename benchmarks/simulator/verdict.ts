/** Whether the default policy reached what a scenario asks of it. By the worst seed: an average could hide one. */

import type { Scenario, Targets } from './scenario.js';
import type { Summary } from './summary.js';
import { capacityOf } from './world.js';

export interface Verdict {
  readonly target: keyof Targets;
  readonly bound: number;
  readonly worst: number;
  readonly met: boolean;
}

export function verdictsOf(scenario: Scenario, runs: readonly Summary[]): Verdict[] {
  const { targets } = scenario;
  return (Object.keys(targets) as (keyof Targets)[]).map((target) => {
    const bound = targets[target] as number;
    const values = runs.map((run) => measured(target, run, scenario));
    const atLeast = target === 'goodputRatio';
    const worst = atLeast ? Math.min(...values) : Math.max(...values);
    return { target, bound, worst, met: atLeast ? worst >= bound : worst <= bound };
  });
}

function measured(target: keyof Targets, run: Summary, scenario: Scenario): number {
  switch (target) {
    case 'p99Ratio':
      return run.p99Ratio;
    case 'errorRatio':
      return run.errors / run.calls;
    case 'amplification':
      return run.amplification;
    case 'recoveryMs':
      return run.recoveryMs ?? 0;
    case 'goodputRatio':
      return (run.goodput ?? 0) / capacityOf(scenario);
    case 'herd':
      return run.herd ?? 0;
  }
}
