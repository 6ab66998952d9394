/**
 * One try at one endpoint, from the pick to the end of the response body.
 *
 * It watches the exchange from below fetch, where three things can be told apart that fetch's caller sees as one
 * "fetch failed": nothing was sent (any request may go elsewhere), something may have arrived (only an idempotent one
 * may), and the answer broke off after it was handed out (nobody may). Its lease is settled exactly once on each of
 * these paths, and on success when the body ends, not at its headers.
 */

import type { AttemptReport, NotRetried } from '../core/call-report.js';
import type { Endpoint } from '../core/endpoint.js';
import type { FairleadError } from '../core/errors.js';
import { IGNORED, type Outcome } from '../core/outcome.js';
import { isLate } from '../kit/late-timeout.js';
import { attemptTimedOut, bodyWentSilent, callTimedOut, silentMeanwhile } from './attempt-errors.js';
import { AttemptTimer, type TimedWait } from './attempt-timer.js';
import type { BalancerLease } from './balancer-lease.js';
import { classifyError, classifyResponse, isLocalError, type HeaderLookup } from './classify.js';
import { reportAttempt } from './report-attempt.js';
import { asksToClose } from './request-headers.js';
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
  /** What it sends now is one more than its caller asked for, or serves a request that is. */
  readonly isRepeat: boolean;
  /** In place of the service's; undefined leaves that. */
  readonly attemptTimeoutMs: number | undefined;
  /** The caller has given up; what happens now says nothing about the endpoint. */
  readonly aborted: boolean;
  /** Final response headers arrived. */
  attemptResponded(attempt: Attempt, latencyMs: number, nowMs: number): void;
  /** Milliseconds without an answer after which this is to be told, and again every second; Infinity for never. */
  patienceMs(nowMs: number): number;
  /** It has waited that long. */
  attemptOverdue(attempt: Attempt): void;
  /** No response. True: the call goes on elsewhere (never after `sent`), so the handler must not hear of it. */
  attemptFailed(attempt: Attempt): boolean;
  /** Another attempt was faster, and this one was given up. */
  attemptSuperseded(attempt: Attempt): void;
  /** The exchange is over: body ended, broke, or never began. */
  attemptEnded(attempt: Attempt): void;
}

export class Attempt implements ExchangeObserver, TimedWait {
  readonly route: ServiceRoute;
  readonly endpoint: Endpoint;
  readonly address: string;
  readonly number: number;
  readonly kind: AttemptReport['kind'];
  readonly startedAtMs: number;
  /** Undefined once the exchange is over: whoever keeps a response, or the call's report, must not keep the whole request with it. */
  sending: Sending | undefined;
  /** Whether any byte of the request may have left. */
  sent = false;
  status: number | undefined;
  outcome: Outcome | undefined;
  error: unknown;
  durationMs = 0;
  /** Milliseconds the endpoint asked to be left alone. */
  retryAfterMs: number | undefined;
  /** Headers of a response that was not accepted; undefined for any other. */
  header: HeaderLookup | undefined;
  /** Why no other one followed. */
  notRetried: NotRetried | undefined;

  private readonly owner: AttemptOwner;
  private readonly lease: BalancerLease;

