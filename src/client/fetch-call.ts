/** `client.fetch`: the platform's fetch, with the call as its dispatcher. */

import type { CallReport } from '../core/call-report.js';
import type { Call } from '../data/call.js';
import type { Router } from '../data/call-input.js';
import { reportCall } from '../data/report-call.js';
import { isReplayableBody } from '../data/idempotency.js';
import { callOfResponse, rememberCall } from './call-of-response.js';
import { manageCall, type RequestForm } from './managed-call.js';
import type { CallOptions } from './options.js';
import type { Match } from './service-directory.js';

export type FetchInput = string | URL | Request;
export type FetchInit = RequestInit & { readonly fairlead?: CallOptions };

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
  init: FetchInit | undefined,
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

  constructor(input: FetchInput, init: FetchInit | undefined, wire: Wire) {
    this.input = input;
    this.request = isRequest(input) ? input : undefined;
    this.wire = wire;
    this.method = (init?.method ?? this.request?.method ?? 'GET').toUpperCase();
    this.init = wireInit(init);
    this.signal = (init?.signal === undefined ? this.request?.signal : init.signal) ?? undefined;
    if (this.signal === undefined) return;
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

  isReplayable(): boolean {
    const { body } = this.init;
    // A Request's own body is a stream, used up by the first sending.
    if (body === undefined || body === null) return this.request === undefined || this.request.body === null;
    return isReplayableBody(body);
  }

  send(call: Call): Promise<Response> {
    return this.wire(this.input, this.init, call);
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

/** A copy of our own, without our own options: the caller's object is neither changed nor kept. */
export function wireInit(init: FetchInit | undefined): RequestInit {
  if (init === undefined) return {};
  if (init.fairlead === undefined) return Object.assign({}, init);
  const { fairlead: _, ...rest } = init;
  return rest;
}

function isRequest(input: FetchInput): input is Request {
  return typeof input === 'object' && 'url' in input;
}
