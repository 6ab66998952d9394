/**
 * The command: `npm run simulate`.
 *
 *   npm run simulate                                   everything, and writes docs/simulation
 *   npm run simulate -- --quick                        every scenario for a short while, one seed; writes nothing
 *   npm run simulate -- --scenario one-hangs --seeds 7 some of it; `--out` says where to write
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';

import { p99Plot, timePlot } from './plots.js';
import type { RunRecord } from './record.js';
import { reportOf, type Result } from './report.js';
import { POLICIES, type PolicyName, type Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios.js';
import { quicker } from './quicker.js';
import { summarize, type Summary } from './summary.js';
import { verdictsOf } from './verdict.js';
import { simulate } from './world.js';

const SEEDS = [1, 2, 3, 4];

/** Of these, the report shows what happened over time. */
const SHOWN_OVER_TIME = new Set(['one-hangs', 'zone-outage', 'overload-bounded', 'overload-unbounded']);

export async function main(args: readonly string[], write: (line: string) => void): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      scenario: { type: 'string', multiple: true },
      seeds: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const seeds = values.seeds?.split(',').map(Number) ?? (values.quick ? SEEDS.slice(0, 1) : SEEDS);
  const scenarios = chosen(values.scenario).map((scenario) => (values.quick ? quicker(scenario) : scenario));
  const isAll = values.scenario === undefined && !values.quick && values.seeds === undefined;
  const out = values.out ?? (isAll ? 'docs/simulation' : undefined);

  const results: Result[] = [];
  const plots: { file: string; shows: string; svg: string }[] = [];
  for (const scenario of scenarios) {
    const { result, records } = await runAll(scenario, seeds, write);
    results.push(result);
    for (const { target, bound, worst, met } of verdictsOf(scenario, result.runs.adaptive ?? []))
      write(`  ${met ? 'met' : 'NOT met'}: ${target} ${Number(worst.toPrecision(4))}, target ${bound}`);
    if (SHOWN_OVER_TIME.has(scenario.name) && out !== undefined)
      plots.push({
        file: `${scenario.name}.svg`,
        shows: `${scenario.title}: p99 over time by policy`,
        svg: await timePlot(scenario, records),
      });
  }
  if (out === undefined) return;
  plots.unshift({
    file: 'p99.svg',
    shows: 'p99 of every policy over the oracle’s, by scenario',
    svg: await p99Plot(results),
  });
  const command = ['npm run simulate', ...(args.length === 0 ? [] : ['--', ...args])].join(' ');
  const report = reportOf({ results, seeds, command, plots });
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, 'results.md'), await format(report, { parser: 'markdown', printWidth: 120 }));
  for (const { file, svg } of plots) writeFileSync(join(out, file), svg);
  write(`written to ${out}`);
}

function chosen(names: readonly string[] | undefined): readonly Scenario[] {
  if (names === undefined) return SCENARIOS;
  return names.map((name) => {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name);
    if (scenario !== undefined) return scenario;
    throw new Error(`no scenario '${name}'; there are ${SCENARIOS.map((each) => each.name).join(', ')}`);
  });
}

/** Every policy with every seed; the whole records are kept of the first seed only. */
async function runAll(
  scenario: Scenario,
  seeds: readonly number[],
  write: (line: string) => void,
): Promise<{ result: Result; records: Partial<Record<PolicyName, RunRecord>> }> {
  const runs: Partial<Record<PolicyName, Summary[]>> = {};
  const records: Partial<Record<PolicyName, RunRecord>> = {};
  write(`${scenario.name}: ${scenario.title}`);
  for (const seed of seeds) {
    const oracle = await simulate(scenario, 'oracle', seed);
    for (const policy of POLICIES) {
      const run = policy === 'oracle' ? oracle : await simulate(scenario, policy, seed);
      const summary = summarize(scenario, run, oracle);
      (runs[policy] ??= []).push(summary);
      if (seed === seeds[0]) records[policy] = run;
      const { p99Ms, p99Ratio, errors, calls } = summary;
      write(
        `  seed ${seed} ${policy}: p99 ${p99Ms.toFixed(1)} ms, ${p99Ratio.toFixed(3)} × oracle, ${errors} errors, ${calls} calls, ${run.seconds.toFixed(1)} s`,
      );
    }
  }
  return { result: { scenario, runs }, records };
}
