/** `client.fetch`: the platform's fetch, with the call as its dispatcher. */

import type { CallReport } from '../core/call-report.js';
import type { Call } from '../data/call.js';
import type { Router } from '../data/call-input.js';
import { reportCall } from '../data/report-call.js';
import { isReplayableBody } from '../data/idempotency.js';
import { isOneShotBody, keptBodies, madeBodies, twinBodies, type RoundBodies } from '../data/round-bodies.js';
import { invalidOption } from '../kit/option-error.js';
import { callOfResponse, rememberCall } from './call-of-response.js';
import { manageCall, type RequestForm } from './managed-call.js';
import type { Match } from './service-directory.js';
import type { CallOptions } from './options.js';
import { wireInit } from './wire-init.js';
import { asText, isRequest, isSignal, type FetchInit, type FetchInput } from './fetch-input.js';

/** Sends one round of a call: the platform's fetch with the call as dispatcher, or an injected fetch. */
export type Wire = (input: FetchInput, init: RequestInit, call: Call) => Promise<Response>;

/** What happened on the way to a response of `client.fetch`; undefined for any other. */
export function getCall(response: Response): CallReport | undefined {
  const call = callOfResponse(response);
  return call === undefined ? undefined : reportCall(call);
}

export function fetchCall(
  match: Match,
  input: FetchInput,
  init: FetchInit | null | undefined,
  router: Router,
  wire: Wire,
): Promise<Response> {
  return manageCall(match, router, new FetchForm(input, init, wire), init?.fairlead, rememberCall);
}

class FetchForm implements RequestForm<Response> {
  readonly method: string;
  readonly signal: AbortSignal | undefined;
  private readonly input: FetchInput;
  private readonly request: Request | undefined;
  private readonly init: RequestInit;
  private readonly wire: Wire;
  private readonly controller: AbortController | undefined;
  bodies: RoundBodies | undefined;

  constructor(input: FetchInput, init: FetchInit | null | undefined, wire: Wire) {
    this.input = input;
    this.request = isRequest(input) ? input : undefined;
    this.wire = wire;
    this.init = wireInit(init);
    this.method = methodOf(this.init.method, this.request);
    const signal = this.init.signal === undefined ? this.request?.signal : this.init.signal;
    if (this.request !== undefined) keepReferrer(this.request, this.init);
    // Of anything else fetch itself says that it is no signal.
    if (!isSignal(signal)) return;
    this.signal = signal;
    // A polyfill's is some platforms' signal and not others'.
    if (!(signal instanceof AbortSignal)) return;
    // Given the caller's signal, fetch would leave a listener on it until the garbage collector comes by.
    this.controller = new AbortController();
    this.init.signal = this.controller.signal;
  }

  url(): string {
    const { input } = this;
    return typeof input === 'string' ? input : 'url' in input ? input.url : input.href;
  }

  headers(): unknown {
    return this.init.headers ?? this.request?.headers;
  }

  repeatBody(make: CallOptions['body'], keptBytes: number): void {
    const { init, request } = this;
    const given = init.body ?? undefined;
    if (make !== undefined) {
      if (given !== undefined) throw invalidOption('fairlead.body', 'must not be given together with a body');
      this.bodies = madeBodies(make);
    } else if (given !== undefined) {
      if (isOneShotBody(given)) this.bodies = keptBodies(given, keptBytes);
    } else if (request !== undefined && request.body !== null && !request.bodyUsed) {
      // Its twin is read beside it: sent as it is, its length is known to fetch.
      this.bodies = twinBodies(request.clone().body as object, keptBytes);
    }
  }

  isReplayable(): boolean {
    if (this.bodies !== undefined) return this.bodies.isReplayable();
    const { body } = this.init;
    // A Request's own body is a stream, used up by the first sending.
    if (body === undefined || body === null) return this.request === undefined || this.request.body === null;
    return isReplayableBody(body);
  }

  send(call: Call): Promise<Response> {
    return this.bodies === undefined ? this.wire(this.input, this.init, call) : this.sendBody(call, this.bodies);
  }

  private async sendBody(call: Call, bodies: RoundBodies): Promise<Response> {
    const made = await bodies.next();
    if (made === undefined) return this.wire(this.input, this.init, call);
    // Any fetch takes a stream, an iterable only some.
    const body = isOneShotBody(made) ? streamOf(made) : made;
    return this.wire(this.input, Object.assign({}, this.init, { body, duplex: 'half' }), call);
  }

  abort(reason: unknown): void {
    this.controller?.abort(reason);
  }

  status(response: Response): number {
    return response.status;
  }

  discard(response: Response): void {
    // Left unread, it would keep its connection.
    response.body?.cancel().catch(() => {});
  }
}

function streamOf(body: object): ReadableStream {
  return 'getReader' in body ? (body as ReadableStream) : ReadableStream.from(body as AsyncIterable<unknown>);
}

function methodOf(method: unknown, request: Request | undefined): string {
  if (typeof method === 'string') return method.toUpperCase();
  return method === undefined ? (request?.method.toUpperCase() ?? 'GET') : asText(method).toUpperCase();
}

/** With an `init` that says anything, fetch forgets a Request's referrer ("new Request", step 13); ours says something where the caller's does not. */
function keepReferrer(request: Request, init: RequestInit): void {
  if (request.referrer === 'about:client' && request.referrerPolicy === '') return;
  for (const key in init) if (init[key as keyof RequestInit] !== undefined) return;
  if (!platformKeepsReferrer()) return;
  init.referrer = request.referrer;
  init.referrerPolicy = request.referrerPolicy;
}

/** Node 24 forgets it always. */
function platformKeepsReferrer(): boolean {
  const request = new Request('http://a/', { referrer: 'http://a/from' });
  return new Request(request).referrer === request.referrer;
}