  /** When the request began to be written: what came before (a queue, a handshake) says little about the endpoint's speed. */
  private sentAtMs = 0;
  private latencyMs: number | undefined;
  private readonly timer: AttemptTimer;
  private abortExchange: ((reason: unknown) => void) | undefined;
  private settled = false;
  /** Given up before it began: a connection that comes up late must not be used. */
  private abandoned = false;
  /** By the caller's side, without a word to the call. */
  private broken = false;

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
    this.timer = new AttemptTimer(this, route.timers);
  }

  /** Its timeout fired so late that it says more about our own event loop than about anybody else. */
  get isLate(): boolean {
    const { outcome } = this;
    return outcome !== undefined && isLate(outcome, this.lease, this.startedAtMs + this.durationMs);
  }

  get isRepeat(): boolean {
    return this.owner.isRepeat;
  }

  /** Of the call's time. */
  get remainingMs(): number {
    return this.owner.deadlineAtMs - this.route.clock.now();
  }

  /** Arms the timeout for the response headers. */
  begin(): void {
    const { startedAtMs, owner } = this;
    this.timer.start(startedAtMs, this.dueMs(startedAtMs), owner.patienceMs(startedAtMs), this.route.hedging);
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

  /** The caller's side has broken the exchange off: a request body that failed, for one. */
  givenUp(): void {
    this.broken = true;
  }

  /** A part of the request body went out: the time to the headers counts from the last one. */
  bodySent(): void {
    if (!this.timer.waiting) return;
    const now = this.route.clock.now();
    this.timer.move(now, this.dueMs(now), this.owner.patienceMs(now));
  }

  responded(status: number, header: HeaderLookup, closes: boolean = false): void {
    if (this.settled) return;
    this.timer.stop();
    this.status = status;
    const now = this.route.clock.now();
    this.durationMs = now - this.startedAtMs;
    this.latencyMs = now - this.sentAtMs;
    this.lease.heard(header);
    const { leaving } = this.route;
    if (leaving !== undefined) {
      const unasked = closes && !(this.sending !== undefined && asksToClose(this.sending.options));
      leaving.heard(this.endpoint.id, status, unasked, header, now);
    }
    this.outcome = classifyResponse(this.route.classifier, this.owner.method, status, header);
    if (status >= 400 || this.outcome.kind !== 'success') this.header = header;
    if (this.outcome.kind === 'overload') this.retryAfterMs = this.outcome.retryAfterMs;
    this.owner.attemptResponded(this, this.latencyMs, now);
  }

  ended(): void {
    this.settle(this.outcome ?? IGNORED);
    this.release();
  }

  failed(error: unknown): boolean {
    if (this.abandoned) return true;
    if (this.settled || this.status !== undefined) {
      if (!this.settled) this.bodyBroke(error);
      this.release();
      return false;
    }
    this.fail(error, this.owner.aborted || this.broken || isLocalError(error) ? IGNORED : undefined);
    const goesOn = this.owner.attemptFailed(this);
    this.release();
    return goesOn;
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
    this.release();
  }

  /** Another attempt of the call has answered. `error` says what this one was found guilty of; undefined: of nothing. */
  supersede(error: FairleadError | undefined): void {
    if (this.settled) return;
    const reason = error ?? new DOMException('Another attempt answered first', 'AbortError');
    this.abandoned = !this.sent;
    this.fail(reason, error === undefined ? IGNORED : undefined);
    this.owner.attemptSuperseded(this);
    if (this.sent) this.abortExchange?.(reason);
    else this.tellHandler(reason);
    this.release();
  }

  /** What to say of an attempt that hung while another one answered. */
  silenceError(): FairleadError {
    return silentMeanwhile(this.route.name, this.address, this.route.clock.now() - this.startedAtMs);
  }

  overdue(): void {
    this.owner.attemptOverdue(this);
  }

  timedOut(lateMs: number): void {
    this.lease.lateMs = lateMs;
    this.abandoned = !this.sent;
    const { timeoutAtMs } = this.timer;
    const error =
      timeoutAtMs >= this.owner.deadlineAtMs
        ? callTimedOut(this.route.name, this.address)
        : attemptTimedOut(this.route.name, this.address, timeoutAtMs - this.startedAtMs);
    this.fail(error, undefined);
    const goesOn = this.owner.attemptFailed(this);
    // What was sent is aborted, and the wire tells the handler; what was not, nobody but us would.
    if (this.sent) this.abortExchange?.(error);
    else if (!goesOn) this.tellHandler(error);
    this.release();
  }

  /** There was nothing of the response's body for so long, and its caller wanted more. */
  bodyStalled(idleMs: number): void {
    const error = bodyWentSilent(this.route.name, this.address, idleMs);
    this.settle({ kind: 'failure', reason: 'timeout' });
    this.abortExchange?.(error);
  }

  report(): AttemptReport {
    return reportAttempt(this, this.owner.startedAtMs);
  }

  private tellHandler(error: unknown): void {
    if (this.sending !== undefined) failHandler(this.sending.handler, error);
  }

  private release(): void {
    this.sending = undefined;
    this.abortExchange = undefined;
  }

  private fail(error: unknown, outcome: Outcome | undefined): void {
    this.timer.stop();
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
    this.timer.stop();
    this.lease.settle(outcome, this.latencyMs);
    this.owner.attemptEnded(this);
  }

  /** When its time is over, counted from `sinceMs`. */
  private dueMs(sinceMs: number): number {
    const { owner, route } = this;
    return Math.min(sinceMs + (owner.attemptTimeoutMs ?? route.settings.attemptTimeoutMs), owner.deadlineAtMs);
  }
}
