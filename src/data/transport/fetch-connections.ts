/**
 * Connections over somebody's fetch: the URL is rewritten to the endpoint, and the answer is a whole Response. Less can
 * be seen from up here than below fetch: whether a request left is known only when its error proves that it did not.
 */

import { isReplayableBody } from '../idempotency.js';
import { isConnectError } from './connect-error.js';
import type { Connections } from './connections.js';
import type { DispatchHandler, DispatchOptions } from './dispatcher-like.js';
import type { ExchangeObserver } from './exchange-observer.js';
import { failHandler } from './handler-shape.js';
import { unixPath } from '../../kit/unix-path.js';
import { addressRefused } from './guarded-lookup.js';
import { routeOptions } from './route-options.js';
import { trackBody } from './track-body.js';

/** Where the Response of one exchange goes: the counterpart of undici's handlers for a fetch. */
export interface ResponseSink {
  readonly takesResponse: true;
  resolve(response: Response): void;
  /** Named as with undici, so that whatever fails a handler reaches this one as well. */
  onError(error: unknown): void;
}

export function createFetchConnections(fetch: typeof globalThis.fetch): Connections {
  const open = new Set<(error: unknown) => void>();
  return {
    send(endpoint, target, options, handler, observer) {
      if (!isSink(handler)) throw notSupported();
      if (unixPath(endpoint.host) !== undefined)
        throw addressRefused(`${endpoint.host}: a fetch cannot dial a Unix socket`);
      const controller = new AbortController();
      const over = (): void => void open.delete(abort);
      const abort = (reason: unknown): void => {
        over();
        controller.abort(reason);
        // A fetch that does not listen to its signal must not keep the caller waiting.
        if (!observer.failed(reason)) handler.onError(reason);
      };
      open.add(abort);
      observer.started(abort);
      if (!controller.signal.aborted)
        void exchange(fetch, routeOptions(options, target), handler, observer, over, controller.signal);
    },
    // Redirects are followed above, where the Response is.
    sendElsewhere(_options, handler) {
      failHandler(handler, notSupported());
      return false;
    },
    // The fetch keeps its own connections.
    drain: () => {},
    close: () => Promise.resolve(),
    destroy(error) {
      for (const abort of open) abort(error);
      return Promise.resolve();
    },
  };
}

async function exchange(
  fetch: typeof globalThis.fetch,
  options: DispatchOptions,
  sink: ResponseSink,
  observer: ExchangeObserver,
  over: () => void,
  signal: AbortSignal,
): Promise<void> {
  const { origin, path, init, method, headers, body } = options;
  const failed = (error: unknown): boolean => {
    over();
    return observer.failed(error);
  };
  const ended = (): void => {
    over();
    observer.ended();
  };
  try {
    const response = await fetch(
      `${String(origin)}${path}`,
      Object.assign({}, init, { method, headers, body, redirect: 'manual', signal }) as RequestInit,
    );
    if (signal.aborted) return void response.body?.cancel().catch(() => {});
    observer.responded(
      response.status,
      (name) => response.headers.get(name) ?? undefined,
      response.headers.get('connection') === 'close',
    );
    sink.resolve(trackBody(response, { ended, failed }, signal));
  } catch (error) {
    const cause = (error as { cause?: unknown } | null)?.cause ?? error;
    // A stream may have been used up by the attempt, even though nothing left.
    if (isConnectError(cause) && isReplayableBody(body)) observer.neverLeft?.();
    if (!failed(cause)) sink.onError(error);
  }
}

function isSink(handler: DispatchHandler): handler is ResponseSink {
  return (handler as Partial<ResponseSink>).takesResponse === true;
}

function notSupported(): Error {
  const message = "only client.fetch works over a fetch that takes the place of the platform's undici";
  return Object.assign(new Error(message), { code: 'UND_ERR_NOT_SUPPORTED' });
}
