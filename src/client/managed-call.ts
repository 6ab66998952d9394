/**
 * A call from its first round to what the caller gets: the part that `fetch` and `request` share. The first round is
 * sent directly; only one that fails meets the retry policy.
 */

import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';

import { isFairleadError, type ErrorCode } from '../core/errors.js';
import type { Attempt } from '../data/attempt.js';
import { Call } from '../data/call.js';
import type { CallOverrides, CallWatcher, Router } from '../data/call-input.js';
import { Company } from '../data/hedging/company.js';
import { refusedCall, reportCall } from '../data/report-call.js';
import { finalOutcome } from '../data/admission/final-outcome.js';
import type { Admission, AdmissionRequest } from '../data/admission/admission.js';
import type { BreakerPermit } from '../data/admission/breaker.js';
import { errorOfCall } from '../data/call-error.js';
import { isIdempotentMethod } from '../data/idempotency.js';
import { hasHeader } from '../data/request-headers.js';
import { timeUpBefore } from '../data/call-refusals.js';
import type { Told } from '../data/propagation.js';
import type { RetrySettings } from '../data/retry-settings.js';
import type { RoundBodies } from '../data/round-bodies.js';
import { retryCall, type RepeatableRequest, type Round } from '../data/retry-call.js';
import { linkSignal } from '../kit/link-signal.js';
import { toldByInbound } from './inbound-context.js';
import { NOT_OPEN, type OpenCall, type OpenCalls } from './open-calls.js';
import type { CallOptions } from './options.js';
import type { Service } from './service.js';
import type { Match } from './service-directory.js';
import { callSchema } from './call-schema.js';

/** A request in one of the forms that callers use. */
export interface RequestForm<T> extends AdmissionRequest {
  readonly signal: AbortSignal | undefined;
  /** Where the caller's own body is not enough. */
  readonly bodies: RoundBodies | undefined;
  /** Read only after a failure. */
  headers(): unknown;
  /**
   * Before the first round: its bodies are made by `make`, or up to `keptBytes` of the caller's own are kept.
   * @throws FairleadError `ERR_INVALID_OPTION` when the request has a body and `make` is there as well
   */
  repeatBody(make: CallOptions['body'], keptBytes: number): void;
  /** Whether the body can be sent again from the start. Asked only after a failure. */
  isReplayable(): boolean;
  /** One round on the wire. */
  send(call: Call): Promise<T>;
  /** The caller gave up. */
  abort(reason: unknown): void;
  status(value: T): number;
  /** Frees what a response that nobody will read holds. */
  discard(value: T): void;
}

/** @throws FairleadError `ERR_INVALID_OPTION` when the call's own options are wrong */
export function manageCall<T>(
  match: Match,
  router: Router,
  form: RequestForm<T>,
  given: CallOptions | undefined,
  onDelivered?: (value: T, call: Call) => void,
): Promise<T> {
  const options = given === undefined ? undefined : callSchema.parse(given, 'fairlead');
  const { service, origin } = match;
  const told = toldByInbound(options?.inbound, service.settings.propagate);
  const timeoutMs = Math.min(options?.timeoutMs ?? service.settings.timeoutMs, told?.remainingMs ?? Infinity);
  if (timeoutMs <= 0) refuse(service, timeUpBefore(service.name));
  const keptBytes = replayBufferBytes(service.settings.retry, options?.retry);
  if (keptBytes > 0 || options?.body !== undefined) form.repeatBody(options?.body, keptBytes);
  const { admission } = service.door;
  const permit = admission === undefined ? undefined : enter(service, admission, form);
  const call = new Call({
    router,
    route: service,
    origin,
    method: form.method,
    recoverable: isIdempotentMethod(form.method),
    timeoutMs,
    hashKey: options?.hashKey,
    overrides: overridesOf(options, service.settings.retry, told),
  });
  return new ManagedCall(call, service, permit, form, options, onDelivered).run();
}

function replayBufferBytes(service: RetrySettings | false, own: CallOptions['retry']): number {
  return service === false || own === false ? 0 : (own?.replayBufferBytes ?? service.replayBufferBytes);
}

/** A call that is refused at the door has ended as well. */
function enter(service: Service, admission: Admission, form: AdmissionRequest): BreakerPermit | undefined {
  try {
    return admission.enter(form);
  } catch (refusal) {
    return refuse(service, refusal);
  }
}

function refuse(service: Service, refusal: unknown): never {
  const { events, name } = service;
  if (events.wants('call')) events.emit('call', refusedCall(name, refusal));
  throw refusal;
}

function overridesOf(
  options: CallOptions | undefined,
  service: RetrySettings | false,
  told: Told | undefined,
): CallOverrides | undefined {
  if (options === undefined) return told;
  const { attemptTimeoutMs, hedge, retry } = options;
  // `mayRetry` says no where the call does.
  const own = service === false || typeof retry !== 'object' ? undefined : Object.assign({}, service, retry);
  return { attemptTimeoutMs, hedge, retry: own, noRetry: told?.noRetry };
}

class ManagedCall<T> implements RepeatableRequest<T>, OpenCall, CallWatcher {
  place: number = NOT_OPEN;
  private readonly call: Call;
  private readonly open: OpenCalls;
  private readonly admission: Admission | undefined;
  private readonly permit: BreakerPermit | undefined;
  private readonly form: RequestForm<T>;
  private readonly options: CallOptions | undefined;
  private readonly onDelivered: ((value: T, call: Call) => void) | undefined;
  private readonly unlink: (() => void) | undefined;
  /** Nothing was begun, so fetch had the word: a mistake in the call comes before the abort. */
  private readonly abortedBefore: boolean = false;
  /** A round that runs beside one that is overdue. */
  private company: Company<T> | undefined;

