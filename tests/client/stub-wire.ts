/** A network for `createClient({ fetch })`: what each endpoint does is scripted, and what it was sent is recorded. */

export interface SentRequest {
  /** `host:port`. */
  readonly endpoint: string;
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** The response's body was cancelled instead of read. */
  cancelled: boolean;
}

export type Behaviour = (request: SentRequest) => Response | Promise<Response>;

export interface StubWire {
  readonly fetch: typeof globalThis.fetch;
  readonly sent: readonly SentRequest[];
  /** Where requests went, in order: `['a:1', 'b:1']`. */
  readonly route: string[];
  /** What an endpoint does with its first request, its second, …; the last one goes on. @default answers 200 */
  at(endpoint: string, ...behaviours: Behaviour[]): void;
}

export function createStubWire(): StubWire {
  const scripts = new Map<string, Behaviour[]>();
  const sent: SentRequest[] = [];
  return {
    fetch: async (input, init = {}) => {
      // As a real one, which also complains about what it cannot read.
      const request = new Request(input, { ...init, signal: null });
      const { host: endpoint } = new URL(request.url);
      const { method, headers } = request;
      const signal = init.signal ?? new AbortController().signal;
      const record = { endpoint, url: request.url, method, headers, body: init.body, signal, cancelled: false };
      signal.throwIfAborted();
      sent.push(record);
      const script = scripts.get(endpoint) ?? [answer()];
      return (script.length > 1 ? (script.shift() as Behaviour) : (script[0] as Behaviour))(record);
    },
    sent,
    get route() {
      return sent.map(({ endpoint }) => endpoint);
    },
    at: (endpoint, ...behaviours) => void scripts.set(endpoint, behaviours),
  };
}

export function answer(status = 200, headers: Record<string, string> = {}, text = 'ok'): Behaviour {
  return (request) => {
    const chunks = (text.match(/[^]{1,32768}/g) ?? []).map((chunk) => new TextEncoder().encode(chunk));
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const chunk = chunks.shift();
          if (chunk === undefined) controller.close();
          else controller.enqueue(chunk);
        },
        cancel() {
          request.cancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(status === 204 ? null : body, { status, headers });
  };
}

/** More than is read ahead: it stays in flight until somebody reads or cancels it. */
export const LARGE: string = 'x'.repeat(200_000);

/** Nobody listens there: nothing of the request left. */
export function refuse(code = 'ECONNREFUSED'): Behaviour {
  return failing(Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' }));
}

/** The connection broke after the request was sent. */
export function reset(): Behaviour {
  return failing(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET', syscall: 'read' }));
}

function failing(cause: Error): Behaviour {
  return () => Promise.reject(new TypeError('fetch failed', { cause }));
}

/** Accepts and never answers; gives up with the reason when it is aborted. */
export function hang(): Behaviour {
  return ({ signal }) =>
    new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
}
