/** What a call rejects with: one error that names the service, every try and the root cause. */

import { callError, describeError, isFairleadError, type ErrorCode } from '../core/errors.js';
import type { Call } from './call.js';
import { reportAttempts } from './report-call.js';

/**
 * `raw` is what the layer below rejected with. It comes back untouched when it is not about reaching the service: a
 * request that could not be built, a redirect that was forbidden, a body whose length was wrong.
 */
export function errorOfCall(call: Call, raw: unknown): unknown {
  const { last, refusal } = call;
  const service = call.route.name;
  if (last === undefined) return refusal ?? raw;
  // An answer before a refusal is a redirect, and the refusal is about where it leads.
  if (last.error === undefined && (refusal === undefined || last.outcome?.kind === 'success')) return refusal ?? raw;
  if (last.outcome?.kind === 'ignored' && !isFairleadError(last.error)) return raw;
  const attempts = reportAttempts(call);
  const cause = refusal ?? last.error;
  const code = codeOf(call, cause);
  const tried = attempts.map((attempt) => `${attempt.address} ${attempt.error ?? `answered ${attempt.status}`}`);
  const count = attempts.length === 1 ? '1 attempt failed' : `${attempts.length} attempts failed`;
  const then = refusal === undefined ? '' : `, then ${describeError(refusal)}`;
  return callError(code, `${service}: ${count}: ${tried.join('; ')}${then}`, { service, attempts, cause });
}

function codeOf(call: Call, cause: unknown): ErrorCode {
  if (!isFairleadError(cause)) return 'ERR_ALL_ATTEMPTS_FAILED';
  if (cause.code === 'ERR_CALL_TIMEOUT' || cause.code === 'ERR_CLIENT_CLOSED') return cause.code;
  // A single kind of local verdict is more telling than "all attempts failed".
  const same = call.attempts.every((attempt) => isFairleadError(attempt.error) && attempt.error.code === cause.code);
  return same && call.refusal === undefined && (call.attempts.length === 1 || cause.code === 'ERR_ADDRESS_REFUSED')
    ? cause.code
    : 'ERR_ALL_ATTEMPTS_FAILED';
}
