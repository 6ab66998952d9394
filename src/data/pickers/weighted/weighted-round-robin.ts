/**
 * Turns in proportion to weight, whatever the load: by the weights that discovery gives, in smooth order; or, as soon as
 * two endpoints or more report their load, by what they report (gRFC A58), in static strides. A report outweighs a given
 * weight, since it measures what the weight only supposes; who does not report gets the mean.
 */

import type { PickContext } from '../../../core/lease.js';
import type { Random } from '../../../core/random.js';
import type { Loads, Picker, PickerInput } from '../../picker.js';
import type { Policy } from '../../policy.js';
import { WEIGHTED_ROUND_ROBIN_DEFAULTS, type WeightedRoundRobinOptions } from '../../policy-options.js';
import { isTried, randomIndex, randomUntried } from '../random-index.js';
import { LoadReports } from './load-reports.js';
import { SmoothWeights } from './smooth-weights.js';
import { StaticStride, strideWeights } from './static-stride.js';

export function createWeightedRoundRobinPolicy(options?: WeightedRoundRobinOptions): Policy {
  const settings = { ...WEIGHTED_ROUND_ROBIN_DEFAULTS, ...options };
  const reports = new LoadReports(settings);
  const createPicker: Policy['createPicker'] = (input, slots) =>
    new WeightedRoundRobinPicker(input, slots, reports, settings.updateMs);
  return settings.loadReports ? { createPicker, learner: reports } : { createPicker };
}

/** Turns that are spent on an untried endpoint before order is let go. */
const TURNS = 8;

class WeightedRoundRobinPicker implements Picker {
  private readonly endpoints: PickerInput['endpoints'];
  private readonly loads: Loads;
  private readonly random: Random;
  private readonly slots: Int32Array;
  private readonly reports: LoadReports;
  private readonly updateMs: number;
  private readonly smooth: SmoothWeights;
  private readonly position: number;
  /** Undefined while too few report. */
  private stride: StaticStride | undefined;
  private updateAtMs = -Infinity;

  constructor(
    { endpoints, loads, random, previous }: PickerInput,
    slots: Int32Array,
    reports: LoadReports,
    updateMs: number,
  ) {
    const before = previous instanceof WeightedRoundRobinPicker ? previous : undefined;
    this.endpoints = endpoints;
    this.loads = loads;
    this.random = random;
    this.slots = slots;
    this.reports = reports;
    this.updateMs = updateMs;
    this.smooth = new SmoothWeights(endpoints, random, before?.smooth);
    this.position =
      before === undefined ? randomIndex(random, 4_294_967_296) : (before.stride?.position ?? before.position);
    if (!reports.any) return;
    const stayed = new Set(before?.slots);
    for (const slot of slots) if (!stayed.has(slot)) reports.entered(slot);
  }

  pick({ tried }: PickContext): number {
    if (this.endpoints.length < 2) return this.endpoints.length - 1;
    if (this.reports.any && this.loads.nowMs >= this.updateAtMs) this.update();
    const avoided = tried !== undefined && tried.size > 0 ? tried : undefined;
    if (this.stride !== undefined) return this.byStride(this.stride, avoided);
    const index = this.smooth.next(avoided);
    return index >= 0 ? index : this.smooth.next(undefined);
  }

  private byStride(stride: StaticStride, tried: ReadonlySet<string> | undefined): number {
    let index = stride.next();
    if (tried === undefined) return index;
    for (let turn = 1; turn < TURNS && isTried(this.endpoints, index, tried); turn++) index = stride.next();
    if (!isTried(this.endpoints, index, tried)) return index;
    const untried = randomUntried(this.random, this.endpoints, tried);
    return untried >= 0 ? untried : index;
  }

  /** Takes account of the endpoints and what they reported: now and then, since it looks at them all. */
  private update(): void {
    const { nowMs } = this.loads;
    this.updateAtMs = nowMs + this.updateMs;
    const weights = Float64Array.from(this.slots, (slot) => this.reports.weight(slot, nowMs));
    const known = weights.reduce((count, weight) => (weight > 0 ? count + 1 : count), 0);
    const position = this.stride?.position ?? this.position;
    this.stride = known < 2 ? undefined : new StaticStride(strideWeights(weights), position);
  }
}
