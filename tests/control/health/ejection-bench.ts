/** A bench for outlier ejection: a service under virtual time whose attempts a test settles by hand. */

import type { EjectionSettings } from '../../../src/control/health/ejection-settings.js';
import type { AttemptSample } from '../../../src/control/health/attempt-sample.js';
import { createOutlierEjection, type OutlierEjection } from '../../../src/control/health/outlier-ejection.js';
import type { FailureReason, Outcome } from '../../../src/core/outcome.js';
import { SUCCESS } from '../../../src/core/outcome.js';
import type { Random } from '../../../src/core/random.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';

/** As documented in ejection-settings.ts: the vectors below are computed from these. */
export const DOCUMENTED: EjectionSettings = {
  consecutiveFailures: 5,
  failureThreshold: 0.5,
  minVolume: 10,
  windowMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionMs: 300_000,
  jitterRatio: 0.1,
  maxEjectedRatio: 0.5,
  silence: true,
  // Its own tests turn it on; the others count rows and ratios.
  contrast: false,
  successRate: false,
  latency: false,
  splitLocalOrigin: false,
  consecutiveLocalFailures: 5,
  detectOnly: false,
  probeTimeoutMs: 30_000,
};

export const connectFailure: Outcome = { kind: 'failure', reason: 'connect' };
export const timeout: Outcome = { kind: 'failure', reason: 'timeout' };
export const status = (code: number): Outcome => ({ kind: 'failure', reason: 'status' as FailureReason, status: code });

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `e${index}`);

/** No jitter: sentences last exactly base × n. */
const middle: Random = { next: () => 0.5 };

export interface Bench {
  readonly ejection: OutlierEjection;
  readonly clock: FakeClock;
  /** What happened, in order: `eject a consecutive-failures 30000 1`, `uneject a probe`, `change`. */
  readonly log: string[];
  /** An attempt that starts and is settled now, unless the sample says otherwise. */
  settle(id: string, outcome: Outcome, sample?: Partial<AttemptSample>): void;
  succeed(id: string, times?: number): void;
  /** Five refused connections: ejects, if anything may. */
  breakDown(id: string): void;
  kinds(): string;
}

export function createBench(
  members: readonly string[],
  settings: Partial<EjectionSettings> = {},
  random: Random = middle,
): Bench {
  const clock = createFakeClock();
  const log: string[] = [];
  const ejection = createOutlierEjection({
    settings: { ...DOCUMENTED, ...settings },
    clock,
    random,
    onEject: ({ id, reason, durationMs, times, enforced }) =>
      log.push(`${enforced ? 'eject' : 'would eject'} ${id} ${reason} ${durationMs} ${times}`),
    onUneject: ({ id, by }) => log.push(`uneject ${id} ${by}`),
    onChange: () => log.push('change'),
  });
  ejection.setMembers(members);

  function settle(id: string, outcome: Outcome, sample: Partial<AttemptSample> = {}): void {
    const answered = outcome.kind === 'success' || (outcome.kind !== 'ignored' && outcome.status !== undefined);
    ejection.record(id, outcome, { startedAtMs: clock.now(), probe: false, answered, ...sample });
  }

  return {
    ejection,
    clock,
    log,
    settle,
    succeed(id, times = 1) {
      for (let n = 0; n < times; n++) settle(id, SUCCESS);
    },
    breakDown(id) {
      for (let n = 0; n < 5; n++) settle(id, connectFailure);
    },
    kinds: () => members.map((id) => `${id}:${ejection.state(id).kind}`).join(' '),
  };
}
