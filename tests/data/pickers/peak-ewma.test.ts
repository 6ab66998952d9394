import { describe, expect, it } from '@jest/globals';

import type { Outcome } from '../../../src/core/outcome.js';
import { IGNORED, SUCCESS } from '../../../src/core/outcome.js';
import { PeakLatencies, createPeakEwmaPolicy } from '../../../src/data/pickers/peak-ewma.js';
import { NO_TICKET } from '../../../src/data/policy.js';
import { PEAK_EWMA_DEFAULTS, type PeakEwmaOptions } from '../../../src/data/policy-options.js';
import { comparisonOf, countPicks, endpoints, expectShares, handLoads, makePicker } from './picker-fixture.js';

const SLOT = 0;

function latencies(options: Partial<PeakEwmaOptions> = {}): PeakLatencies {
  const learner = new PeakLatencies({ ...PEAK_EWMA_DEFAULTS, ...options });
  learner.reset(SLOT, 0);
  return learner;
}

/** One attempt that began `tookMs` before. */
function attempt(learner: PeakLatencies, outcome: Outcome, tookMs: number, nowMs: number, answered = true): void {
  const ticket = learner.begin(SLOT, nowMs - tookMs);
  if (answered) learner.heard(SLOT, ticket);
  learner.end(SLOT, answered ? NO_TICKET : ticket, outcome, tookMs, answered, nowMs);
}

