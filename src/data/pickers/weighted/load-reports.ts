/** What endpoints report of their load, as weights (gRFC A58): requests per second, per share of the machine that they take. */

import { readLoadReport, type LoadReport } from '../../../kit/load-report.js';
import type { Learner } from '../../policy.js';
import type { WeightedRoundRobinOptions } from '../../policy-options.js';

/** Numbers per slot. */
const STRIDE = 3;
/** 0 before the first report. */
const WEIGHT = 0;
const UPDATED_MS = 1;
/** When the first useful report came, since the endpoint came into use; Infinity before. */
const USEFUL_SINCE_MS = 2;

/** 24 bytes for each endpoint; the array doubles when full. */
export class LoadReports implements Learner {
  /** Whether anybody has ever reported. */
  any = false;
  private readonly settings: Required<WeightedRoundRobinOptions>;
  private numbers: Float64Array = new Float64Array(16 * STRIDE);

  constructor(settings: Required<WeightedRoundRobinOptions>) {
    this.settings = settings;
  }

  reset(slot: number): void {
    const at = slot * STRIDE;
    if (at >= this.numbers.length) this.grow(slot);
    this.numbers[at + WEIGHT] = 0;
    this.numbers[at + USEFUL_SINCE_MS] = Infinity;
  }

  /** It can be picked from now on: its reports have to prove themselves again. */
  entered(slot: number): void {
    this.numbers[slot * STRIDE + USEFUL_SINCE_MS] = Infinity;
  }

  heard(slot: number, _ticket: number, header: (name: string) => string | undefined, nowMs: number): void {
    const report = readLoadReport(header);
    const weight = report === undefined ? 0 : weightOf(report, this.settings);
    if (!(weight > 0 && weight < Infinity)) return;
    this.any = true;
    const at = slot * STRIDE;
    this.numbers[at + WEIGHT] = weight;
    this.numbers[at + UPDATED_MS] = nowMs;
    if (this.numbers[at + USEFUL_SINCE_MS] === Infinity) this.numbers[at + USEFUL_SINCE_MS] = nowMs;
  }

  /** 0 while unknown: no report, an old one, or the first of them too young. */
  weight(slot: number, nowMs: number): number {
    const { blackoutMs, expirationMs } = this.settings;
    const at = slot * STRIDE;
    const weight = this.numbers[at + WEIGHT] as number;
    if (weight === 0) return 0;
    if (nowMs - (this.numbers[at + UPDATED_MS] as number) >= expirationMs) {
      this.reset(slot);
      return 0;
    }
    return blackoutMs > 0 && nowMs - (this.numbers[at + USEFUL_SINCE_MS] as number) < blackoutMs ? 0 : weight;
  }

  private grow(slot: number): void {
    const { numbers } = this;
    this.numbers = new Float64Array(Math.max(numbers.length * 2, (slot + 1) * STRIDE));
    this.numbers.set(numbers);
  }
}

/** 0 for a report that says too little. */
export function weightOf(
  report: LoadReport,
  settings: Pick<Required<WeightedRoundRobinOptions>, 'errorPenalty' | 'utilizationMetrics'>,
): number {
  const perSecond = report.get('rps_fractional') ?? 0;
  const utilization = utilizationOf(report, settings.utilizationMetrics);
  if (perSecond <= 0 || utilization <= 0) return 0;
  const errors = Math.max(0, report.get('eps') ?? 0);
  return perSecond / (utilization + (errors / perSecond) * settings.errorPenalty);
}

/** The highest of the named metrics (gRFC A114), then the application's own figure, then the processor's. */
function utilizationOf(report: LoadReport, metrics: readonly string[]): number {
  let highest = 0;
  for (const name of metrics) highest = Math.max(highest, report.get(name) ?? 0);
  if (highest > 0) return highest;
  const application = report.get('application_utilization') ?? 0;
  return application > 0 ? application : (report.get('cpu_utilization') ?? 0);
}
