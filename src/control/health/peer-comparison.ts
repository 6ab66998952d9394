/**
 * The rules that compare endpoints with each other over an interval: success rates and latencies. Both are opt-in; what
 * an attempt costs them is nothing while they are off.
 *
 * As in gRFC A50 a verdict rests on one whole interval and nothing older. The interval begins with the first result and
 * its timer runs only then: a service without traffic has nothing to compare, and keeps no timer.
 */

import type { Clock } from '../../core/clock.js';
import type { EjectionReason } from '../../core/events.js';
import type { Outcome } from '../../core/outcome.js';
import { RotatingHistogram } from '../../kit/rotating-histogram.js';
import type { EjectionSettings } from './ejection-settings.js';
import { latencyOutliers, type LatencySample } from './latency-outlier.js';
import { isLocalOrigin } from './split-evidence.js';
import { successRateOutliers, type Tally } from './success-rate.js';

export interface PeerComparison<T> {
  /** An attempt ended; `latencyMs` is the time to response headers. */
  note(subject: T, outcome: Outcome & { kind: 'success' | 'failure' }, latencyMs: number | undefined): void;
  /** Its results of this interval count no longer. */
  forget(subject: T): void;
  close(): void;
}

export interface PeerComparisonInput<T> {
  readonly settings: Pick<EjectionSettings, 'windowMs' | 'successRate' | 'latency' | 'splitLocalOrigin'>;
  readonly clock: Clock;
  /** At the end of an interval, success rates before latencies, as found. */
  readonly onOutlier: (subject: T, reason: EjectionReason, detail: string) => void;
}

interface Results<T> {
  readonly subject: T;
  successes: number;
  failures: number;
  localFailures: number;
  latencies: RotatingHistogram | undefined;
  answers: number;
}

/** Undefined when no rule asks for it. */
export function createPeerComparison<T>(input: PeerComparisonInput<T>): PeerComparison<T> | undefined {
  const { settings, clock, onOutlier } = input;
  const { successRate, latency, splitLocalOrigin, windowMs } = settings;
  if (successRate === false && latency === false) return undefined;
  let results = new Map<T, Results<T>>();
  let timer: Disposable | undefined;

  function resultsOf(subject: T): Results<T> {
    let own = results.get(subject);
    if (own === undefined) {
      own = { subject, successes: 0, failures: 0, localFailures: 0, latencies: undefined, answers: 0 };
      results.set(subject, own);
    }
    return own;
  }

  function compare(): void {
    const all = [...results.values()];
    results = new Map();
    timer = undefined;
    if (successRate !== false) {
      for (const { subject, detail } of successRateOutliers(all.map(answeredTally), successRate))
        onOutlier(subject, 'success-rate', detail);
      if (splitLocalOrigin) {
        for (const { subject, detail } of successRateOutliers(all.map(reachedTally), successRate))
          onOutlier(subject, 'local-success-rate', detail);
      }
    }
    if (latency === false) return;
    for (const { subject, detail } of latencyOutliers(all.map(latencySample), latency))
      onOutlier(subject, 'latency', detail);
  }

  return {
    note(subject, outcome, latencyMs) {
      timer ??= clock.setTimer(compare, windowMs);
      const own = resultsOf(subject);
      if (outcome.kind === 'failure') {
        if (splitLocalOrigin && isLocalOrigin(outcome.reason)) own.localFailures++;
        else own.failures++;
        return;
      }
      own.successes++;
      if (latency === false || latencyMs === undefined) return;
      own.answers++;
      // One interval is all that it lives for.
      (own.latencies ??= new RotatingHistogram(Infinity)).add(latencyMs, 0);
    },
    forget(subject) {
      results.delete(subject);
    },
    close() {
      timer?.[Symbol.dispose]();
      timer = undefined;
      results.clear();
    },
  };
}

/** Of those that answered, or of all when nobody counts them apart. */
function answeredTally<T>({ subject, successes, failures }: Results<T>): Tally<T> {
  return { subject, successes, failures };
}

/** Whether the endpoint was reached at all. */
function reachedTally<T>({ subject, successes, failures, localFailures }: Results<T>): Tally<T> {
  return { subject, successes: successes + failures, failures: localFailures };
}

function latencySample<T>({ subject, answers, latencies }: Results<T>): LatencySample<T> {
  return { subject, answers, medianMs: latencies?.quantile(0.5, 0) ?? 0 };
}
