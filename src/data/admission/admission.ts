/**
 * The door of a service: a call is let in or refused here, before an endpoint is picked and before anything is counted
 * for it, and it says here how it ended. Refusals are local and instant; they count against no endpoint, nor as failures
 * of the service.
 *
 * How a call ended is known when its headers are handed out, after all its retries. A body that breaks off later is held
 * against the endpoint alone: a stream may last for hours, and a probe must not.
 */

import type { Clock } from '../../core/clock.js';
import type { Outcome } from '../../core/outcome.js';
import { breakerOpen, shed } from './admission-refusals.js';
import type { BreakerPermit, BreakerVerdict } from './breaker.js';
import type { BreakerRequest } from './breaker-settings.js';
import type { Breakers } from './breakers.js';
import type { Throttle } from './throttle.js';

/** A request, as far as it matters here. */
export interface AdmissionRequest {
  readonly method: string;
  /** As the caller wrote it. Asked only where there is a breaker for each key. */
  url(): string;
}

export interface Admission {
  /**
   * Lets a call in, with what it has to bring back.
   * @throws ERR_BREAKER_OPEN, ERR_LIMIT_EXCEEDED
   */
  enter(request: AdmissionRequest): BreakerPermit | undefined;
  /** A call has ended; to be said once for each that was let in. */
  left(permit: BreakerPermit | undefined, outcome: Outcome, tookMs: number, nowMs: number): void;
  /**
   * Lets in one attempt of a call that is somebody else's: only a breaker may refuse it, and its end is said by
   * {@link leave}. Without a request it goes by the breaker of the service.
   * @throws ERR_BREAKER_OPEN
   */
  enterAttempt(request: AdmissionRequest | undefined): BreakerPermit | undefined;
}

export interface AdmissionInput {
  readonly service: string;
  readonly clock: Clock;
  readonly breakers: Breakers | undefined;
  /** Whether requests have keys. */
  readonly byKey: boolean;
  readonly throttle: Throttle | undefined;
}

export function createAdmission(input: AdmissionInput): Admission {
  return new ServiceDoor(input);
}

class ServiceDoor implements Admission {
  private readonly service: string;
  private readonly clock: Clock;
  private readonly breakers: Breakers | undefined;
  private readonly byKey: boolean;
  private readonly throttle: Throttle | undefined;

  constructor({ service, clock, breakers, byKey, throttle }: AdmissionInput) {
    this.service = service;
    this.clock = clock;
    this.breakers = breakers;
    this.byKey = byKey;
    this.throttle = throttle;
  }

  enter(request: AdmissionRequest): BreakerPermit | undefined {
    const permit = this.enterAttempt(request);
    const { throttle } = this;
    // What finds out whether the service is back must not be shed: a breaker would wait for it.
    if (throttle !== undefined && permit?.probe !== true && !throttle.admit())
      throw shed(this.service, throttle.view());
    return permit;
  }

  enterAttempt(request: AdmissionRequest | undefined): BreakerPermit | undefined {
    const { breakers } = this;
    if (breakers === undefined) return undefined;
    const keyed = this.byKey && request !== undefined;
    const breaker = keyed ? breakers.of(described(request)) : breakers.named(undefined);
    const nowMs = this.clock.now();
    const permit = breaker.tryEnter(nowMs);
    if (permit === undefined) throw breakerOpen(this.service, breaker.view(nowMs));
    return permit;
  }

  left(permit: BreakerPermit | undefined, outcome: Outcome, tookMs: number, nowMs: number): void {
    leave(permit, outcome, tookMs, nowMs);
    if (this.throttle === undefined) return;
    if (outcome.kind === 'success') this.throttle.ended(true, nowMs);
    else if (outcome.kind !== 'ignored') this.tell(this.throttle, outcome, nowMs);
  }

  private tell(throttle: Throttle, outcome: Outcome, nowMs: number): void {
    const accepted = wasAccepted(outcome);
    if (accepted !== undefined) throttle.ended(accepted, nowMs);
  }
}

/** What was let in as an attempt has ended, or a call. */
export function leave(permit: BreakerPermit | undefined, outcome: Outcome, tookMs: number, nowMs: number): void {
  permit?.breaker.leave(permit, verdictOf(outcome), tookMs, nowMs);
}

/**
 * Whether a service took a call on, which is another question than whether it was well: who answers 500 has done the
 * work. Undefined when nobody was reached: what never left costs the fleet nothing, and shedding it would help nobody.
 */
function wasAccepted(outcome: Outcome): boolean | undefined {
  if (outcome.kind === 'overload') return false;
  if (outcome.kind !== 'failure') return true;
  switch (outcome.reason) {
    case 'connect':
      return undefined;
    case 'timeout':
    case 'reset':
      return false;
    case 'protocol':
      return true;
    case 'status':
      return outcome.status === undefined || !GATEWAY_STATUSES.has(outcome.status);
  }
}

/** Whoever answers these has no time, or stands in front of somebody who has none. */
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([502, 503, 504]);

function described(request: AdmissionRequest): BreakerRequest {
  return { method: request.method, url: request.url() };
}

function verdictOf({ kind }: Outcome): BreakerVerdict {
  if (kind === 'ignored') return 'neutral';
  return kind === 'success' ? 'success' : 'failure';
}
