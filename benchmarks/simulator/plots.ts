/** The plots of the report, as SVG, by Vega-Lite. */

import * as vega from 'vega';
import * as vegaLite from 'vega-lite';

import type { RunRecord } from './record.js';
import type { Result } from './report.js';
import { POLICIES, type PolicyName, type Scenario } from './scenario.js';
import { binsOf, quantile } from './summary.js';

/** Colours that stay apart for everybody (Okabe and Ito); the yardstick is black, the default stands out. */
const COLOURS: Readonly<Record<PolicyName, string>> = {
  oracle: '#000000',
  random: '#999999',
  'round-robin': '#e69f00',
  p2c: '#56b4e9',
  'peak-ewma': '#cc79a7',
  adaptive: '#d55e00',
};

const COLOUR = {
  field: 'policy',
  type: 'nominal',
  scale: { domain: [...POLICIES], range: POLICIES.map((policy) => COLOURS[policy]) },
  legend: { title: null },
} as const;

/** p99 of every policy in every scenario, as a multiple of the oracle's. */
export function p99Plot(results: readonly Result[]): Promise<string> {
  const names = results.map(({ scenario }) => scenario.name);
  const values = results.flatMap(({ scenario, runs }) =>
    POLICIES.flatMap((policy) =>
      (runs[policy] ?? []).map(({ p99Ratio }) => ({ scenario: scenario.name, policy, ratio: p99Ratio })),
    ),
  );
  const targets = results.flatMap(
    ({
      scenario: {
        name,
        targets: { p99Ratio },
      },
    }) => (p99Ratio === undefined ? [] : [{ scenario: name, ratio: p99Ratio }]),
  );
  const y = { field: 'scenario', type: 'nominal', sort: names, title: null } as const;
  const x = {
    field: 'ratio',
    type: 'quantitative',
    title: 'p99 / oracle’s p99, one point a seed; the bar is the target',
    scale: { type: 'log', domain: [0.95, 10], clamp: true },
    axis: { values: [1, 1.1, 1.3, 1.5, 2, 3, 5, 10] },
  } as const;
  return svgOf({
    width: 620,
    height: { step: 26 },
    layer: [
      {
        data: { values: targets },
        mark: { type: 'tick', color: '#009e73', thickness: 3, size: 22 },
        encoding: { y, x },
      },
      {
        data: { values },
        mark: { type: 'point', filled: true, size: 45, opacity: 0.75 },
        encoding: { y, x, color: COLOUR },
      },
    ],
  });
}

const SLICE_MS = 500;

/** p99 over time, before, during and after a trouble. */
export function timePlot(scenario: Scenario, runs: Readonly<Partial<Record<PolicyName, RunRecord>>>): Promise<string> {
  const values = POLICIES.flatMap((policy) => {
    const run = runs[policy];
    if (run === undefined) return [];
    return binsOf(run, scenario.measuredMs, Infinity, SLICE_MS)
      .filter(({ calls }) => calls > 0)
      .map(({ fromMs, tookMs }) => ({
        policy,
        second: fromMs / 1_000,
        p99Ms: quantile(Float64Array.from(tookMs).sort(), 0.99),
      }));
  });
  const { trouble } = scenario;
  const marks = trouble === undefined ? [] : [trouble.fromMs, trouble.toMs].filter((ms) => ms < scenario.measuredMs);
  return svgOf({
    width: 620,
    height: 200,
    title: { text: `${scenario.title}: p99 of each half second`, fontSize: 12 },
    layer: [
      {
        data: { values: marks.map((ms) => ({ second: ms / 1_000 })) },
        mark: { type: 'rule', strokeDash: [4, 4], color: '#009e73' },
        encoding: { x: { field: 'second', type: 'quantitative' } },
      },
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 1.5 },
        encoding: {
          x: { field: 'second', type: 'quantitative', title: 'seconds' },
          y: { field: 'p99Ms', type: 'quantitative', title: 'p99, ms', scale: { type: 'log' } },
          color: COLOUR,
        },
      },
    ],
  });
}

async function svgOf(spec: object): Promise<string> {
  const { spec: compiled } = vegaLite.compile({
    $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
    background: 'white',
    config: { font: 'sans-serif' },
    ...spec,
  } as vegaLite.TopLevelSpec);
  const view = new vega.View(vega.parse(compiled), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
