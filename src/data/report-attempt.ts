import type { AttemptReport, NotRetried } from '../core/call-report.js';
import type { Endpoint } from '../core/endpoint.js';
import { describeError } from '../core/errors.js';
import { IGNORED, type Outcome } from '../core/outcome.js';

/** What a report reads of an attempt. */
export interface Reportable {
  readonly number: number;
  readonly endpoint: Endpoint;
  readonly address: string;
  readonly kind: AttemptReport['kind'];
  readonly startedAtMs: number;
  readonly durationMs: number;
  readonly status: number | undefined;
  readonly outcome: Outcome | undefined;
  readonly error: unknown;
  readonly sent: boolean;
  readonly notRetried: NotRetried | undefined;
}

/** One attempt of a call that began at this time, for reports and events. */
export function reportAttempt(attempt: Reportable, callStartedAtMs: number): AttemptReport {
  const { number, endpoint, address, kind, startedAtMs, durationMs, status, outcome, error, sent, notRetried } =
    attempt;
  return {
    attempt: number,
    endpoint: endpoint.id,
    address,
    kind,
    startedAfterMs: startedAtMs - callStartedAtMs,
    durationMs,
    status,
    outcome: outcome ?? IGNORED,
    error: error === undefined ? undefined : describeError(error),
    sent,
    notRetried: notRetried === 'body' ? 'ERR_BODY_NOT_REPLAYABLE' : notRetried,
  };
}
