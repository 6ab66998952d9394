/**
 * Connections over somebody's fetch: the URL is rewritten to the endpoint, and the answer is a whole Response. Less can
 * be seen from up here than below fetch: whether a request left is known only when its error proves that it did not.
 */

import { isConnectError } from './connect-error.js';
import type { Connections } from './connections.js';
import type { DispatchOptions } from './dispatcher-like.js';
import type { ExchangeObserver } from './exchange-observer.js';
import { trackBody } from './track-body.js';

/** Where the Response of one exchange goes: the counterpart of undici's handlers for a fetch. */
export interface ResponseSink {
  resolve(response: Response): void;
  reject(error: unknown): void;
}

export function createFetchConnections(fetch: typeof globalThis.fetch): Connections {
  const open = new Set<AbortController>();
  return {
    send(_endpoint, options, handler, observer) {
      const controller = new AbortController();
      open.add(controller);
      void exchange(fetch, options, handler as ResponseSink, observer, controller).finally(() => open.delete(controller));
    },
    // The fetch keeps its own connections.
    drain: () => {},
    close: () => Promise.resolve(),
    destroy(error) {
      for (const controller of open) controller.abort(error);
      return Promise.resolve();
    },
  };
}

async function exchange(
  fetch: typeof globalThis.fetch,
  options: DispatchOptions,
  sink: ResponseSink,
  observer: ExchangeObserver,
  controller: AbortController,
): Promise<void> {
  const { origin, path, init, method, headers, body } = options;
  observer.started((reason) => controller.abort(reason));
  try {
    const response = await fetch(
      `${String(origin)}${path}`,
      Object.assign({}, init, { method, headers, body, redirect: 'manual', signal: controller.signal }) as RequestInit,
    );
    observer.responded(response.status, (name) => response.headers.get(name) ?? undefined);
    sink.resolve(trackBody(response, observer));
  } catch (error) {
    const cause = (error as { cause?: unknown } | null)?.cause ?? error;
    if (isConnectError(cause)) observer.neverLeft?.();
    if (!observer.failed(cause)) sink.reject(error);
  }
}
