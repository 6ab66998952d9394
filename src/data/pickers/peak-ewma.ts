/**
 * Two random choices by expected wait: latency × (attempts in flight + 1) / weight, where latency is a peak-sensitive
 * average (see `kit/peak-ewma.ts`) that rises at once and falls slowly. For endpoints of unequal speed; on equal ones it
 * takes noise for slowness, and a service that is merely busy is spread less evenly than by counting.
 *
 * Three things besides, without which latency misleads:
 *
 * - A failure counts for 5 s, or for what Retry-After says, however fast it came (linkerd `load-biaser`): else an
 *   endpoint that fails at once would be the fastest of all and draw everything in.
 * - An attempt that waits for its headers counts by its age: a hang is seen while it lasts, not when it times out.
 * - An abort by the caller is no failure. That it waited so long in vain raises the estimate to that time and no more.
 */

import type { Outcome } from '../../core/outcome.js';
import { fadePeak, observePeak } from '../../kit/peak-ewma.js';
import { StartTimes } from '../../kit/start-times.js';
import { RETRY_AFTER_CAP_MS } from '../load-table.js';
import type { Loads, PickerInput } from '../picker.js';
import { NO_TICKET, type Learner, type Policy } from '../policy.js';
import { PEAK_EWMA_DEFAULTS, type PeakEwmaOptions } from '../policy-options.js';
import { costPerWeight } from './cost-per-weight.js';
import { TwoChoices } from './two-choices.js';

export function createPeakEwmaPolicy(options: PeakEwmaOptions = PEAK_EWMA_DEFAULTS): Policy {
  const learner = new PeakLatencies({ ...PEAK_EWMA_DEFAULTS, ...options });
  return { learner, createPicker: (input, slots) => new PeakEwmaPicker(input, slots, learner) };
}

/** 24 bytes for each endpoint, and 20 for each attempt in flight; the arrays double when full. */
export class PeakLatencies implements Learner {
  private readonly settings: Required<PeakEwmaOptions>;
  /** Estimate and the time of its last sample, by turns. */
  private numbers: Float64Array = new Float64Array(32);
  private readonly waiting = new StartTimes();

  constructor(settings: Required<PeakEwmaOptions>) {
    this.settings = settings;
  }

  /** How long the next attempt would wait for its answer if it had the endpoint for itself. */
  expectedMs(slot: number, nowMs: number): number {
    const estimate = this.estimateMs(slot, nowMs);
    const waitingMs = nowMs - this.waiting.oldestMs(slot);
    return waitingMs > estimate ? waitingMs : estimate;
  }

  reset(slot: number, nowMs: number): void {
    if (slot * 2 >= this.numbers.length) this.grow(slot);
    this.set(slot, this.settings.initialLatencyMs, nowMs);
  }

  forgive(slot: number, nowMs: number): void {
    this.set(slot, Math.min(this.estimateMs(slot, nowMs), this.settings.initialLatencyMs), nowMs);
  }

  begin(slot: number, nowMs: number): number {
    return this.waiting.add(slot, nowMs);
  }

  heard(_slot: number, ticket: number): void {
    // From here on it streams, which may take hours and is no sign of a hang.
    this.waiting.remove(ticket);
  }

  end(
    slot: number,
    ticket: number,
    outcome: Outcome | undefined,
    tookMs: number,
    answered: boolean,
    nowMs: number,
  ): void {
    if (ticket !== NO_TICKET) this.waiting.remove(ticket);
    switch (outcome?.kind) {
      case 'success':
        return this.observe(slot, tookMs, nowMs);
      case 'ignored':
        if (answered) this.observe(slot, tookMs, nowMs);
        else if (tookMs > this.estimateMs(slot, nowMs)) this.observe(slot, tookMs, nowMs);
        return;
      case 'failure':
        return this.penalize(slot, tookMs, nowMs);
      case 'overload':
        return this.penalize(slot, Math.min(outcome.retryAfterMs ?? 0, RETRY_AFTER_CAP_MS), nowMs);
    }
  }

  private estimateMs(slot: number, nowMs: number): number {
    const at = slot * 2;
    const elapsedMs = nowMs - (this.numbers[at + 1] as number);
    return fadePeak(this.numbers[at] as number, elapsedMs, this.settings.tauMs);
  }

  private observe(slot: number, sampleMs: number, nowMs: number): void {
    const at = slot * 2;
    const elapsedMs = nowMs - (this.numbers[at + 1] as number);
    this.set(slot, observePeak(this.numbers[at] as number, sampleMs, elapsedMs, this.settings.tauMs), nowMs);
  }

  /** Never makes an endpoint look faster than it does now. */
  private penalize(slot: number, atLeastMs: number, nowMs: number): void {
    const penaltyMs = Math.max(this.estimateMs(slot, nowMs), this.settings.failurePenaltyMs, atLeastMs);
    this.set(slot, penaltyMs, nowMs);
  }

  private set(slot: number, estimateMs: number, nowMs: number): void {
    this.numbers[slot * 2] = estimateMs;
    this.numbers[slot * 2 + 1] = nowMs;
  }

  private grow(slot: number): void {
    const { numbers } = this;
    this.numbers = new Float64Array(Math.max(numbers.length * 2, (slot + 1) * 2));
    this.numbers.set(numbers);
  }
}

class PeakEwmaPicker extends TwoChoices {
  private readonly loads: Loads;
  private readonly slots: Int32Array;
  private readonly latencies: PeakLatencies;
  private readonly perWeight: Float64Array | undefined;

  constructor(input: PickerInput, slots: Int32Array, latencies: PeakLatencies) {
    super(input);
    this.loads = input.loads;
    this.slots = slots;
    this.latencies = latencies;
    this.perWeight = costPerWeight(input.endpoints);
  }

  protected cost(index: number): number {
    const { loads } = this;
    const expectedMs = this.latencies.expectedMs(this.slots[index] as number, loads.nowMs);
    const cost = expectedMs * (loads.inFlight(index) + 1);
    return this.perWeight === undefined ? cost : cost * (this.perWeight[index] as number);
  }
}
