/**
 * The door of a service: a call is let in or refused here, before an endpoint is picked and before anything is counted
 * for it, and it says here how it ended. Refusals are local and instant; they count against no endpoint, nor as failures
 * of the service.
 *
 * How a call ended is known when its headers are handed out, after all its retries. A body that breaks off later is held
 * against the endpoint alone: a stream may last for hours, and a probe must not.
 */

import type { Clock } from '../../core/clock.js';
import { callError } from '../../core/errors.js';
import type { Outcome } from '../../core/outcome.js';
import type { BreakerPermit, BreakerVerdict, BreakerView } from './breaker.js';
import type { BreakerRequest } from './breaker-settings.js';
import type { Breakers } from './breakers.js';

/** A request, as far as it matters here. */
export interface AdmissionRequest {
  readonly method: string;
  /** As the caller wrote it. Asked only where there is a breaker for each key. */
  url(): string;
}

export interface Admission {
  /**
   * Lets a call in, with what it has to bring back. Without a request, it goes by the breaker of the service.
   * @throws ERR_BREAKER_OPEN
   */
  enter(request: AdmissionRequest | undefined): BreakerPermit | undefined;
  /** A call has ended; to be said once for each that was let in. */
  left(permit: BreakerPermit | undefined, outcome: Outcome, tookMs: number, nowMs: number): void;
}

export interface AdmissionInput {
  readonly service: string;
  readonly clock: Clock;
  readonly breakers: Breakers;
  /** Whether requests have keys. */
  readonly byKey: boolean;
}

export function createAdmission({ service, clock, breakers, byKey }: AdmissionInput): Admission {
  return {
    enter(request) {
      const keyed = byKey && request !== undefined;
      const breaker = keyed ? breakers.of(described(request)) : breakers.named(undefined);
      const nowMs = clock.now();
      const permit = breaker.tryEnter(nowMs);
      if (permit === undefined) throw breakerOpen(service, breaker.view(nowMs));
      return permit;
    },
    left(permit, outcome, tookMs, nowMs) {
      permit?.breaker.leave(permit, verdictOf(outcome), tookMs, nowMs);
    },
  };
}

function described(request: AdmissionRequest): BreakerRequest {
  return { method: request.method, url: request.url() };
}

function verdictOf({ kind }: Outcome): BreakerVerdict {
  if (kind === 'ignored') return 'neutral';
  return kind === 'success' ? 'success' : 'failure';
}

function breakerOpen(service: string, { key, state, nextProbeInMs }: BreakerView): Error {
  const which = key === undefined ? 'its breaker' : `its breaker for '${key}'`;
  const why =
    state === 'isolated'
      ? 'was isolated by hand'
      : state === 'half-open'
        ? 'is half-open, and as many probes as it may send are under way'
        : `is open for another ${Math.ceil(nextProbeInMs ?? 0)} ms`;
  return callError('ERR_BREAKER_OPEN', `${service}: ${which} ${why}`, { service });
}
