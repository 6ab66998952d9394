/** Learns when a Response's body is over where nothing below fetch can say so. */

/** Statuses whose responses have no body (Fetch standard, "null body status"). */
const NO_BODY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);

/** Read without a reader, so that a small body that nobody looks at ends all the same: what a socket would buffer. */
const READ_AHEAD_BYTES = 65_536;

/** Ends bodies that were dropped half-read; the platform's own is of no use to a stream that we hold locked. */
const dropped = new FinalizationRegistry<() => void>((release) => release());

export interface BodyObserver {
  ended(): void;
  failed(error: unknown): void;
}

/** The same response, whose end is told to the observer, and whose body breaks off when `signal` aborts. */
export function trackBody(response: Response, observer: BodyObserver, signal: AbortSignal): Response {
  if (response.body === null || NO_BODY.has(response.status)) {
    observer.ended();
    return response;
  }
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const breakOff = (): void => {
          controller.error(signal.reason);
          release(reader, signal.reason);
        };
        signal.addEventListener('abort', breakOff, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (signal.aborted) return;
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
    },
    new ByteLengthQueuingStrategy({ highWaterMark: READ_AHEAD_BYTES }),
  );
  dropped.register(body, () => {
    observer.ended();
    release(reader, undefined);
  });
  const { status, statusText, headers } = response;
  return new Response(body, { status, statusText, headers });
}

function release(reader: ReadableStreamDefaultReader<Uint8Array>, reason: unknown): void {
  // A body that broke by itself rejects.
  reader.cancel(reason).catch(() => {});
}
