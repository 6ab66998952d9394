/**
 * The wire over somebody's own fetch: the URL is rewritten to the endpoint, and redirects are followed here (Fetch
 * standard, "HTTP-redirect fetch"), because a fetch that followed them itself would stay with one endpoint.
 */

import { isFairleadError } from '../core/errors.js';
import type { Call } from '../data/call.js';
import type { Router } from '../data/call-input.js';
import { CREDENTIALS } from '../data/credentials.js';
import { refuseRedirect } from '../data/redirect.js';
import type { DispatchOptions } from '../data/transport/dispatcher-like.js';
import type { ResponseSink } from '../data/transport/fetch-connections.js';
import type { Wire } from './fetch-call.js';
import type { FetchInput } from './fetch-input.js';

const MAX_REDIRECTS = 20;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

interface Hop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Headers;
  readonly body: RequestInit['body'];
}

export function createRewritingWire(fetch: typeof globalThis.fetch, router: Router): Wire {
  return async (input, init, call) => {
    const mode = init.redirect ?? (typeof input === 'object' && 'redirect' in input ? input.redirect : 'follow');
    let hop = firstHop(input, init, call.method);
    const asked = hop.url.origin;
    const { credentialHeaders } = call.route.settings;
    for (let redirects = 0; ; redirects++) {
      if (init.signal?.aborted) throw init.signal.reason;
      const service = router.route(hop.url.origin);
      const refusal = redirects === 0 ? undefined : refuseRedirect(call.route, router, asked, hop.url.origin, service);
      if (refusal !== undefined) throw refusal;
      const response = await (service === undefined
        ? sendElsewhere(fetch, hop, init, call)
        : sendToService(hop, init, call));
      const location = REDIRECTS.has(response.status) ? response.headers.get('location') : null;
      if (location === null || mode === 'manual') return asLogical(response, hop.url, redirects > 0);
      await response.body?.cancel();
      if (mode === 'error') throw new TypeError('fetch failed', { cause: new Error('unexpected redirect') });
      if (redirects === MAX_REDIRECTS)
        throw new TypeError('fetch failed', { cause: new Error('redirect count exceeded') });
      hop = nextHop(hop, new URL(location, hop.url), response.status, credentialHeaders);
      // Used up by the hop before (Fetch standard, "HTTP-redirect fetch", step 11).
      if (isStream(hop.body))
        throw new TypeError('fetch failed', { cause: new Error('a stream cannot be sent again') });
    }
  };
}

function firstHop(input: FetchInput, init: RequestInit, method: string): Hop {
  const request = typeof input === 'object' && 'url' in input ? input : undefined;
  const body = init.body ?? request?.body ?? null;
  // As fetch itself would, but before an endpoint can be blamed for it.
  if (body !== null && (method === 'GET' || method === 'HEAD'))
    throw new TypeError('Request with GET/HEAD method cannot have body.');
  return {
    url: new URL(typeof input === 'string' ? input : 'url' in input ? input.url : input.href),
    method,
    headers: new Headers(init.headers ?? request?.headers),
    body,
  };
}

/** A hop to a host that is no service: bounded by the call's time until its headers, by the caller's signal after that. */
async function sendElsewhere(
  fetch: typeof globalThis.fetch,
  hop: Hop,
  init: RequestInit,
  call: Call,
): Promise<Response> {
  const { url, method, headers, body } = hop;
  const controller = new AbortController();
  // The signal is this call's own, and ends with it.
  init.signal?.addEventListener('abort', () => controller.abort(init.signal?.reason), { once: true });
  const timer = call.route.clock.setTimer(
    () => controller.abort(call.timeUpElsewhere(url.origin)),
    Math.max(0, call.remainingMs),
  );
  const { signal } = controller;
  try {
    return await fetch(url, { ...init, method, headers, body, redirect: 'manual', signal } as RequestInit);
  } finally {
    timer[Symbol.dispose]();
  }
}

function sendToService({ url, method, headers, body }: Hop, init: RequestInit, call: Call): Promise<Response> {
  return new Promise((resolve, reject) => {
    // Nobody else would tell whoever waits for the first endpoints. The signal is this call's own.
    init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error), { once: true });
    const sink: ResponseSink = {
      takesResponse: true,
      resolve,
      // As from the platform's fetch, so that both wires look the same from above.
      onError: (error) =>
        reject(isFairleadError(error) ? new TypeError('fetch failed', { cause: error }) : (error as Error)),
    };
    const options: DispatchOptions = {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      // The form that both fetch and the routing know.
      headers: Object.fromEntries(headers),
      body,
      init: isStream(body) ? Object.assign({ duplex: 'half' }, init) : init,
    };
    call.dispatch(options, sink);
  });
}

function isStream(body: Hop['body']): boolean {
  return typeof body === 'object' && body !== null && ('getReader' in body || Symbol.asyncIterator in body);
}

/** Credentials stay with the host they were meant for; a POST becomes a GET where browsers and servers agreed on it. */
function nextHop(hop: Hop, url: URL, status: number, listed: readonly string[]): Hop {
  const headers = new Headers(hop.headers);
  if (url.origin !== hop.url.origin) for (const name of [...CREDENTIALS, ...listed, 'host']) headers.delete(name);
  const toGet = status === 303 ? hop.method !== 'HEAD' && hop.method !== 'GET' : status < 303 && hop.method === 'POST';
  if (!toGet) return { ...hop, url, headers };
  for (const name of [...headers.keys()]) if (name.startsWith('content-')) headers.delete(name);
  return { url, method: 'GET', headers, body: null };
}

/** The caller asked for a name, so that is what the response says. */
function asLogical(response: Response, url: URL, redirected: boolean): Response {
  // Configurable, for a fetch that answers with the same object again.
  Object.defineProperty(response, 'url', { value: url.href.replace(/#.*/s, ''), configurable: true });
  Object.defineProperty(response, 'redirected', { value: redirected, configurable: true });
  return response;
}
