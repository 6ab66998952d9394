/**
 * One call: what the caller asked for, however many attempts it takes.
 *
 * A call *is* the dispatcher that fetch is given: each time fetch wants a connection (the first time, and again for
 * every redirect) it asks `dispatch`, which matches the host, picks an endpoint and sends. As long as nothing was sent,
 * a failure moves on to another endpoint right here, below fetch, with any method and any body, at no cost to the
 * retry budget. Whatever happens after the first byte is left to the retry policy above fetch.
 */

import type { AttemptReport, CallReport } from '../core/call-report.js';
import { holdProcess } from '../core/clock.js';
import { callError, type FairleadError } from '../core/errors.js';
import { Attempt, type AttemptOwner, type Sending } from './attempt.js';
import { BoundedExchange } from './bounded-exchange.js';
import { limitExceeded } from './limit-exceeded.js';
import type { BalancerLease } from './balancer-lease.js';
import type { CallPickContext, ServiceRoute } from './service-route.js';
import { targetOf } from './target.js';
import type { DispatcherLike, DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';
import { failHandler } from './transport/handler-shape.js';
import { observeExchange } from './transport/observe-exchange.js';
import { routeOptions } from './transport/route-options.js';

/** Finds the service of another origin, for redirects. */
export interface Router {
  /** The service for an origin such as `http://orders:8080`; undefined when its host is none. */
  route(origin: string): ServiceRoute | undefined;
  /** Why a host that is no service must not be called; undefined when it may. */
  refuse(origin: string): FairleadError | undefined;
  /** Sends to a host that is no service, or refuses. */
  passThrough(options: DispatchOptions, handler: DispatchHandler): boolean;
}

/** Failovers of one sending, the first pick included: enough for a dead zone, not enough to walk a dead fleet. */
const MAX_PICKS = 6;

/** Credentials that never follow a redirect to another host (DESIGN section 3). */
const CREDENTIALS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

export interface CallInput {
  readonly router: Router;
  readonly route: ServiceRoute;
  /** Scheme, host and port as the caller wrote them, normalised: `http://orders`. */
  readonly origin: string;
  readonly method: string;
  /** Whether a failure of the first attempt could be retried: then it may be the probe of a returning endpoint. */
  readonly recoverable: boolean;
  readonly timeoutMs: number;
  readonly hashKey: string | undefined;
}

export class Call implements DispatcherLike, AttemptOwner, CallPickContext {
  readonly route: ServiceRoute;
  readonly method: string;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  readonly attempts: Attempt[] = [];
  /** Ids of endpoints that failed this call; undefined as long as none did. */
  tried: Set<string> | undefined;
  aborted = false;
  /** Why no attempt could be made, when that is what ended the call. */
  refusal: FairleadError | undefined;
  /** Why the last failure was not retried. */
  notRetried: string | undefined;
  /** A retry is under way: the next sending is not the first. */
  retrying = false;

  readonly hashKey: string | undefined;
  readonly probe: boolean;
  private readonly router: Router;
  private readonly origin: string;
  private open: Attempt | undefined;
  private waiting: Disposable | undefined;
  private onExchangeEnd: (() => void) | undefined;
  private endSleep: (() => void) | undefined;
  private failedAtMs: number | undefined;

  constructor(input: CallInput) {
    this.router = input.router;
    this.route = input.route;
    this.origin = input.origin;
    this.method = input.method;
    this.probe = input.recoverable;
    this.hashKey = input.hashKey;
    this.startedAtMs = input.route.clock.now();
    this.deadlineAtMs = this.startedAtMs + input.timeoutMs;
    input.route.budget.deposit();
  }

  /** The attempt that is about to be picked, counted from 1. */
  get attempt(): number {
    return this.attempts.length + 1;
  }

  get last(): Attempt | undefined {
    return this.attempts[this.attempts.length - 1];
  }

  get remainingMs(): number {
    return this.deadlineAtMs - this.route.clock.now();
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const origin = String(options.origin);
    if (origin === this.origin) return this.send(this.route, { options, handler, failovers: 0 });
    // A redirect has led elsewhere.
    const elsewhere = withoutCredentials(options);
    const route = this.router.route(origin);
    if (route === undefined) {
      const refusal = this.router.refuse(origin);
      if (refusal !== undefined) return this.refuse(handler, refusal);
      const bounded = new BoundedExchange(this.route.clock, this.remainingMs, handler, () =>
        this.timeUpElsewhere(origin),
      );
      return this.router.passThrough(elsewhere, observeExchange(handler, bounded));
    }
    return this.send(route, { options: elsewhere, handler, failovers: 0 });
  }

  /** The call's time is over at a host that is no service. @returns what it is to end with */
  timeUpElsewhere(origin: string): FairleadError {
    const { name: service } = this.route;
    const message = `${service}: the call's time was over while ${origin}, where a redirect led, had not answered`;
    return (this.refusal = callError('ERR_CALL_TIMEOUT', message, { service }));
  }

  /** The caller gave up. */
  abort(reason: unknown): void {
    this.aborted = true;
    this.waiting?.[Symbol.dispose]();
    this.waiting = undefined;
    this.open?.abandon(reason);
  }

  /** Waits before a retry; a caller's abort ends the wait. Holds the process: nothing else may be alive meanwhile. */
  sleep(delayMs: number): Promise<void> {
    if (this.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const hold = holdProcess();
      const finish = (): void => {
        hold[Symbol.dispose]();
        timer[Symbol.dispose]();
        this.waiting = undefined;
        this.endSleep = undefined;
        resolve();
      };
      const timer = this.route.clock.setTimer(finish, delayMs);
      this.waiting = { [Symbol.dispose]: finish };
      this.endSleep = finish;
    });
  }

  /** Ends a wait before a retry at once: there is nothing left to wait for. */
  wake(): void {
    this.endSleep?.();
  }

  /** The call has ended without an answer. */
  failed(): void {
    this.failedAtMs = this.route.clock.now();
  }

  /** Calls `over` when nothing of this call is on the wire any more: at once, or when the response's body ends. */
  whenOver(over: () => void): void {
    if (this.open === undefined) over();
    else this.onExchangeEnd = over;
  }

  attemptResponded(attempt: Attempt): void {
    attempt.route.heard(attempt.endpoint);
    if (attempt.outcome?.kind !== 'success') this.avoid(attempt);
    this.announce(attempt);
  }

  attemptFailed(attempt: Attempt): boolean {
    this.announce(attempt);
    if (this.aborted || attempt.outcome?.kind === 'ignored') return false;
    this.avoid(attempt);
    if (attempt.sent) return false;
    attempt.route.connectFailed();
    return this.failover(attempt);
  }

  attemptEnded(attempt: Attempt): void {
    if (this.open !== attempt) return;
    this.open = undefined;
    this.onExchangeEnd?.();
  }

  report(): CallReport {
    const last = this.last;
    return {
      service: this.route.name,
      endpoint: last?.status === undefined ? undefined : last.endpoint.id,
      attempts: this.attemptReports(),
      durationMs: this.durationMs(),
      notRetried: this.notRetried,
    };
  }

  attemptReports(): AttemptReport[] {
    return this.attempts.map((attempt) => attempt.report());
  }

  private durationMs(): number {
    if (this.failedAtMs !== undefined) return this.failedAtMs - this.startedAtMs;
    const last = this.last?.report();
    return last === undefined ? 0 : last.startedAfterMs + last.durationMs;
  }

  /** Sends to a picked endpoint, now or when there is one. */
  private send(route: ServiceRoute, sending: Sending): boolean {
    const lease = route.pick(this);
    if (lease === 'none') return this.sendLater(route, sending);
    if (lease === 'limit') return this.refuse(sending.handler, limitExceeded(route.name));
    this.transmit(route, sending, lease);
    return true;
  }

  private transmit(route: ServiceRoute, sending: Sending, lease: BalancerLease): void {
    const target = targetOf(lease.endpoint, String(sending.options.origin));
    const kind = sending.failovers > 0 ? 'failover' : this.retrying ? 'retry' : 'first';
    const attempt = new Attempt(this, route, lease, target.address, this.attempt, kind, sending);
    this.attempts.push(attempt);
    this.open = attempt;
    attempt.begin();
    try {
      if (target.refusal !== undefined)
        throw callError('ERR_ADDRESS_REFUSED', `${route.name}: ${target.refusal}`, { service: route.name });
      const options = routeOptions(sending.options, target);
      // The attempt has a timeout of its own; undici's would cut in at five minutes.
      options.headersTimeout ??= 0;
      route.dispatch(lease.endpoint, options, sending.handler, attempt);
    } catch (error) {
      // The platform could not take the request (pool closing, address refused): nothing was sent.
      if (!attempt.failed(error)) failHandler(sending.handler, error);
    }
  }

  private sendLater(route: ServiceRoute, sending: Sending): boolean {
    const waitMs = Math.max(0, Math.min(route.settings.selectionTimeoutMs, this.remainingMs));
    this.waiting = route.whenPickable(waitMs, (refusal) => {
      this.waiting = undefined;
      if (refusal === undefined) this.send(route, sending);
      else this.refuse(sending.handler, refusal);
    });
    return true;
  }

  /** Another endpoint for a request of which nothing was sent. False when there is none left that this call has not tried. */
  private failover({ route, sending }: Attempt): boolean {
    const picks = sending.failovers + 1;
    if (picks >= MAX_PICKS || this.remainingMs <= 0) return false;
    const lease = route.pick(this);
    if (typeof lease === 'string') return false;
    if (this.tried?.has(lease.endpoint.id)) {
      lease[Symbol.dispose]();
      return false;
    }
    this.transmit(route, { options: sending.options, handler: sending.handler, failovers: picks }, lease);
    return true;
  }

  private refuse(handler: DispatchHandler, error: FairleadError): boolean {
    this.refusal = error;
    failHandler(handler, error);
    return true;
  }

  private avoid(attempt: Attempt): void {
    (this.tried ??= new Set()).add(attempt.endpoint.id);
  }

  private announce(attempt: Attempt): void {
    const { events, name } = attempt.route;
    if (events.wants('attempt')) events.emit('attempt', { service: name, ...attempt.report() });
  }
}

function withoutCredentials(options: DispatchOptions): DispatchOptions {
  const { headers } = options;
  // Fetch hands over a plain object in lower case; it has stripped most of this itself.
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return options;
  const kept = Object.assign({}, headers) as Record<string, unknown>;
  for (const name of CREDENTIALS) delete kept[name];
  return Object.assign({}, options, { headers: kept });
}
