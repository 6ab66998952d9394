/**
 * One call: what the caller asked for, however many attempts it takes.
 *
 * A call *is* the dispatcher that fetch is given: each time fetch wants a connection (the first time, and again for
 * every redirect) it asks `dispatch`, which matches the host, picks an endpoint and sends. As long as nothing was sent,
 * a failure moves on to another endpoint right here, below fetch, with any method and any body, at no cost to the
 * retry budget. Whatever happens after the first byte is left to the retry policy above fetch.
 *
 * An attempt that waits too long may get company: a call beside this one ({@link Call.accompany}), with a dispatcher and
 * an attempt of its own, and with the same list of attempts, deadline and budget.
 */

import type { NotRetried } from '../core/call-report.js';
import type { FairleadError } from '../core/errors.js';
import { Attempt, type AttemptOwner, type Sending } from './attempt.js';
import { awaitEndpoint } from './await-endpoint.js';
import type { CallInput, CallWatcher } from './call-input.js';
import { answeredFirst, nobodyElse, timeUpElsewhere } from './call-refusals.js';
import { isAcceptable } from './is-acceptable.js';
import type { RetrySettings } from './retry-settings.js';
import { RetryPause } from './retry-pause.js';
import { withoutCredentials } from './credentials.js';
import { MAX_PICKS, pickUntried } from './failover.js';
import { hashKeyOf } from './hash-key.js';
import type { HedgeKind } from './hedging/hedge-policy.js';
import type { BalancerLease } from './balancer-lease.js';
import { refuseRedirect, sendElsewhere } from './redirect.js';
import { sendAttempt } from './send-attempt.js';
import type { CallPickContext, ServiceRoute } from './service-route.js';
import { sideBySide, type SideBySide } from './side-by-side.js';
import { targetOf } from './target.js';
import type { DispatcherLike, DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';
import { failHandler } from './transport/handler-shape.js';

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
  notRetried: NotRetried | undefined;
  /** A retry is under way: the next sending is not the first. */
  retrying = false;
  /** A redirect has led this round to another origin: the caller's credentials stay behind for good. */
  strayed = false;

  /** Told when an attempt is overdue. Without one, attempts wait for their timeout. */
  watcher: CallWatcher | undefined;
  hashKey: string | undefined;
  readonly probe: boolean;
  private readonly input: CallInput;
  /** Undefined as long as this call has no company and is none. */
  private beside: SideBySide<Call> | undefined;
  private open: Attempt | undefined;
  private waiting: Disposable | undefined;
  private onExchangeEnd: (() => void) | undefined;
  private pause: RetryPause | undefined;
  private failedAtMs: number | undefined;

  constructor(input: CallInput, main?: Call, kind?: HedgeKind) {
    this.input = input;
    this.route = input.route;
    this.method = input.method;
    this.probe = input.recoverable && main === undefined;
    this.hashKey = input.hashKey;
    const nowMs = (this.startedAtMs = main === undefined ? input.route.clock.now() : main.startedAtMs);
    this.deadlineAtMs = this.startedAtMs + input.timeoutMs;
    this.attempts = main === undefined ? [] : main.attempts;
    if (main !== undefined) {
      this.beside = sideBySide(main, kind);
      return;
    }
    // What the layer above tries again is load all the same: it counts against this layer's own retries.
    if (this.noRetry) input.route.budget.charge();
    else input.route.budget.deposit(nowMs);
    input.route.hedging?.deposit(nowMs);
  }

  /** The attempt that is about to be picked, counted from 1. */
  get attempt(): number {
    return this.attempts.length + 1;
  }

  patienceMs(nowMs: number): number {
    return this.watcher === undefined || this.input.overrides?.hedge === false || this.noRetry
      ? Infinity
      : (this.route.hedging?.patienceMs(nowMs) ?? Infinity);
  }

  /** The last answer is one to return, not one to try again. */
  get isSuccess(): boolean {
    return this.last !== undefined && isAcceptable(this.last, this.retry);
  }

  /** It serves a request that is a retry: whoever sent that tries again, and nobody below. */
  get noRetry(): boolean {
    return this.input.overrides?.noRetry === true;
  }

  get isRepeat(): boolean {
    return this.retrying || this.beside?.main !== undefined || this.noRetry;
  }

  get attemptTimeoutMs(): number | undefined {
    return this.input.overrides?.attemptTimeoutMs;
  }

  get retry(): RetrySettings | false {
    return this.input.overrides?.retry ?? this.route.settings.retry;
  }

  get remainingMs(): number {
    return this.deadlineAtMs - this.route.clock.now();
  }

  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean {
    const origin = String(options.origin);
    const superseded = this.beside?.superseded;
    if (superseded !== undefined) return this.refuse(handler, superseded);
    const { router, origin: home } = this.input;
    if (origin === home && !this.strayed) return this.send(this.route, { options, handler, failovers: 0 });
    this.strayed = true;
    const stripped = withoutCredentials(options, this.route.settings.credentialHeaders);
    const next = origin === home ? this.route : router.route(origin);
    const refusal = refuseRedirect(this.route, router, home, origin, next);
    if (refusal !== undefined) return this.refuse(handler, refusal);
    if (next !== undefined) return this.send(next, { options: stripped, handler, failovers: 0 });
    return sendElsewhere(this.route, this, stripped, handler);
  }

  /** The call's time is over at a host that is no service. @returns what it is to end with */
  timeUpElsewhere(origin: string): FairleadError {
    return (this.refusal = timeUpElsewhere(this.route.name, origin));
  }

  /** A call beside this one, whose attempts avoid the endpoint that this one waits for. */
  accompany(kind: HedgeKind): Call {
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
    (this.beside ??= sideBySide()).superseded = error ?? answeredFirst(this.route.name);
    this.waiting?.[Symbol.dispose]();
    open?.supersede(error);
  }

  /** From now on this call is what the one beside it has become. */
  adopt(side: Call): void {
    this.last = side.last;
    (this.beside ??= sideBySide()).adopted = side;
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
    this.beside?.adopted?.abort(reason);
  }

  /** Waits before a retry; a caller's abort ends the wait. */
  sleep(delayMs: number): Promise<void> {
    if (this.aborted) return Promise.resolve();
    return (this.pause = new RetryPause(this.route.clock, delayMs)).over;
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
    const speaker = this.beside?.adopted ?? this;
    if (speaker.open === undefined) over();
    else speaker.onExchangeEnd = over;
  }

  attemptResponded(attempt: Attempt, latencyMs: number, nowMs: number): void {
    attempt.route.heard(attempt.endpoint, latencyMs, nowMs);
    if (!isAcceptable(attempt, this.retry)) this.shun([attempt.endpoint.id]);
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
    // Company on the endpoint that hangs would be none.
    const lease = this.beside?.main === undefined ? route.pick(this) : (pickUntried(route, this) ?? 'nobody');
    if (lease === 'nobody') return this.refuse(sending.handler, nobodyElse(route.name));
    if (typeof lease === 'string') return this.sendLater(route, sending, lease);
    this.transmit(route, sending, lease);
    return true;
  }

  private transmit(route: ServiceRoute, sending: Sending, lease: BalancerLease): void {
    const target = targetOf(lease.endpoint, String(sending.options.origin));
    const kind = sending.failovers > 0 ? 'failover' : (this.beside?.kind ?? (this.retrying ? 'retry' : 'first'));
    const attempt = new Attempt(this, route, lease, target.address, this.attempt, kind, sending);
    this.attempts.push(attempt);
    this.last = attempt;
    this.open = attempt;
    sendAttempt(attempt, target, sending);
  }

  /** Waits for the first endpoints, or for a place among what is in flight. */
  private sendLater(route: ServiceRoute, sending: Sending, lack: 'none' | 'limit'): boolean {
    const go = (refusal: FairleadError | undefined): void => {
      this.waiting = undefined;
      if (refusal === undefined) this.send(route, sending);
      else this.refuse(sending.handler, refusal);
    };
    if (lack === 'none') this.waiting = awaitEndpoint(route, this.remainingMs, go);
    else this.waiting = route.limits.whenFree(this.remainingMs, go);
    return true;
  }

  /** Another endpoint for a request of which nothing was sent. False when there is none left that this call has not tried. */
  private failover({ route, sending }: Attempt): boolean {
    const picks = (sending?.failovers ?? MAX_PICKS) + 1;
    if (sending === undefined || picks >= MAX_PICKS || this.remainingMs <= 0) return false;
    const lease = pickUntried(route, this);
    if (lease === undefined) return false;
    this.transmit(route, { options: sending.options, handler: sending.handler, failovers: picks }, lease);
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
