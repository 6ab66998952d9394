/** Giving up, at every stage of a call, for every kind of reason. */

import { setTimeout as sleep } from 'node:timers/promises';

import { attempt, settle } from '../describe.js';
import type { FetchCase, LooseInit, Stage } from '../fetch-case.js';

const hang: FetchCase['serve'] = () => {};
const silent: FetchCase['speak'] = () => {};
const endless: FetchCase['serve'] = (_request, response) => {
  response.write('x'.repeat(1_000));
  const timer = setInterval(() => response.write('x'.repeat(1_000)), 5);
  response.on('close', () => clearInterval(timer));
};

/** Reasons as callers give them. */
const REASONS: Record<string, () => unknown> = {
  'an Error': () => new RangeError('enough'),
  'a string': () => 'enough',
  'no reason': () => undefined,
  null: () => null,
  'an object': () => ({ code: 'E_OWN' }),
  'a TimeoutError': () => new DOMException('too late', 'TimeoutError'),
};

const before: FetchCase[] = Object.entries(REASONS).flatMap(([name, make]) => [
  {
    name: `abort: before the call, for ${name}`,
    run: async ({ fetch, url }: Stage) => {
      const reason = make();
      return settle(fetch(url(), { signal: AbortSignal.abort(reason) }), reason === undefined ? {} : { reason });
    },
  },
  {
    name: `abort: before headers, for ${name}`,
    serve: hang,
    run: async ({ fetch, url, arrived }: Stage) => {
      const reason = make();
      const controller = new AbortController();
      const call = settle(fetch(url(), { signal: controller.signal }), reason === undefined ? {} : { reason });
      await arrived();
      controller.abort(reason);
      return call;
    },
  },
]);

/** Aborts a call as soon as `when` has come. */
function aborted(
  name: string,
  server: Pick<FetchCase, 'serve' | 'speak'>,
  when: (stage: Stage) => Promise<unknown>,
  init: () => LooseInit = () => ({}),
  input: (stage: Stage) => unknown = ({ url }) => url(),
): FetchCase {
  return {
    name: `abort: ${name}`,
    ...server,
    run: async (stage) => {
      const reason = new RangeError('enough');
      const controller = new AbortController();
      const given = init();
      const call = settle(stage.fetch(input(stage), { ...given, signal: controller.signal }), { reason });
      await when(stage);
      controller.abort(reason);
      const result = await call;
      return { result, state: await stateOf(given['body']) };
    },
  };
}

const cancelled = new WeakMap<object, unknown>();

async function stateOf(body: unknown): Promise<unknown> {
  if (typeof body !== 'object' || body === null) return undefined;
  await sleep(20);
  return { cancelled: cancelled.has(body), locked: (body as ReadableStream).locked };
}

/** One chunk, and then nothing. */
function dripping(): ReadableStream {
  const stream: ReadableStream = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('some')),
    cancel: (reason) => void cancelled.set(stream, reason),
  });
  return stream;
}

const stages: FetchCase[] = [
  aborted('in the same tick', {}, async () => {}),
  aborted(
    'while connecting',
    { speak: silent },
    ({ arrived }) => arrived(),
    undefined,
    ({ origin }) => origin.replace('http', 'https'),
  ),
  aborted(
    'while connecting, with a stream',
    { speak: silent },
    ({ arrived }) => arrived(),
    () => ({ method: 'POST', body: dripping(), duplex: 'half' }),
    ({ origin }) => origin.replace('http', 'https'),
  ),
  aborted('before headers', { serve: hang }, ({ arrived }) => arrived()),
  aborted(
    'before headers of a POST',
    { serve: hang },
    ({ arrived }) => arrived(),
    () => ({ method: 'POST', body: 'text' }),
  ),
  aborted(
    'while sending a stream',
    { serve: hang },
    ({ arrived }) => arrived(),
    () => ({ method: 'POST', body: dripping(), duplex: 'half' }),
  ),
  aborted(
    'while sending a large body',
    { speak: (socket) => socket.pause() },
    ({ arrived }) => arrived(),
    () => ({ method: 'POST', body: Buffer.alloc(20_000_000) }),
  ),
  aborted(
    'before headers of a Request',
    { serve: hang },
    ({ arrived }) => arrived(),
    undefined,
    ({ url }) => new Request(url()),
  ),
  aborted(
    'of a Request with a body',
    { serve: hang },
    ({ arrived }) => arrived(),
    undefined,
    ({ url }) => new Request(url(), { method: 'POST', body: 'text' }),
  ),
  aborted(
    'after a redirect',
    {
      serve: (request, response) => {
        if (request.url === '/') response.writeHead(302, { location: '/there' }).end();
      },
    },
    ({ arrived }) => arrived(2),
  ),
];

