/** Registries without a network: a fetch that answers as it is told, and writes down what it was asked. */

import type { ResolverAnswer, Prober } from '../../../src/core/resolver.js';

export interface Sent {
  readonly url: URL;
  readonly headers: Headers;
  readonly init: RequestInit;
}

export const json = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', ...headers } });

export const groups = (...targets: string[]): unknown => [{ targets, labels: {} }];

export type Respond = (sent: Sent, count: number) => Response | Promise<Response>;

/** Like the platform's, it rejects when its signal aborts. */
export function fakeFetch(respond: Respond): { readonly sent: Sent[]; readonly fetch: typeof globalThis.fetch } {
  const sent: Sent[] = [];
  const fetch = (async (input: URL, init: RequestInit) => {
    const request = { url: new URL(input), headers: init.headers as Headers, init };
    sent.push(request);
    const aborted = new Promise<never>((_, reject) => {
      init.signal?.addEventListener('abort', () => reject(init.signal?.reason as Error), { once: true });
    });
    return Promise.race([respond(request, sent.length), aborted]);
  }) as unknown as typeof globalThis.fetch;
  return { sent, fetch };
}

export const askProber = (resolver: unknown): Promise<ResolverAnswer> =>
  (resolver as Prober).resolve({ signal: new AbortController().signal });

export interface FakeStream {
  readonly response: Response;
  send(...texts: string[]): void;
  /** An event with this list. */
  list(targets: readonly string[], id?: string): void;
  end(): void;
  break(error: Error): void;
  readonly cancelled: boolean;
  /** Cancelled, ended, or broken. */
  readonly over: boolean;
}

export function fakeStream(headers: Record<string, string> = {}): FakeStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  let cancelled = false;
  let over = false;
  const body = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    cancel: () => void (cancelled = over = true),
  });
  const send = (...texts: string[]): void => {
    for (const text of texts) if (!cancelled) controller?.enqueue(new TextEncoder().encode(text));
  };
  return {
    response: new Response(body, { headers: { 'content-type': 'text/event-stream', ...headers } }),
    send,
    list: (targets, id) =>
      send(`${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(groups(...targets))}\n\n`),
    end() {
      over = true;
      controller?.close();
    },
    break(error) {
      over = true;
      controller?.error(error);
    },
    get cancelled() {
      return cancelled;
    },
    get over() {
      return over;
    },
  };
}
