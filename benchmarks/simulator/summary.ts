/** What a run comes to, in numbers that can be compared. */

import type { RunRecord } from './record.js';
import type { Scenario, Trouble } from './scenario.js';

export interface Summary {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  /** p99 over that of the oracle, in the run of the same seed. */
  readonly p99Ratio: number;
  readonly errors: number;
  /** Calls that their own client refused: errors as well. */
  readonly shed: number;
  /** Attempts per call that was let go, refused connections and all. */
  readonly amplification: number;
  /** Of requests at a server per worker: the highest mean over time of any server, over the mean of all. */
  readonly maxOverMeanLoad: number;
  /** Undefined where there is nothing to recover from; Infinity for never. */
  readonly recoveryMs: number | undefined;
  /** Successes per second while the trouble lasted. */
  readonly goodput: number | undefined;
  /** Arrivals at the busiest server over the mean, in the second after the trouble began. */
  readonly herd: number | undefined;
}

/** Time is looked at in pieces of this size, in milliseconds. */
export const BIN_MS = 250;

/**
 * A piece is bad when a call of it failed, or when more of its calls were slower than the oracle's p99 than five times
 * the normal 1 %, and three standard deviations on top of that, because a piece can be a hundred calls.
 */
const SLOW_RATIO = 0.05;

const HERD_MS = 1_000;

export function summarize(scenario: Scenario, run: RunRecord, oracle: RunRecord): Summary {
  const sorted = run.tookMs.slice().sort();
  const { trouble } = scenario;
  return {
    calls: run.tookMs.length,
    p50Ms: quantile(sorted, 0.5),
    p99Ms: quantile(sorted, 0.99),
    p999Ms: quantile(sorted, 0.999),
    p99Ratio: quantile(sorted, 0.99) / quantile(oracle.tookMs.slice().sort(), 0.99),
    errors: run.succeeded.reduce((sum, succeeded) => sum + 1 - succeeded, 0),
    shed: run.shed,
    amplification: run.sends.length / (run.tookMs.length - run.shed),
    maxOverMeanLoad: maxOverMean(run.loads.filter((load) => load > 0)),
    recoveryMs: trouble === undefined ? undefined : recoveryOf(scenario, trouble, run, oracle),
    goodput: trouble === undefined ? undefined : goodputOf(trouble, run),
    herd: trouble === undefined ? undefined : herdOf(trouble, run),
  };
}

/** Of sorted values; the smallest of which at least the share `p` is no larger. */
export function quantile(sorted: Float64Array, p: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)] ?? NaN;
}

export interface Bin {
  readonly fromMs: number;
  calls: number;
  errors: number;
  slow: number;
  tookMs: number[];
}

/** Calls by when they began. */
export function binsOf(run: RunRecord, measuredMs: number, slowMs: number, binMs: number = BIN_MS): Bin[] {
  const bins = Array.from({ length: Math.ceil(measuredMs / binMs) }, (_, index): Bin => ({
    fromMs: index * binMs,
    calls: 0,
    errors: 0,
    slow: 0,
    tookMs: [],
  }));
  run.beganMs.forEach((beganMs, index) => {
    const bin = bins[Math.floor(beganMs / binMs)];
    if (bin === undefined) return;
    const tookMs = run.tookMs[index] as number;
    bin.calls++;
    bin.errors += 1 - (run.succeeded[index] as number);
    if (tookMs > slowMs) bin.slow++;
    bin.tookMs.push(tookMs);
  });
  return bins;
}

/**
 * Until the last bad piece is over. What counts as slow is what the oracle, too, needs for one call in a hundred: while
 * the fault lasts where it stays, and before the trouble where it ends.
 */
function recoveryOf(scenario: Scenario, trouble: Trouble, run: RunRecord, oracle: RunRecord): number {
  const stays = trouble.recoveryFrom === 'beginning';
  const [fromMs, toMs] = stays ? [trouble.fromMs, trouble.toMs] : [0, trouble.fromMs];
  const normal = oracle.tookMs.filter((_, index) => {
    const beganMs = oracle.beganMs[index] as number;
    return beganMs >= fromMs && beganMs < toMs;
  });
  const bins = binsOf(run, scenario.measuredMs, quantile(normal.sort(), 0.99));
  const [countedFromMs, countedToMs] = stays ? [fromMs, toMs] : [trouble.toMs, scenario.measuredMs];
  let lastBadMs = countedFromMs;
  for (const { fromMs: beganMs, calls, errors, slow } of bins) {
    if (beganMs + BIN_MS <= countedFromMs || beganMs >= countedToMs) continue;
    const expected = SLOW_RATIO * calls;
    const isSlow = slow > expected + 3 * Math.sqrt(expected);
    if (errors > 0 || isSlow) lastBadMs = beganMs + BIN_MS;
  }
  return lastBadMs >= countedToMs ? Infinity : lastBadMs - countedFromMs;
}

function goodputOf({ fromMs, toMs }: Trouble, run: RunRecord): number {
  let successes = 0;
  run.beganMs.forEach((beganMs, index) => {
    const endedMs = beganMs + (run.tookMs[index] as number);
    if (run.succeeded[index] === 1 && endedMs >= fromMs && endedMs < toMs) successes++;
  });
  return (successes * 1_000) / (toMs - fromMs);
}

function herdOf({ fromMs }: Trouble, run: RunRecord): number {
  const counts = run.loads.map(() => 0);
  for (const { atMs, server } of run.sends)
    if (atMs >= fromMs && atMs < fromMs + HERD_MS) counts[server] = (counts[server] ?? 0) + 1;
  return maxOverMean(counts);
}

function maxOverMean(values: readonly number[]): number {
  return Math.max(...values) / (values.reduce((sum, value) => sum + value, 0) / values.length);
}
