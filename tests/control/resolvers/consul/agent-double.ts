import type { Receiver, ResolverAnswer } from '../../../../src/core/resolver.js';
import type { ConsulResolverOptions } from '../../../../src/control/resolvers/consul/consul-options.js';
import { consulResolver } from '../../../../src/control/resolvers/consul/consul-resolver.js';
import { createFakeClock, type FakeClock } from '../../../../src/testing/fake-clock.js';

/** What the agent does with one question, so long after it came. Without `after` at once. */
export interface Reply {
  readonly after?: number;
  readonly status?: number;
  /** Of `X-Consul-Index`; undefined sends none. */
  readonly index?: string | number | undefined;
  /** Ports of the instances at 10.0.0.1; or the very body. */
  readonly body?: readonly number[] | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The connection breaks instead. */
  readonly breaks?: boolean;
}

export interface Question {
  readonly atMs: number;
  readonly url: URL;
  readonly index: string | null;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

export interface AgentDouble {
  readonly clock: FakeClock;
  readonly questions: Question[];
  readonly answers: ResolverAnswer[];
  readonly errors: string[];
  /** The index of every question: `null` is one without. */
  readonly asked: () => (string | null)[];
  /** Milliseconds between the questions. */
  readonly gaps: () => number[];
  readonly run: (ms: number) => Promise<void>;
  readonly refresh: () => void;
  readonly stop: () => void;
}

export const HANG: Reply = { after: Infinity };

/** One entry as Consul gives it, without what nobody reads. */
export function entry(service: Record<string, unknown> = {}, status = 'passing', node: object = {}): object {
  return {
    Node: { Node: 'n1', Address: '10.9.9.9', Datacenter: 'dc1', ...node },
    Service: { ID: 'web-1', Service: 'web', Address: '10.0.0.1', Port: 80, ...service },
    Checks: [{ CheckID: 'serfHealth', Status: 'passing' }, { Status: status }],
  };
}

/** A resolver under fake time before an agent that follows a script; its last reply is given for ever. */
export function watchAgent(
  script: readonly Reply[] | ((question: Question, n: number) => Reply),
  options: Partial<ConsulResolverOptions> = {},
  random = { next: () => 0.5 },
): AgentDouble {
  const clock = createFakeClock();
  const questions: Question[] = [];
  const answers: ResolverAnswer[] = [];
  const errors: string[] = [];
  const controller = new AbortController();
  const listeners: (() => void)[] = [];

  const fetch = ((url: URL, { headers, signal }: { headers: Headers; signal: AbortSignal }) => {
    const question = { atMs: clock.now(), url: new URL(url), index: url.searchParams.get('index'), headers, signal };
    questions.push(question);
    const n = questions.length - 1;
    const reply = typeof script === 'function' ? script(question, n) : script[Math.min(n, script.length - 1)]!;
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
      if (reply.after === Infinity) return;
      clock.setTimer(() => {
        if (reply.breaks === true) reject(new Error('other side closed'));
        else resolve(response(reply));
      }, reply.after ?? 0);
    });
  }) as unknown as typeof globalThis.fetch;

  const receiver: Receiver = {
    update: (answer) => answers.push(answer),
    error: (error) => errors.push((error as Error).message),
  };
  consulResolver({ service: 'web', fetch, ...options }).watch(receiver, {
    signal: controller.signal,
    clock,
    random,
    onRefresh: (listener: () => void) => listeners.push(listener),
    reportError: (error: unknown) => errors.push(`(${(error as Error).message})`),
  } as never);
  return {
    clock,
    questions,
    answers,
    errors,
    asked: () => questions.map(({ index }) => index),
    gaps: () => questions.slice(1).map(({ atMs }, i) => atMs - questions[i]!.atMs),
    run: (ms) => clock.advanceAsync(ms, { eventLoop: true }),
    refresh: () => listeners.forEach((listener) => listener()),
    stop: () => controller.abort(),
  };
}

function response({ status = 200, index, body = [80], headers = {} }: Reply): Response {
  const text = typeof body === 'string' ? body : JSON.stringify(body.map((Port) => entry({ Port })));
  return new Response(text, {
    status,
    headers: {
      'content-type': 'application/json',
      ...(index === undefined ? {} : { 'x-consul-index': String(index) }),
      ...headers,
    },
  });
}
