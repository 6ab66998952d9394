/** Learns when a Response's body is over where nothing below fetch can say so. */

import type { ExchangeObserver } from './exchange-observer.js';

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const NO_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** The same response, whose end is told to the observer. */
export function trackBody(response: Response, observer: ExchangeObserver): Response {
  if (response.body === null || NO_BODY.has(response.status)) {
    observer.ended();
    return response;
  }
  const reader = response.body.getReader();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        observer.ended();
        controller.close();
      } catch (error) {
        observer.failed(error);
        controller.error(error);
      }
    },
    async cancel(reason) {
      observer.ended();
      await reader.cancel(reason);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}
