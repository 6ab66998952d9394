/**
 * The command: `npm run simulate`.
 *
 *   npm run simulate                                   everything, and writes docs/simulation
 *   npm run simulate -- --quick                        every scenario for a short while, one seed; writes nothing
 *   npm run simulate -- --scenario one-hangs --seeds 7 some of it; writes nothing
 *   npm run simulate -- --scenario one-hangs --out docs/simulation
 *                                                      the same, in its place in the report
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
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

  for (const scenario of scenarios) {
    const { result, records } = await runAll(scenario, seeds, write);
    for (const { target, bound, worst, met } of verdictsOf(scenario, result.runs.adaptive ?? []))
      write(`  ${met ? 'met' : 'NOT met'}: ${target} ${Number(worst.toPrecision(4))}, target ${bound}`);
    if (out === undefined) continue;
    if (SHOWN_OVER_TIME.has(scenario.name)) writeInto(out, plotOf(result).file, await timePlot(scenario, records));
    // After each one: the whole takes long, and what is done should stay.
    await publish(out, keep(out, result), seeds);
  }
}

async function publish(out: string, results: readonly Result[], seeds: readonly number[]): Promise<void> {
  const shown = results.filter(({ scenario }) => SHOWN_OVER_TIME.has(scenario.name));
  const report = reportOf({ results, seeds, command: 'npm run simulate', plots: [P99, ...shown.map(plotOf)] });
  writeInto(out, P99.file, await p99Plot(results));
  writeInto(out, 'results.md', await format(report, { parser: 'markdown', printWidth: 120 }));
}

const P99 = { file: 'p99.svg', shows: 'p99 of every policy over the oracle’s, by scenario' };

function plotOf({ scenario }: { readonly scenario: Scenario }): { file: string; shows: string } {
  return { file: `${scenario.name}.svg`, shows: `${scenario.title}: p99 over time by policy` };
}

function writeInto(folder: string, file: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), text);
}

const KEPT = 'results.json';

/** Puts a result in the place of an older one of the same scenario. @returns all that there are now */
function keep(folder: string, { scenario: { name }, runs: latest }: Result): Result[] {
  const path = join(folder, KEPT);
  const kept = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8'), fromJson) as Record<string, Result['runs']>)
    : {};
  kept[name] = latest;
  const all = SCENARIOS.flatMap((scenario) => {
    const runs = kept[scenario.name];
    return runs === undefined ? [] : [{ scenario, runs }];
  });
  const sorted = Object.fromEntries(all.map(({ scenario, runs }) => [scenario.name, runs]));
  writeInto(folder, KEPT, `${JSON.stringify(sorted, toJson, 1)}\n`);
  return all;
}

/** JSON has no word for a recovery that never comes. */
function toJson(_key: string, value: unknown): unknown {
  return value === Infinity ? 'never' : value;
}

function fromJson(_key: string, value: unknown): unknown {
  return value === 'never' ? Infinity : value;
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
