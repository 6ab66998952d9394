/** Asks a user's `shouldRetry`, which runs in the middle of a call: one that throws must not break it, and has not answered. */

import { describeError } from '../core/errors.js';
import type { Attempt } from './attempt.js';
import type { Call } from './call.js';
import type { ShouldRetry } from './retry-settings.js';

/** Those whose operator was told. */
const told = new WeakSet<ShouldRetry>();

export function askShouldRetry(
  shouldRetry: ShouldRetry | undefined,
  call: Call,
  failed: Attempt,
  retries: number,
): boolean | undefined {
  // What was ignored is our own doing, such as a request that cannot be built.
  if (shouldRetry === undefined || failed.outcome === undefined || failed.outcome.kind === 'ignored') return undefined;
  const { name: service, events } = call.route;
  try {
    const answer: unknown = shouldRetry({
      service,
      method: call.method,
      endpoint: failed.endpoint.id,
      attempt: failed.number,
      retries,
      outcome: failed.outcome,
      status: failed.status,
      error: failed.error,
      sent: failed.sent,
      remainingMs: call.remainingMs,
      header: (name) => failed.header?.(name),
    });
    return typeof answer === 'boolean' ? answer : undefined;
  } catch (error) {
    if (events.wants('warning') && !told.has(shouldRetry)) {
      told.add(shouldRetry);
      events.emit('warning', { service, message: `options.retry.shouldRetry threw: ${describeError(error)}` });
    }
    return undefined;
  }
}
