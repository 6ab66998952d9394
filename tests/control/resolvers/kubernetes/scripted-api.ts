/** An API server of plain objects, in the test's own time: answers what it is told to, and writes down what it was asked. */

import type { FakeClock } from '../../../../src/testing/fake-clock.js';

export interface Question {
  readonly atMs: number;
  /** Of the query, without what every question has. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Headers;
  readonly url: URL;
}

export interface OpenWatch {
  push(...events: readonly object[]): void;
  /** As bytes, in whatever pieces. */
  write(text: string): void;
  end(): void;
  break(error: Error): void;
  readonly isOpen: boolean;
}

export interface ScriptedApi {
  readonly fetch: typeof globalThis.fetch;
  readonly questions: Question[];
  readonly watches: OpenWatch[];
  /** What comes next, in this order; afterwards lists are empty and watches open. */
  next(...steps: readonly Step[]): void;
}

export type Step =
  | 'hang'
  | 'watch'
  | Error
  | { readonly status: number; readonly body?: object; readonly headers?: object }
  | { readonly list: object };

export function createScriptedApi(clock: FakeClock): ScriptedApi {
  const questions: Question[] = [];
  const watches: OpenWatch[] = [];
  const steps: Step[] = [];

  function openWatch(signal: AbortSignal): Response {
    let isOpen = true;
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: () => void (isOpen = false),
    });
    signal.addEventListener('abort', () => {
      isOpen = false;
      controller.error(signal.reason);
    });
    const write = (text: string): void => controller.enqueue(new TextEncoder().encode(text));
    watches.push({
      push: (...events) => write(events.map((event) => `${JSON.stringify(event)}\n`).join('')),
      write,
      end() {
        if (isOpen) controller.close();
        isOpen = false;
      },
      break(error) {
        isOpen = false;
        controller.error(error);
      },
      get isOpen() {
        return isOpen;
      },
    });
    return new Response(body, { headers: { 'content-type': 'application/json' } });
  }

  async function answer(input: unknown, init: unknown): Promise<Response> {
    const url = new URL(String(input));
    const { headers, signal } = init as { headers: Headers; signal: AbortSignal };
    const { labelSelector: _, ...query } = Object.fromEntries(url.searchParams);
    questions.push({ atMs: clock.now(), query, headers, url });
    const step = steps.shift() ?? (query['watch'] === undefined ? { list: list('1') } : 'watch');
    if (step === 'hang')
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    if (step === 'watch') return openWatch(signal);
    if (step instanceof Error) throw step;
    const { status, body, headers: more } = 'list' in step ? { status: 200, body: step.list, headers: {} } : step;
    return Response.json(body ?? {}, { status, headers: { ...more } });
  }

  return {
    fetch: answer,
    questions,
    watches,
    next: (...more) => void steps.push(...more),
  };
}

export function list(version: string, items: readonly object[] = [], more = ''): object {
  return {
    kind: 'EndpointSliceList',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { resourceVersion: version, continue: more },
    items: items.map((item) => stampedWith(version, item)),
  };
}

export function event(type: string, version: string, object: object = {}): object {
  return { type, object: stampedWith(version, object) };
}

function stampedWith(version: string, object: object): object {
  const { metadata } = object as { metadata?: { resourceVersion?: string } };
  return { ...object, metadata: { ...metadata, resourceVersion: metadata?.resourceVersion ?? version } };
}
