import type { Attempt } from './attempt.js';
import type { RetrySettings } from './retry-settings.js';

/**
 * Whether an answer is one to return, not one to try again: a healthy one that is not on the list of statuses, for a 409
 * may stand there. What a classifier calls a success is one, whatever its status.
 */
export function isAcceptable({ outcome, status = 0, route }: Attempt, retry: RetrySettings | false): boolean {
  if (outcome?.kind !== 'success') return false;
  if (status < 400 || (status >= 500 && route.classifier !== undefined)) return true;
  return retry === false || !retry.statuses.includes(status);
}