describe('what peak-ewma expects of an endpoint', () => {
  it('fades from its first value: 10, 9.048, 8.187 after 0, 100, 200 ms at a time constant of 1 s', () => {
    const learner = latencies({ tauMs: 1_000, initialLatencyMs: 10 });
    expect(learner.expectedMs(SLOT, 0)).toBe(10);
    expect(learner.expectedMs(SLOT, 100)).toBeCloseTo(9.048, 3);
    expect(learner.expectedMs(SLOT, 200)).toBeCloseTo(8.187, 3);
  });

  it('follows two calls as in tower: 400 while one is under way, then 200, below 100, below 0.1', () => {
    const learner = latencies({ tauMs: 1_000, initialLatencyMs: 20 });
    const cost = (nowMs: number, inFlight: number): number => learner.expectedMs(SLOT, nowMs) * (inFlight + 1);
    const [first, second] = [learner.begin(SLOT, 100), learner.begin(SLOT, 200)];
    learner.end(SLOT, first, SUCCESS, 200, true, 300);
    expect(cost(300, 1)).toBe(400);
    learner.end(SLOT, second, SUCCESS, 200, true, 400);
    expect(cost(400, 0)).toBeCloseTo(200, 10);
    expect(cost(1_400, 0)).toBeLessThan(100);
    expect(cost(11_400, 0)).toBeLessThan(0.1);
  });

  it('grows with the age of the oldest attempt that waits for its headers', () => {
    const learner = latencies();
    const oldest = learner.begin(SLOT, 1_000);
    const younger = learner.begin(SLOT, 1_400);
    expect(learner.expectedMs(SLOT, 1_010)).toBeCloseTo(30 * Math.exp(-0.101), 10);
    expect(learner.expectedMs(SLOT, 3_000)).toBe(2_000);
    learner.heard(SLOT, oldest);
    expect(learner.expectedMs(SLOT, 3_000)).toBe(1_600);
    // An hour of streaming afterwards is no hang.
    learner.heard(SLOT, younger);
    expect(learner.expectedMs(SLOT, 3_600_000)).toBeLessThan(0.001);
  });

  it('takes a failure for 5 s, however fast it came, and fades it', () => {
    const learner = latencies();
    attempt(learner, { kind: 'failure', reason: 'status', status: 500 }, 1, 1_000);
    expect(learner.expectedMs(SLOT, 1_000)).toBe(5_000);
    expect(learner.expectedMs(SLOT, 11_000)).toBeCloseTo(5_000 / Math.E, 8);
  });

  it('takes a timeout for as long as it took', () => {
    const learner = latencies();
    attempt(learner, { kind: 'failure', reason: 'timeout' }, 10_000, 20_000, false);
    expect(learner.expectedMs(SLOT, 20_000)).toBe(10_000);
  });

  it.each([
    ['1 s, floored to the penalty', 1_000, 5_000],
    ['a minute', 60_000, 60_000],
    ['an hour, capped', 3_600_000, 300_000],
    ['nothing', undefined, 5_000],
  ])('takes an overload that asks for %s for that', (_, retryAfterMs, expected) => {
    for (const status of [429, 503]) {
      const learner = latencies();
      const outcome: Outcome = { kind: 'overload', status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
      attempt(learner, outcome, 2, 1_000);
      expect(learner.expectedMs(SLOT, 1_000)).toBe(expected);
    }
  });

  it('never falls through a penalty', () => {
    const learner = latencies();
    attempt(learner, SUCCESS, 8_000, 10_000);
    attempt(learner, { kind: 'failure', reason: 'reset' }, 1, 10_001, false);
    expect(learner.expectedMs(SLOT, 10_001)).toBeCloseTo(8_000, -1);
    expect(learner.expectedMs(SLOT, 10_001)).toBeGreaterThan(7_990);
  });

  it('penalizes no success and no abort; an abort says only that it took longer', () => {
    const learner = latencies();
    attempt(learner, SUCCESS, 40, 1_000);
    attempt(learner, IGNORED, 10, 1_000, false);
    expect(learner.expectedMs(SLOT, 1_000)).toBe(40);
    attempt(learner, IGNORED, 700, 1_000, false);
    expect(learner.expectedMs(SLOT, 1_000)).toBe(700);
    // Answered, and lost to a hedge or cancelled while it streamed: its time to the headers is a sample like any other.
    attempt(learner, IGNORED, 5, 11_000);
    expect(learner.expectedMs(SLOT, 11_000)).toBeCloseTo(5 + 695 / Math.E, 8);
    const unknown = learner.begin(SLOT, 11_000);
    learner.end(SLOT, unknown, undefined, 50_000, false, 61_000);
    expect(learner.expectedMs(SLOT, 61_000)).toBeLessThan(5);
  });

  it('forgives what a probe has disproved, and knows nothing of the next tenant of a slot', () => {
    const learner = latencies();
    attempt(learner, { kind: 'failure', reason: 'reset' }, 1, 1_000, false);
    learner.forgive(SLOT, 1_000);
    expect(learner.expectedMs(SLOT, 1_000)).toBe(30);
    attempt(learner, { kind: 'failure', reason: 'reset' }, 1, 1_000, false);
    learner.reset(SLOT, 2_000);
    expect(learner.expectedMs(SLOT, 2_000)).toBe(30);
    learner.reset(900, 0);
    expect(learner.expectedMs(900, 0)).toBe(30);
    expect(learner.expectedMs(SLOT, 2_000)).toBe(30);
  });
});

describe('peak-ewma', () => {
  it('never picks the one of the highest cost, latency × (in flight + 1) / weight', () => {
    const policy = createPeakEwmaPolicy();
    const set = endpoints([1, 2, 1]);
    [0, 1, 2].forEach((slot) => policy.learner?.reset(slot, 0));
    const loads = handLoads(3);
    // 30 × 3 / 1, 30 × 5 / 2, 30 × 1 / 1.
    [2, 4, 0].forEach((inFlight, index) => (loads.inFlightOf[index] = inFlight));
    const slots = Int32Array.of(0, 1, 2);
    const picker = makePicker((input) => policy.createPicker(input, slots, comparisonOf(loads, slots)), set, { loads });
    // Of the three pairs the cheapest wins two, the next one.
    expectShares(countPicks(picker, 3, 20_000), [0, 1 / 3, 2 / 3]);
  });
});
