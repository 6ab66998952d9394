/**
 * When an attempt has waited too long, by the service's own measure.
 *
 * A hung endpoint gives no error to retry on, and nobody knows how much time a caller has: so an attempt that waits far
 * longer than answers of this service take, while others answer, gets company on another endpoint. That is a *rescue*: it
 * must never fire in healthy traffic, and eight times the p99 is beyond the tail of anything that is merely slow. A
 * *hedge* is the same machinery at an everyday quantile, for those who pay load for a shorter tail.
 *
 * Nobody is watched: an attempt carries one timer anyway, which stops here on its way to the attempt's timeout.
 */

import type { Clock } from '../../core/clock.js';
import { RotatingHistogram } from '../../kit/rotating-histogram.js';
import { createRetryBudget, type RetryBudget } from '../retry-budget.js';
import type { HedgeSettings } from './hedge-settings.js';

export type HedgeKind = 'rescue' | 'hedge';

/** `nowMs`, wherever it is asked for, is clock time, where the caller has just read it. */
export interface HedgePolicy {
  /** Attempts that have neither response headers nor failed: each counts itself in and out. */
  waiting: number;
  /** A call begins. */
  deposit(nowMs?: number): void;
  /** Response headers came from an endpoint. */
  answered(endpoint: string, latencyMs: number, nowMs?: number): void;
  /** How long an attempt waits before it is overdue, in milliseconds; Infinity for ever. */
  patienceMs(nowMs?: number): number;
  /** Half of the answers of the last minutes took less, in milliseconds; 0 while too few are known. */
  medianMs(): number;
  /** Which kind of company an attempt that has waited so long may get; undefined for none. Takes its price for a hedge. */
  allows(endpoint: string, startedAtMs: number, waitedMs: number): HedgeKind | undefined;
}

/** Latencies of the last one to two minutes. */
const WINDOW_MS = 60_000;

/** Below this many samples a quantile in the tail is one request's word. */
const FEWEST_FOR_QUANTILE = 100;

/** How long a computed delay is used: the histogram moves slowly, and reading it costs microseconds. */
const RECOMPUTE_MS = 500;

/** One hedge a second is no storm, and lets a quiet client have any at all. */
const HEDGES_PER_SECOND = 1;

export function createHedgePolicy(settings: HedgeSettings, clock: Clock): HedgePolicy {
  return new LatencyHedgePolicy(settings, clock);
}

class LatencyHedgePolicy implements HedgePolicy {
  waiting = 0;
  private readonly settings: HedgeSettings;
  private readonly clock: Clock;
  private readonly latencies = new RotatingHistogram(WINDOW_MS);
  private readonly hedges: RetryBudget | undefined;
  /** Who answered last, and when anybody else did. */
  private lastEndpoint: string | undefined;
  private lastAtMs = Number.NEGATIVE_INFINITY;
  private othersAtMs = Number.NEGATIVE_INFINITY;
  private rescueAfterMs = Infinity;
  private hedgeAfterMs = Infinity;
  private computedAtMs = Number.NEGATIVE_INFINITY;

  constructor(settings: HedgeSettings, clock: Clock) {
    this.settings = settings;
    this.clock = clock;
    if (settings.quantile !== undefined)
      this.hedges = createRetryBudget(
        { ratio: settings.maxRatio, minPerSecond: HEDGES_PER_SECOND, ttlMs: 10_000 },
        clock,
      );
  }

  deposit(now?: number): void {
    this.hedges?.deposit(now);
  }

  answered(endpoint: string, latencyMs: number, now: number = this.clock.now()): void {
    this.latencies.add(latencyMs, now);
    if (endpoint !== this.lastEndpoint) {
      this.othersAtMs = this.lastAtMs;
      this.lastEndpoint = endpoint;
    }
    this.lastAtMs = now;
  }

  medianMs(): number {
    const now = this.clock.now();
    return this.latencies.count(now) < FEWEST_FOR_QUANTILE ? 0 : (this.latencies.quantile(0.5, now) ?? 0);
  }

  patienceMs(now: number = this.clock.now()): number {
    if (now - this.computedAtMs >= RECOMPUTE_MS) this.compute(now);
    return Math.min(this.rescueAfterMs, this.hedgeAfterMs);
  }

  allows(endpoint: string, startedAtMs: number, waitedMs: number): HedgeKind | undefined {
    // The tail may have moved since the attempt's timer was set.
    this.compute(this.clock.now());
    const othersAtMs = endpoint === this.lastEndpoint ? this.othersAtMs : this.lastAtMs;
    // Where nobody else is waiting, that nobody else answers means nothing.
    const othersAnswer = othersAtMs >= startedAtMs || this.waiting <= 1;
    if (waitedMs >= this.rescueAfterMs) return othersAnswer ? 'rescue' : undefined;
    return waitedMs >= this.hedgeAfterMs && this.hedges?.tryWithdraw() === true ? 'hedge' : undefined;
  }

  private compute(now: number): void {
    const { rescue, rescueMinMs, rescueFactor, quantile, minDelayMs } = this.settings;
    this.computedAtMs = now;
    const p99 = rescue ? this.latencies.quantile(0.99, now) : undefined;
    this.rescueAfterMs = rescue ? Math.ceil(Math.max(rescueMinMs, rescueFactor * (p99 ?? 0))) : Infinity;
    const known = quantile !== undefined && this.latencies.count(now) >= FEWEST_FOR_QUANTILE;
    this.hedgeAfterMs = known ? Math.ceil(Math.max(minDelayMs, this.latencies.quantile(quantile, now) ?? 0)) : Infinity;
  }
}
