/**
 * One call: what the caller asked for, however many attempts it takes.
 *
 * A call *is* the dispatcher that fetch is given: each time fetch wants a connection (the first time, and again for
 * every redirect) it asks `dispatch`, which matches the host, picks an endpoint and sends. As long as nothing was sent,
 * a failure moves on to another endpoint right here, below fetch, with any method and any body, at no cost to the
 * retry budget. Whatever happens after the first byte is left to the retry policy above fetch.
 *
 * An attempt that waits too long may get company: a call beside this one ({@link Call.beside}), with a dispatcher and
 * an attempt of its own, and with the same list of attempts, deadline and budget.
 */

import { callError, type FairleadError } from '../core/errors.js';
import { Attempt, type AttemptOwner, type Sending } from './attempt.js';
import { BoundedExchange } from './bounded-exchange.js';
import type { CallInput, CallWatcher } from './call-input.js';
import { answeredFirst, limitExceeded, nobodyElse, timeUpElsewhere } from './call-refusals.js';
import { RetryPause } from './retry-pause.js';
import { withoutCredentials } from './credentials.js';
import { hashKeyOf } from './hash-key.js';
import type { HedgeKind } from './hedging/hedge-policy.js';
import type { BalancerLease } from './balancer-lease.js';
import type { CallPickContext, ServiceRoute } from './service-route.js';
import { targetOf } from './target.js';
import type { DispatcherLike, DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';
import { failHandler } from './transport/handler-shape.js';
import { observeExchange } from './transport/observe-exchange.js';
import { routeOptions } from './transport/route-options.js';

/** Failovers of one sending, the first pick included: enough for a dead zone, not enough to walk a dead fleet. */
const MAX_PICKS = 6;

export class Call implements DispatcherLike, AttemptOwner, CallPickContext {
  readonly route: ServiceRoute;
  readonly method: string;
  readonly startedAtMs: number;
  readonly deadlineAtMs: number;
  /** All of them, in the order in which they began; shared with the calls beside this one. */
  readonly attempts: Attempt[];
  /** The attempt that speaks for the call: its own last one, or the one of a call beside it that answered first. */
  last: Attempt | undefined;
  /** Ids of endpoints that failed this call; undefined as long as none did. */
  tried: Set<string> | undefined;
  aborted = false;
  /** Why no attempt could be made, when that is what ended the call. */
  refusal: FairleadError | undefined;
  /** Why the last failure was not retried. */
  notRetried: string | undefined;
  /** A retry is under way: the next sending is not the first. */
  retrying = false;

  /** Told when an attempt is overdue. Without one, attempts wait for their timeout. */
  watcher: CallWatcher | undefined;
  hashKey: string | undefined;
  readonly probe: boolean;
  private readonly input: CallInput;
  private readonly main: Call | undefined;
  private readonly kind: HedgeKind | undefined;
  /** Another call has answered: whatever this one sends from now on ends with this error. */
  private superseded: FairleadError | undefined;
  /** The call beside this one that speaks for it now. */
  private adopted: Call | undefined;
  private open: Attempt | undefined;
  private waiting: Disposable | undefined;
  private onExchangeEnd: (() => void) | undefined;
  private pause: RetryPause | undefined;
  private failedAtMs: number | undefined;

  constructor(input: CallInput, main?: Call, kind?: HedgeKind) {
    this.input = input;
    this.main = main;
    this.kind = kind;
    this.route = input.route;
    this.method = input.method;
    this.probe = input.recoverable && main === undefined;
    this.hashKey = input.hashKey;
    this.startedAtMs = main === undefined ? input.route.clock.now() : main.startedAtMs;
    this.deadlineAtMs = this.startedAtMs + input.timeoutMs;
    this.attempts = main === undefined ? [] : main.attempts;
    if (main !== undefined) return;
    input.route.budget.deposit();
    input.route.hedging?.deposit();
  }

  /** The attempt that is about to be picked, counted from 1. */
  get attempt(): number {
    return this.attempts.length + 1;
  }
  get patienceMs(): number {
    return this.watcher === undefined ? Infinity : (this.route.hedging?.patienceMs() ?? Infinity);
  }

  get isSuccess(): boolean {
    return this.last?.outcome?.kind === 'success';
  }

  get remainingMs(): number {
    return this.deadlineAtMs - this.route.clock.now();
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const origin = String(options.origin);
    if (this.superseded !== undefined) return this.refuse(handler, this.superseded);
    if (origin === this.input.origin) return this.send(this.route, { options, handler, failovers: 0 });
    // A redirect has led elsewhere.
    const elsewhere = withoutCredentials(options);
    const route = this.input.router.route(origin);
    if (route === undefined) {
      const refusal = this.input.router.refuse(origin);
      if (refusal !== undefined) return this.refuse(handler, refusal);
      const { clock } = this.route;
      const bounded = new BoundedExchange(clock, this.remainingMs, handler, () => this.timeUpElsewhere(origin));
      return this.input.router.passThrough(elsewhere, observeExchange(handler, bounded));
    }
    return this.send(route, { options: elsewhere, handler, failovers: 0 });
  }

  /** The call's time is over at a host that is no service. @returns what it is to end with */
  timeUpElsewhere(origin: string): FairleadError {
    return (this.refusal = timeUpElsewhere(this.route.name, origin));
  }

  /** A call beside this one, whose attempts avoid the endpoint that this one waits for. */
  beside(kind: HedgeKind): Call {
    const side = new Call(this.input, this, kind);
    side.tried = new Set(this.tried);
    if (this.open !== undefined) side.tried.add(this.open.endpoint.id);
    return side;
  }

  /**
   * The other one of two calls side by side has answered. A rescued attempt has hung while others answered, and that is
   * said of its endpoint; a hedged one was merely slower.
   */
  supersede(kind: HedgeKind): void {
    const { open } = this;
    const error = kind === 'rescue' && open?.status === undefined ? open?.silenceError() : undefined;
    this.superseded = error ?? answeredFirst(this.route.name);
    this.waiting?.[Symbol.dispose]();
    open?.supersede(error);
  }

  /** From now on this call is what the one beside it has become. */
  adopt(side: Call): void {
    this.last = side.last;
    this.adopted = side;
    this.shun(side.tried ?? []);
  }

  /** Endpoints that later attempts should keep away from. */
  shun(ids: Iterable<string>): void {
    for (const id of ids) (this.tried ??= new Set()).add(id);
  }

  /** The caller gave up. */
  abort(reason: unknown): void {
    this.aborted = true;
    this.waiting?.[Symbol.dispose]();
    this.waiting = undefined;
    this.pause?.end();
    this.open?.abandon(reason);
    this.adopted?.abort(reason);
  }

  /** Waits before a retry; a caller's abort ends the wait. */
  sleep(delayMs: number): Promise<void> {
    if (this.aborted) return Promise.resolve();
    this.pause = new RetryPause(this.route.clock, delayMs);
    return this.pause.over;
  }

  /** Ends a wait before a retry at once: there is nothing left to wait for. */
  wake(): void {
    this.pause?.end();
  }

  /** The call has ended without an answer. */
  failed(): void {
    this.failedAtMs = this.route.clock.now();
  }

  /** Calls `over` when nothing of this call is on the wire any more: at once, or when the response's body ends. */
  whenOver(over: () => void): void {
    const { open } = this.adopted ?? this;
    if (open === undefined) over();
    else (this.adopted ?? this).onExchangeEnd = over;
  }

  attemptResponded(attempt: Attempt, latencyMs: number): void {
    attempt.route.heard(attempt.endpoint, latencyMs);
    if (attempt.outcome?.kind !== 'success') this.shun([attempt.endpoint.id]);
    this.announce(attempt);
  }

  attemptFailed(attempt: Attempt): boolean {
    this.announce(attempt);
    if (this.aborted || attempt.outcome?.kind === 'ignored') return false;
    this.shun([attempt.endpoint.id]);
    if (attempt.sent) return false;
    attempt.route.connectFailed();
    return this.failover(attempt);
  }

  attemptOverdue(attempt: Attempt): void {
    this.watcher?.attemptOverdue(attempt);
  }

  attemptSuperseded(attempt: Attempt): void {
    this.announce(attempt);
  }

  attemptEnded(attempt: Attempt): void {
    if (this.open !== attempt) return;
    this.open = undefined;
    this.onExchangeEnd?.();
  }

  /** From the call to the answer, or to the error. */
  get durationMs(): number {
    if (this.failedAtMs !== undefined) return this.failedAtMs - this.startedAtMs;
    const { last } = this;
    return last === undefined ? 0 : last.startedAtMs - this.startedAtMs + last.durationMs;
  }

  /** Sends to a picked endpoint, now or when there is one. */
  private send(route: ServiceRoute, sending: Sending): boolean {
    this.hashKey = hashKeyOf(this.input, route, sending.options);
    const lease = route.pick(this);
    if (this.main !== undefined && this.isNobodyElse(lease))
      return this.refuse(sending.handler, nobodyElse(route.name));
    if (lease === 'none') return this.sendLater(route, sending);
    if (lease === 'limit') return this.refuse(sending.handler, limitExceeded(route.name));
    this.transmit(route, sending, lease);
    return true;
  }

  private transmit(route: ServiceRoute, sending: Sending, lease: BalancerLease): void {
    const target = targetOf(lease.endpoint, String(sending.options.origin));
    const kind = sending.failovers > 0 ? 'failover' : (this.kind ?? (this.retrying ? 'retry' : 'first'));
    const attempt = new Attempt(this, route, lease, target.address, this.attempt, kind, sending);
    this.attempts.push(attempt);
    this.last = attempt;
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

  /** Company on the endpoint that hangs would be none. */
  private isNobodyElse(lease: BalancerLease | 'none' | 'limit'): boolean {
    if (typeof lease === 'string') return true;
    if (this.tried?.has(lease.endpoint.id) !== true) return false;
    lease[Symbol.dispose]();
    return true;
  }

  private refuse(handler: DispatchHandler, error: FairleadError): boolean {
    this.refusal = error;
    failHandler(handler, error);
    return true;
  }

  private announce(attempt: Attempt): void {
    const { events, name } = attempt.route;
    if (events.wants('attempt')) events.emit('attempt', { service: name, ...attempt.report() });
  }
}
