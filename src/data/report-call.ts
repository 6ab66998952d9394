import type { AttemptReport, CallReport } from '../core/call-report.js';
import { isFairleadError, type ErrorCode } from '../core/errors.js';
import type { Call } from './call.js';

/** What happened during a call, for whoever asks: on a healthy one nobody does. */
export function reportCall(call: Call): CallReport {
  const { last } = call;
  return {
    service: call.route.name,
    endpoint: last?.status === undefined ? undefined : last.endpoint.id,
    attempts: reportAttempts(call),
    durationMs: call.durationMs,
    notRetried: call.notRetried,
  };
}

export function reportAttempts(call: Call): AttemptReport[] {
  return call.attempts.map((attempt) => attempt.report());
}

/** A call that was refused before anything was tried: for the event that it has ended. */
export function refusedCall(
  service: string,
  error: unknown,
): CallReport & { status: undefined; error: ErrorCode | undefined } {
  const code = isFairleadError(error) ? error.code : undefined;
  return {
    service,
    endpoint: undefined,
    attempts: [],
    durationMs: 0,
    notRetried: undefined,
    status: undefined,
    error: code,
  };
}