  constructor(
    call: Call,
    service: Service,
    permit: BreakerPermit | undefined,
    form: RequestForm<T>,
    options: CallOptions | undefined,
    onDelivered: ((value: T, call: Call) => void) | undefined,
  ) {
    this.call = call;
    this.open = service.calls;
    this.admission = service.door.admission;
    this.permit = permit;
    this.form = form;
    this.options = options;
    this.onDelivered = onDelivered;
    if (call.route.hedging !== undefined) call.watcher = this;
    const { signal } = form;
    if (signal === undefined) return;
    this.abortedBefore = signal.aborted;
    makeRoom(signal);
    // The caller's signal may live as long as the process: one listener, gone when the body has ended.
    this.unlink = linkSignal(signal, () => {
      // First of all: whatever the wire reports from now on is the caller's doing, and no endpoint's.
      call.aborted = true;
      form.abort(signal.reason);
      call.abort(signal.reason);
      this.company?.abort(signal.reason);
    });
  }

  run(): Promise<T> {
    this.open.began(this);
    return this.form.send(this.call).then(
      (value) => (this.call.isSuccess && this.company === undefined ? this.deliver(value) : this.goOn({ value })),
      (error: unknown) => this.goOn({ error }),
    );
  }

  wake(): void {
    this.call.wake();
  }

  isIdempotent(): boolean {
    return (
      this.options?.idempotent ?? (this.isIdempotentByMethod() || hasHeader(this.form.headers(), 'idempotency-key'))
    );
  }

  private isIdempotentByMethod(): boolean {
    const { method, retry } = this.call;
    return retry === false ? isIdempotentMethod(method) : retry.methods.includes(method);
  }

  isReplayable(): boolean {
    return this.form.isReplayable();
  }

  isTooLong(): boolean {
    return this.form.bodies?.isTooLong() === true;
  }

  mayRetry(): boolean {
    return this.options?.retry !== false;
  }

  again(): Promise<Round<T>> {
    this.call.strayed = false;
    return this.form.send(this.call).then(
      (value) => this.decided({ value }),
      (error: unknown) => this.decided({ error }),
    );
  }

  attemptOverdue({ endpoint, number, startedAtMs, route }: Attempt): void {
    const { call, company } = this;
    const { hedging, clock } = route;
    if (company !== undefined || call.aborted || hedging === undefined || route.size < 2) return;
    if (!this.isIdempotent() || !this.isReplayable()) return;
    const waitedMs = clock.now() - startedAtMs;
    const kind = hedging.allows(endpoint.id, startedAtMs, waitedMs);
    if (kind === undefined || !route.budget.tryWithdraw()) return;
    const { events, name: service } = route;
    if (events.wants('hedge'))
      events.emit('hedge', { service, attempt: number, endpoint: endpoint.id, kind, afterMs: waitedMs });
    this.company = new Company(call, kind, this.form);
  }

  discard(value: T): void {
    this.form.discard(value);
  }

  /** How a round ended, together with the one beside it. */
  private decided(round: Round<T>): Round<T> | Promise<Round<T>> {
    const { company } = this;
    this.company = undefined;
    return company === undefined ? round : company.decide(round);
  }

  private async goOn(round: Round<T>): Promise<T> {
    const { value, error } = await retryCall(this.call, await this.decided(round), this);
    if (value !== undefined) return this.deliver(value);
    this.call.failed();
    const { bodies } = this.form;
    bodies?.cancel();
    this.left();
    this.unlink?.();
    this.open.ended(this);
    if (this.call.aborted) {
      this.announce(undefined, 'aborted');
      throw this.abortedBefore ? error : this.form.signal?.reason;
    }
    const own = bodies?.failure();
    const final = own === undefined ? errorOfCall(this.call, error) : own.error;
    this.announce(undefined, isFairleadError(final) ? final.code : undefined);
    throw final;
  }

  private deliver(value: T): T {
    this.form.bodies?.release();
    this.left();
    // Nothing more is overdue; and whoever keeps the response must not keep the request with it.
    this.call.watcher = undefined;
    this.onDelivered?.(value, this.call);
    if (this.unlink !== undefined) this.call.whenOver(this.unlink);
    this.open.ended(this);
    this.announce(this.form.status(value), undefined);
    return value;
  }

  private left(): void {
    const { admission, call } = this;
    if (admission === undefined) return;
    const { durationMs } = call;
    admission.left(this.permit, finalOutcome(call), durationMs, call.startedAtMs + durationMs);
  }

  private announce(status: number | undefined, error: ErrorCode | 'aborted' | undefined): void {
    const { events } = this.call.route;
    if (events.wants('call')) events.emit('call', { ...reportCall(this.call), status, error });
  }
}

const roomy = new WeakSet<AbortSignal>();

/** As fetch itself does: one signal for hundreds of calls at a time is no leak, and Node must not warn of one. */
function makeRoom(signal: AbortSignal): void {
  if (roomy.has(signal)) return;
  roomy.add(signal);
  // A polyfill's signal is none of Node's event targets, and knows no limit.
  if (!(signal instanceof EventTarget)) return;
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(1_500, signal);
}