/** Within the body, which somebody reads in his own way. */
function within(name: string, read: (response: Response, abort: () => void) => Promise<unknown>): FetchCase {
  return {
    name: `abort: within the body, ${name}`,
    serve: endless,
    run: async ({ fetch, url }) => {
      const reason = new RangeError('enough');
      const controller = new AbortController();
      const response = await fetch(url(), { signal: controller.signal });
      const result = await attempt(() => read(response, () => controller.abort(reason)), { reason });
      return {
        result,
        used: response.bodyUsed,
        locked: response.body?.locked,
        later: await attempt(() => response.text(), { reason }),
      };
    },
  };
}

const bodies: FetchCase[] = [
  within('which text() reads', (response, abort) => {
    const text = response.text();
    abort();
    return text;
  }),
  within('which a reader reads', async (response, abort) => {
    const reader = response.body?.getReader();
    await reader?.read();
    abort();
    return reader?.read();
  }),
  within('while a reader waits', async (response, abort) => {
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) if (chunk.length > 0) abort();
  }),
  within('which nobody has begun to read', async (response, abort) => {
    abort();
    await sleep(10);
    return response.text();
  }),
  within('of which there is a clone', async (response, abort) => {
    const copy = response.clone();
    const reading = copy.text();
    abort();
    return reading;
  }),
  {
    name: 'abort: after the body',
    run: async ({ fetch, url }) => {
      const controller = new AbortController();
      const response = await fetch(url(), { signal: controller.signal });
      const text = await response.text();
      controller.abort();
      return [text, response.bodyUsed, await settle(fetch(url()))];
    },
  },
  {
    name: 'abort: after the body has arrived, before it is read',
    serve: (_request, response) => response.end('whole'),
    run: async ({ fetch, url, over }) => {
      const controller = new AbortController();
      const response = await fetch(url(), { signal: controller.signal });
      await over();
      await sleep(30);
      controller.abort(new RangeError('enough'));
      return attempt(() => response.text());
    },
  },
];

/** As libraries brought it along before Node had one. */
function polyfilled(): { readonly signal: object; abort(): void } {
  const listeners = new Set<() => void>();
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: (_type: string, listener: () => void) => void listeners.add(listener),
    removeEventListener: (_type: string, listener: () => void) => void listeners.delete(listener),
  };
  const abort = (): void => {
    Object.assign(signal, { aborted: true, reason: new RangeError('enough') });
    listeners.forEach((listener) => listener.call(signal));
  };
  return { signal, abort };
}

const signals: FetchCase[] = [
  {
    name: 'abort: by the signal of a polyfill',
    serve: hang,
    mayHang: true,
    run: async ({ fetch, url, arrived }) => {
      const { signal, abort } = polyfilled();
      const call = settle(fetch(url(), { signal }));
      await Promise.race([arrived(), call]);
      abort();
      return call;
    },
  },
  {
    name: 'abort: by AbortSignal.timeout',
    receivesByChance: true,
    serve: hang,
    run: ({ fetch, url }) => settle(fetch(url(), { signal: AbortSignal.timeout(100) })),
  },
  {
    name: 'abort: by AbortSignal.any',
    serve: hang,
    run: async ({ fetch, url, arrived }) => {
      const reason = new RangeError('enough');
      const controller = new AbortController();
      const signal = AbortSignal.any([controller.signal, new AbortController().signal]);
      const call = settle(fetch(url(), { signal }), { reason });
      await arrived();
      controller.abort(reason);
      return call;
    },
  },
  ...(
    [
      'of the Request',
      'of the Request, with a signal of the init',
      'of the Request, with null in the init',
      'of the init, with a Request that has one',
    ] as const
  ).map((name): FetchCase => ({
    name: `abort: by the signal ${name}`,
    serve: (_request, response) => void setTimeout(() => response.end('late'), 100),
    run: async ({ fetch, url, arrived }) => {
      const reason = new RangeError('enough');
      const [own, other] = [new AbortController(), new AbortController()];
      const request = new Request(url(), { signal: own.signal });
      const init = name.endsWith('null in the init') ? { signal: null } : { signal: other.signal };
      const call = settle(name === 'of the Request' ? fetch(request) : fetch(request, init), { reason });
      await arrived();
      (name.startsWith('of the init') ? other : own).abort(reason);
      return call;
    },
  })),
  {
    name: 'abort: of a Request that was aborted before',
    run: async ({ fetch, url }) => {
      const reason = new RangeError('enough');
      const request = new Request(url(), { method: 'POST', body: 'text', signal: AbortSignal.abort(reason) });
      return [await settle(fetch(request), { reason }), request.bodyUsed];
    },
  },
  {
    name: 'abort: before the call, with a stream',
    run: async ({ fetch, url }) => {
      const reason = new RangeError('enough');
      const body = dripping();
      const result = await settle(
        fetch(url(), { method: 'POST', body, duplex: 'half', signal: AbortSignal.abort(reason) }),
        { reason },
      );
      return { result, state: await stateOf(body) };
    },
  },
  {
    name: 'abort: before the call, with a mistake in the call',
    run: ({ fetch, url }) => settle(fetch(url(), { method: 'a b', signal: AbortSignal.abort('enough') })),
  },
];

export const aborts: readonly FetchCase[] = [...before, ...stages, ...bodies, ...signals];
