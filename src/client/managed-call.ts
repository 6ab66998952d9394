/**
 * A call from its first round to what the caller gets: the part that `fetch` and `request` share. The first round is
 * sent directly; only one that fails meets the retry policy.
 */

import { defaultMaxListeners, getMaxListeners, setMaxListeners } from 'node:events';

import { isFairleadError, type ErrorCode } from '../core/errors.js';
import { Call, type Router } from '../data/call.js';
import { errorOfCall } from '../data/call-error.js';
import { hasHeader, isIdempotentMethod } from '../data/idempotency.js';
import { retryCall, type RepeatableRequest, type Round } from '../data/retry-call.js';
import { linkSignal } from '../kit/link-signal.js';
import { NOT_OPEN, type OpenCall, type OpenCalls } from './open-calls.js';
import type { CallOptions } from './options.js';
import type { Match } from './service-directory.js';
import { callSchema } from './service-schema.js';

/** A request in one of the forms that callers use. */
export interface RequestForm<T> {
  readonly method: string;
  readonly signal: AbortSignal | undefined;
  /** Read only after a failure. */
  headers(): unknown;
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
  const call = new Call({
    router,
    route: service,
    origin,
    method: form.method,
    recoverable: isIdempotentMethod(form.method),
    timeoutMs: options?.timeoutMs ?? service.settings.timeoutMs,
    hashKey: options?.hashKey,
  });
  return new ManagedCall(call, service.calls, form, options, onDelivered).run();
}

class ManagedCall<T> implements RepeatableRequest<T>, OpenCall {
  place: number = NOT_OPEN;
  private readonly call: Call;
  private readonly open: OpenCalls;
  private readonly form: RequestForm<T>;
  private readonly options: CallOptions | undefined;
  private readonly onDelivered: ((value: T, call: Call) => void) | undefined;
  private readonly unlink: (() => void) | undefined;

  constructor(
    call: Call,
    open: OpenCalls,
    form: RequestForm<T>,
    options: CallOptions | undefined,
    onDelivered: ((value: T, call: Call) => void) | undefined,
  ) {
    this.call = call;
    this.open = open;
    this.form = form;
    this.options = options;
    this.onDelivered = onDelivered;
    const { signal } = form;
    if (signal === undefined) return;
    makeRoom(signal);
    // The caller's signal may live as long as the process: one listener, gone when the body has ended.
    this.unlink = linkSignal(signal, () => {
      // First of all: whatever the wire reports from now on is the caller's doing, and no endpoint's.
      call.aborted = true;
      form.abort(signal.reason);
      call.abort(signal.reason);
    });
  }

  run(): Promise<T> {
    this.open.began(this);
    return this.form.send(this.call).then(
      (value) => (this.call.last?.outcome?.kind === 'success' ? this.deliver(value) : this.retry({ value })),
      (error: unknown) => this.retry({ error }),
    );
  }

  wake(): void {
    this.call.wake();
  }

  isIdempotent(): boolean {
    return (
      this.options?.idempotent ??
      (isIdempotentMethod(this.call.method) || hasHeader(this.form.headers(), 'idempotency-key'))
    );
  }

  isReplayable(): boolean {
    return this.form.isReplayable();
  }

  mayRetry(): boolean {
    return this.options?.retry !== false;
  }

  again(): Promise<Round<T>> {
    return this.form.send(this.call).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  }

  discard(value: T): void {
    this.form.discard(value);
  }

  private async retry(first: Round<T>): Promise<T> {
    const { value, error } = await retryCall(this.call, first, this);
    if (value !== undefined) return this.deliver(value);
    this.call.failed();
    this.unlink?.();
    this.open.ended(this);
    if (this.call.aborted) {
      this.announce(undefined, 'aborted');
      throw this.form.signal?.reason;
    }
    const final = errorOfCall(this.call, error);
    this.announce(undefined, isFairleadError(final) ? final.code : undefined);
    throw final;
  }

  private deliver(value: T): T {
    this.onDelivered?.(value, this.call);
    if (this.unlink !== undefined) this.call.whenOver(this.unlink);
    this.open.ended(this);
    this.announce(this.form.status(value), undefined);
    return value;
  }

  private announce(status: number | undefined, error: ErrorCode | 'aborted' | undefined): void {
    const { events } = this.call.route;
    if (events.wants('call')) events.emit('call', { ...this.call.report(), status, error });
  }
}

const roomy = new WeakSet<AbortSignal>();

/** As fetch itself does: one signal for hundreds of calls at a time is no leak, and Node must not warn of one. */
function makeRoom(signal: AbortSignal): void {
  if (roomy.has(signal)) return;
  roomy.add(signal);
  if (getMaxListeners(signal) === defaultMaxListeners) setMaxListeners(1_500, signal);
}
