/**
 * What speaks against one endpoint: gateway-class failures in a row, which show within a few attempts that it is gone,
 * and the share of failures within a window, which shows one that is broken half of the time.
 */

import type { FailureReason, Outcome } from '../../core/outcome.js';
import { createIntervalWindow } from '../../kit/interval-window.js';
import type { EjectionSettings } from './ejection-settings.js';

export type EvidenceSettings = Pick<
  EjectionSettings,
  'consecutiveFailures' | 'failureThreshold' | 'minVolume' | 'windowMs'
>;

/** The rule that ejects. Those of local failures are told by evidence that keeps them apart: split-evidence.ts. */
export type EvidenceVerdict =
  'consecutive-failures' | 'failure-ratio' | 'consecutive-local-failures' | 'local-failure-ratio';

export interface FailureEvidence {
  /** Gateway-class failures since the last success. */
  readonly inARow: number;
  success(nowMs: number): void;
  failure(outcome: Outcome & { kind: 'failure' }, nowMs: number): void;
  /** Which rule ejects the endpoint, if one does. A row has no age: however slowly it grew, nothing good came between. */
  verdict(nowMs: number): EvidenceVerdict | undefined;
  /** Whether the endpoint looks bad at the moment, though perhaps not yet bad enough to be ejected. */
  isFailing(nowMs: number): boolean;
  /** The evidence behind a verdict. */
  inWords(nowMs: number): string;
  clear(): void;
}

/** Two in a row: one alone is what any endpoint does now and then. */
const FAILING_IN_A_ROW = 2;

const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

export function createFailureEvidence(settings: EvidenceSettings): FailureEvidence {
  const { consecutiveFailures, failureThreshold, minVolume, windowMs } = settings;
  let inARow = 0;
  let last = '';
  let lastFailureAtMs = Number.NEGATIVE_INFINITY;
  const window = createIntervalWindow(windowMs);

  function isOverThreshold(nowMs: number): boolean {
    // The usual case, asked after every success: no failure is left in the window.
    if (failureThreshold === 0 || nowMs - lastFailureAtMs >= windowMs) return false;
    const { successes, failures } = window.totals(nowMs);
    const volume = successes + failures;
    // Not strict, as in Envoy; gRFC A50 asks for more than the threshold.
    return failures > 0 && volume >= minVolume && failures >= failureThreshold * volume;
  }

  return {
    get inARow() {
      return inARow;
    },
    success(nowMs) {
      inARow = 0;
      window.record(true, nowMs);
    },
    failure(outcome, nowMs) {
      // Envoy does the same with its gateway counter: a 500 is an answer, if a bad one.
      inARow = isGatewayClass(outcome.reason, outcome.status) ? inARow + 1 : 0;
      last = failureInWords(outcome);
      lastFailureAtMs = nowMs;
      window.record(false, nowMs);
    },
    verdict(nowMs) {
      if (consecutiveFailures > 0 && inARow >= consecutiveFailures) return 'consecutive-failures';
      return isOverThreshold(nowMs) ? 'failure-ratio' : undefined;
    },
    isFailing: (nowMs) => inARow >= FAILING_IN_A_ROW || isOverThreshold(nowMs),
    inWords(nowMs) {
      if (consecutiveFailures > 0 && inARow >= consecutiveFailures)
        return `${inARow} failures in a row, the last: ${last}`;
      const { successes, failures } = window.totals(nowMs);
      return `${failures} of ${successes + failures} attempts failed within ${windowMs} ms, the last: ${last}`;
    },
    clear() {
      inARow = 0;
      window.clear();
    },
  };
}

/**
 * Whether the endpoint, or the way to it, failed rather than its program. What is no HTTP counts too: then something
 * else answers at that address.
 */
function isGatewayClass(reason: FailureReason, status: number | undefined): boolean {
  return reason !== 'status' || (status !== undefined && GATEWAY_STATUSES.has(status));
}

export function failureInWords(outcome: Outcome): string {
  const { kind } = outcome;
  if (kind === 'success' || kind === 'ignored') return kind;
  const name = kind === 'overload' ? kind : outcome.reason;
  return outcome.status === undefined ? name : `${name} ${outcome.status}`;
}
