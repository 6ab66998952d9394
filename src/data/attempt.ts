/**
 * One try at one endpoint, from the pick to the end of the response body.
 *
 * It watches the exchange from below fetch, where three things can be told apart that fetch's caller sees as one
 * "fetch failed": nothing was sent (any request may go elsewhere), something may have arrived (only an idempotent one
 * may), and the answer broke off after it was handed out (nobody may). Its lease is settled exactly once on each of
 * these paths, and on success when the body ends, not at its headers.
 */

import type { AttemptReport } from '../core/call-report.js';
import type { Endpoint } from '../core/endpoint.js';
import { callError, describeError, type FairleadError } from '../core/errors.js';
import { IGNORED, type Outcome } from '../core/outcome.js';
import type { BalancerLease } from './balancer-lease.js';
import { classifyError, classifyResponse, isLocalError, type HeaderLookup } from './classify.js';
import type { HedgePolicy } from './hedging/hedge-policy.js';
import type { ServiceRoute } from './service-route.js';
import type { DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';
import type { ExchangeObserver } from './transport/exchange-observer.js';
import { failHandler } from './transport/handler-shape.js';

/** The request as it came to the dispatcher: what a failover sends again. */
export interface Sending {
  readonly options: DispatchOptions;
  readonly handler: DispatchHandler;
  /** Endpoints that were tried for this sending before. */
  readonly failovers: number;
}

/** What an attempt asks of the call that it belongs to. */
export interface AttemptOwner {
  readonly method: string;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** The caller has given up; what happens now says nothing about the endpoint. */
  readonly aborted: boolean;
  /** Final response headers arrived. */
  attemptResponded(attempt: Attempt, latencyMs: number): void;
  /** Milliseconds without an answer after which this is to be told, and again every second; Infinity for never. */
  readonly patienceMs: number;
  /** It has waited that long. */
  attemptOverdue(attempt: Attempt): void;
  /** No response. True: the call goes on elsewhere (never after `sent`), so the handler must not hear of it. */
  attemptFailed(attempt: Attempt): boolean;
  /** Another attempt was faster, and this one was given up. */
  attemptSuperseded(attempt: Attempt): void;
  /** The exchange is over: body ended, broke, or never began. */
  attemptEnded(attempt: Attempt): void;
}

/** What was refused company may have it later: others may answer by then. Milliseconds. */
const OVERDUE_AGAIN_MS = 1_000;

/** A timer that fires later than this says more about our own event loop than about any endpoint. Milliseconds. */
const STALL_MS = 100;

export class Attempt implements ExchangeObserver {
  readonly route: ServiceRoute;
  readonly endpoint: Endpoint;
  readonly address: string;
  readonly number: number;
  readonly kind: AttemptReport['kind'];
  readonly startedAtMs: number;
  readonly sending: Sending;
  /** Whether any byte of the request may have left. */
  sent = false;
  status: number | undefined;
  outcome: Outcome | undefined;
  error: unknown;
  durationMs = 0;
  /** Milliseconds the endpoint asked to be left alone. */
  retryAfterMs: number | undefined;

  private readonly owner: AttemptOwner;
  private readonly lease: BalancerLease;

  /** When the request began to be written: what came before (a queue, a handshake) says little about the endpoint's speed. */
  private sentAtMs = 0;
  private latencyMs: number | undefined;
  private timer: Disposable | undefined;
  private timerDueMs = 0;
  /** When it will have waited too long for its owner. */
  private overdueAtMs = Infinity;
  /** Where this is counted while it waits for its answer. */
  private waitsFor: HedgePolicy | undefined;
  private abortExchange: ((reason: unknown) => void) | undefined;
  private settled = false;
  /** Given up before it began: a connection that comes up late must not be used. */
  private abandoned = false;

  constructor(
    owner: AttemptOwner,
    route: ServiceRoute,
    lease: BalancerLease,
    address: string,
    number: number,
    kind: AttemptReport['kind'],
    sending: Sending,
  ) {
    this.owner = owner;
    this.route = route;
    this.lease = lease;
    this.endpoint = lease.endpoint;
    this.address = address;
    this.number = number;
    this.kind = kind;
    this.sending = sending;
    this.startedAtMs = lease.startedAtMs;
  }

  /** Arms the timeout for the response headers. */
  begin(): void {
    const { attemptTimeoutMs } = this.route.settings;
    this.timerDueMs = this.startedAtMs + Math.min(attemptTimeoutMs, this.owner.deadlineAtMs - this.startedAtMs);
    this.overdueAtMs = this.startedAtMs + this.owner.patienceMs;
    this.waitsFor = this.route.hedging;
    if (this.waitsFor !== undefined) this.waitsFor.waiting++;
    this.arm(this.startedAtMs);
  }

  /** Connected; the first byte is about to be written. */
  started(abort: (reason: unknown) => void): void {
    if (this.abandoned || this.owner.aborted) {
      abort(this.error ?? new DOMException('This operation was aborted', 'AbortError'));
      return;
    }
    this.sent = true;
    this.sentAtMs = this.route.clock.now();
    this.abortExchange = abort;
  }

  /** The error that follows proves that the request never left after all. */
  neverLeft(): void {
    this.sent = false;
  }

  /** A part of the request body went out: the time to the headers counts from the last one. */
  bodySent(): void {
    if (this.timer === undefined) return;
    const now = this.route.clock.now();
    this.timerDueMs = Math.min(now + this.route.settings.attemptTimeoutMs, this.owner.deadlineAtMs);
    if (this.overdueAtMs !== Infinity) this.overdueAtMs = now + this.owner.patienceMs;
  }

  responded(status: number, header: HeaderLookup): void {
    if (this.settled) return;
    this.disarm();
    this.status = status;
    const now = this.route.clock.now();
    this.durationMs = now - this.startedAtMs;
    this.latencyMs = now - this.sentAtMs;
    this.lease.heard(header);
    this.outcome = classifyResponse(this.route.classifier, this.owner.method, status, header);
    if (this.outcome.kind === 'overload') this.retryAfterMs = this.outcome.retryAfterMs;
    this.owner.attemptResponded(this, this.latencyMs);
  }

  ended(): void {
    this.settle(this.outcome ?? IGNORED);
  }

  failed(error: unknown): boolean {
    if (this.abandoned) return true;
    if (this.settled) return false;
    if (this.status !== undefined) {
      this.bodyBroke(error);
      return false;
    }
    this.fail(error, this.owner.aborted || isLocalError(error) ? IGNORED : undefined);
    return this.owner.attemptFailed(this);
  }

  /** The caller gave up: the claim ends now, whatever the wire still does. */
  abandon(reason: unknown): void {
    if (this.settled) return;
    if (this.status === undefined) {
      this.abandoned = !this.sent;
      this.fail(reason, IGNORED);
    } else {
      this.settle(IGNORED);
    }
    this.abortExchange?.(reason);
  }

  /** Another attempt of the call has answered. `error` says what this one was found guilty of; undefined: of nothing. */
  supersede(error: FairleadError | undefined): void {
    if (this.settled) return;
    const reason = error ?? new DOMException('Another attempt answered first', 'AbortError');
    this.abandoned = !this.sent;
    this.fail(reason, error === undefined ? IGNORED : undefined);
    this.owner.attemptSuperseded(this);
    if (this.sent) this.abortExchange?.(reason);
    else failHandler(this.sending.handler, reason);
  }

  /** What to say of an attempt that hung while another one answered. */
  silenceError(): FairleadError {
    const waitedMs = Math.round(this.route.clock.now() - this.startedAtMs);
    const message = `${this.route.name}: ${this.address} did not answer within ${waitedMs} ms, and another endpoint did`;
    return callError('ERR_ATTEMPT_TIMEOUT', message, { service: this.route.name });
  }

  report(): AttemptReport {
    return {
      attempt: this.number,
      endpoint: this.endpoint.id,
      address: this.address,
      kind: this.kind,
      startedAfterMs: this.startedAtMs - this.owner.startedAtMs,
      durationMs: this.durationMs,
      status: this.status,
      outcome: this.outcome ?? IGNORED,
      error: this.error === undefined ? undefined : describeError(this.error),
      sent: this.sent,
    };
  }

  private fail(error: unknown, outcome: Outcome | undefined): void {
    this.disarm();
    this.error = error;
    this.durationMs = this.route.clock.now() - this.startedAtMs;
    this.outcome = outcome ?? classifyError(this.route.classifier, this.owner.method, error, this.sent);
    this.settle(this.outcome);
  }

  /** The response was handed out already; a caller who cancels it says nothing against the endpoint that answered. */
  private bodyBroke(error: unknown): void {
    if (this.owner.aborted) this.settle(IGNORED);
    else if (isLocalError(error)) this.settle(this.outcome ?? IGNORED);
    else this.settle({ kind: 'failure', reason: 'reset' });
  }

  private settle(outcome: Outcome): void {
    if (this.settled) return;
    this.settled = true;
    this.disarm();
    this.lease.settle(outcome, this.latencyMs);
    this.owner.attemptEnded(this);
  }

  private arm(now: number): void {
    const delayMs = Math.max(0, Math.min(this.timerDueMs, this.overdueAtMs) - now);
    this.timer = this.route.clock.setTimer(() => this.timerFired(), delayMs);
  }

  private disarm(): void {
    this.timer?.[Symbol.dispose]();
    this.timer = undefined;
    if (this.waitsFor === undefined) return;
    this.waitsFor.waiting--;
    this.waitsFor = undefined;
  }

  private timerFired(): void {
    const now = this.route.clock.now();
    this.timer = undefined;
    if (now < this.timerDueMs) {
      // Late by more than this, the event loop was at fault: what came meanwhile has still to be read.
      if (now - this.overdueAtMs > STALL_MS) this.overdueAtMs = now + STALL_MS;
      const overdue = now >= this.overdueAtMs;
      if (overdue) this.overdueAtMs = now + OVERDUE_AGAIN_MS;
      // Else the upload moved on since the timer was set.
      this.arm(now);
      if (overdue) this.owner.attemptOverdue(this);
      return;
    }
    this.lease.lateMs = now - this.timerDueMs;
    this.abandoned = !this.sent;
    const error = this.timeoutError();
    this.fail(error, undefined);
    const goesOn = this.owner.attemptFailed(this);
    // What was sent is aborted, and the wire tells the handler; what was not, nobody but us would.
    if (this.sent) this.abortExchange?.(error);
    else if (!goesOn) failHandler(this.sending.handler, error);
  }

  private timeoutError(): FairleadError {
    const waited = Math.round(this.timerDueMs - this.startedAtMs);
    const service = this.route.name;
    return this.timerDueMs >= this.owner.deadlineAtMs
      ? callError('ERR_CALL_TIMEOUT', `${service}: the call's time was over while ${this.address} had not answered`, {
          service,
        })
      : callError('ERR_ATTEMPT_TIMEOUT', `${service}: ${this.address} did not answer within ${waited} ms`, { service });
  }
}
