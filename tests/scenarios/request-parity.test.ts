/** `client.request` is as resilient as `client.fetch`: the same stories, through both, have to come out the same. */

import { describe, expect, it, jest } from '@jest/globals';
import type { RequestListener, ServerResponse } from 'node:http';

import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { after, answers, breaksOff, good, hangs } from '../support/local-servers.js';
import { recordStory, type CallInit, type ParityCase } from '../support/parity.js';

jest.setTimeout(30_000);

const answered = { status: 200, text: 'ok' };
const once =
  (init?: CallInit): ParityCase['play'] =>
  ({ call }) =>
    call(init);
const times =
  (count: number, init?: CallInit): ParityCase['play'] =>
  async ({ call }) => {
    const seen: unknown[] = [];
    for (let i = 0; i < count; i++) seen.push(await call(init));
    return seen;
  };

const saying =
  (status: number, headers: Record<string, string>): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end('no');
const half = (_: unknown, response: ServerResponse): void => {
  response.writeHead(200, { 'content-length': '100' }).write('half');
  setTimeout(() => response.destroy(), 50);
};
const stream = (text: string): ReadableStream<Uint8Array> => new Blob([text]).stream();

/** Aborts when `when` has come. */
const abortedWhen =
  (when: (story: Parameters<ParityCase['play']>[0]) => Promise<void>): ParityCase['play'] =>
  async (story) => {
    const controller = new AbortController();
    const seen = story.call({ signal: controller.signal });
    await when(story);
    controller.abort(new Error('the user went away'));
    return seen;
  };
const gone = { rejected: 'Error: the user went away' };

const attempt = (kind: string, rest: object): unknown =>
  expect.objectContaining({ [kind]: expect.anything(), ...rest });
const called = (call: unknown, ...attempts: unknown[]): object => ({
  events: expect.arrayContaining([expect.objectContaining({ call, attempts })]),
});

const cases: ParityCase[] = [
  {
    name: 'a healthy call is one attempt',
    servers: [good, good],
    play: once(),
    expected: { seen: answered, requests: ['GET to 1'] },
  },
  {
    name: 'a 503 is tried again elsewhere',
    servers: [answers(503), good],
    play: once(),
    expected: {
      seen: answered,
      ...called(200, attempt('first', { status: 503 }), attempt('retry', { status: 200 })),
    },
  },
  {
    name: 'the last 503 is given back',
    servers: [answers(503), answers(502), answers(503), good],
    play: once(),
    expected: { seen: { status: 503, text: '' }, requests: ['GET to 1', 'GET to 2', 'GET to 3'] },
  },
  {
    name: 'a POST is not repeated',
    servers: [answers(503), good],
    play: once({ method: 'POST', body: 'order' }),
    expected: { seen: { status: 503, text: '' }, requests: ['POST to 1: order'] },
  },
  {
    name: 'a POST with an idempotency key is, body and all',
    servers: [answers(503), good],
    play: once({ method: 'POST', body: 'order', headers: { 'Idempotency-Key': 'k' } }),
    expected: { seen: answered, requests: ['POST to 1: order', 'POST to 2: order'] },
  },
  {
    name: 'so is one that is declared idempotent',
    servers: [answers(503), good],
    play: once({ method: 'POST', body: Buffer.from('order'), fairlead: { idempotent: true } }),
    expected: { seen: answered, requests: ['POST to 1: order', 'POST to 2: order'] },
  },
  {
    name: 'a reset is tried again for GET',
    servers: [breaksOff, good],
    play: once(),
    expected: { seen: answered, ...called(200, attempt('first', { sent: true }), attempt('retry', { status: 200 })) },
  },
  {
    name: 'a reset POST is an error',
    servers: [breaksOff, good],
    play: once({ method: 'POST', body: 'order' }),
    expected: { seen: expect.objectContaining({ code: 'ERR_ALL_ATTEMPTS_FAILED', attempts: 1 }) },
  },
  {
    name: 'a stream is not sent again by itself',
    servers: [answers(503), good],
    play: ({ call }) => call({ method: 'PUT', body: stream('order') }),
    expected: { seen: { status: 503, text: '' }, requests: ['PUT to 1: order'] },
  },
  {
    name: 'a stream that is to be kept is',
    servers: [answers(503), good],
    service: { retry: { backoffBaseMs: 1, backoffMaxMs: 1, replayBufferBytes: 1_000 } },
    play: ({ call }) => call({ method: 'PUT', body: stream('order') }),
    expected: { seen: answered, requests: ['PUT to 1: order', 'PUT to 2: order'] },
  },
  {
    name: 'whoever refuses the connection is passed over, with any method and body',
    servers: ['refuses', 'refuses', good],
    play: ({ call }) => call({ method: 'POST', body: stream('order') }),
    expected: {
      seen: answered,
      requests: ['POST to 3: order'],
      ...called(200, attempt('first', { sent: false }), attempt('failover', {}), attempt('failover', { status: 200 })),
    },
  },
  {
    name: 'nobody to be reached is an error that names all',
    servers: ['refuses', 'refuses'],
    play: once(),
    expected: { seen: expect.objectContaining({ name: 'TypeError', attempts: 2 }), requests: [] },
  },
  {
    name: 'Retry-After is waited for',
    servers: [saying(429, { 'retry-after': '1' }), good],
    async play({ call }) {
      const startedAtMs = performance.now();
      const seen = await call();
      return { seen, waited: performance.now() - startedAtMs >= 1_000 };
    },
    expected: { seen: { seen: answered, waited: true } },
  },
  {
    name: 'a Retry-After beyond the bound is not',
    servers: [saying(503, { 'retry-after': '60' }), good],
    play: once(),
    expected: { seen: { status: 503, text: 'no' }, requests: ['GET to 1'] },
  },
  {
    name: 'the budget bounds what is tried again',
    servers: [answers(503), answers(503)],
    service: { throttle: false, ejection: false },
    play: times(40),
    expected: { events: expect.arrayContaining([expect.objectContaining({ refused: 'budget' })]) },
  },
  {
    name: 'retries can be off for a call',
    servers: [answers(503), good],
    play: once({ fairlead: { retry: false } }),
    expected: { seen: { status: 503, text: '' }, requests: ['GET to 1'] },
  },
  {
    name: 'an attempt that takes too long is tried again elsewhere',
    servers: [hangs, good],
    service: { attemptTimeoutMs: 500, hedge: false },
    play: once(),
    expected: { seen: answered, ...called(200, attempt('first', {}), attempt('retry', { status: 200 })) },
  },
  {
    name: 'a call ends with its own time',
    servers: [hangs, hangs],
    service: { hedge: false },
    play: once({ fairlead: { timeoutMs: 200 } }),
    expected: { seen: expect.objectContaining({ name: 'TimeoutError', code: 'ERR_CALL_TIMEOUT' }) },
  },
  {
    name: 'an attempt that hangs is rescued',
    servers: [hangs, good],
    service: { hedge: { rescueMinMs: 100 } },
    play: once({ method: 'PUT', body: 'order' }),
    expected: {
      seen: answered,
      requests: ['PUT to 1: order', 'PUT to 2: order'],
      ...called(200, attempt('first', {}), attempt('rescue', { status: 200 })),
    },
  },
  {
    name: 'a POST that hangs is not',
    servers: [hangs, good],
    service: { hedge: { rescueMinMs: 50 }, attemptTimeoutMs: 300 },
    play: once({ method: 'POST', body: 'order' }),
    expected: { requests: ['POST to 1: order'] },
  },
  {
    name: 'a rescue that fails leaves the call to the first',
    servers: [after(1_000), answers(500)],
    service: { hedge: { rescueMinMs: 100 } },
    play: once(),
    expected: called(200, attempt('first', { status: 200 }), attempt('rescue', {})),
  },
  {
    name: 'an endpoint that fails again and again is ejected',
    servers: [breaksOff, good],
    play: times(10),
    expected: { events: expect.arrayContaining([{ eject: 'http://endpoint 1' }]) },
  },
  {
    name: 'an abort before the call is what it ends with, and nothing is sent',
    servers: [good],
    play: once({ signal: AbortSignal.abort(new Error('the user went away')) }),
    expected: { seen: gone, requests: [] },
  },
  {
    name: 'an abort while an endpoint is waited for ends the call, and blames nobody',
    servers: [hangs, good],
    play: abortedWhen(({ arrived }) => arrived()),
    expected: { seen: gone, inFlight: 0, ...called('aborted', attempt('first', { outcome: 'ignored' })) },
  },
  {
    name: 'an abort while a retry is waited for ends the call',
    servers: [saying(503, { 'retry-after': '5' }), good],
    play: abortedWhen(({ told }) => told('retry')),
    expected: { seen: gone, requests: ['GET to 1'] },
  },
  {
    name: 'an abort within the body ends the body',
    servers: [(_, response) => void response.writeHead(200).write('and so on')],
    play: abortedWhen(({ told }) => told('call')),
    expected: { seen: gone, inFlight: 0 },
  },
  {
    name: 'a body that breaks is not tried again, and counts against its endpoint',
    servers: [half, good],
    play: once(),
    expected: { seen: { broken: 'UND_ERR_SOCKET' }, requests: ['GET to 1'], inFlight: 0 },
  },
  {
    name: 'endpoints are waited for, and not for ever',
    servers: [],
    service: { resolver: createManualResolver(), selectionTimeoutMs: 100 },
    play: once(),
    expected: { seen: expect.objectContaining({ code: expect.stringMatching(/^ERR_/), attempts: 0 }) },
  },
  {
    name: 'limits refuse what is too much',
    servers: [hangs],
    service: { limits: { maxInFlight: 1 }, hedge: false, attemptTimeoutMs: 400, retry: false },
    play: ({ call }) => Promise.all([call(), call()]),
    expected: {
      seen: expect.arrayContaining([expect.objectContaining({ code: 'ERR_LIMIT_EXCEEDED' })]),
      requests: ['GET to 1'],
    },
  },
  {
    name: 'a breaker that opened lets nothing through',
    servers: [answers(503)],
    service: { breaker: { minVolume: 3 }, retry: false, throttle: false },
    play: times(6),
    expected: {
      seen: expect.arrayContaining([expect.objectContaining({ code: 'ERR_BREAKER_OPEN' })]),
      events: expect.arrayContaining([{ breaker: 'open' }]),
    },
  },
  {
    name: 'what serves a retry is not tried again, and says so',
    servers: [answers(503), good],
    play: once({ fairlead: { inbound: { 'fairlead-no-retry': '1' } } }),
    expected: { seen: { status: 503, text: '' }, requests: ['GET to 1'] },
  },
  {
    name: "a service's own judgement counts",
    servers: [answers(500), good],
    service: {
      classify: ({ status }) => (status === 500 ? { kind: 'failure', reason: 'status', status } : undefined),
      retry: { statuses: [500], backoffBaseMs: 1, backoffMaxMs: 1 },
    },
    play: once(),
    expected: { seen: answered, requests: ['GET to 1', 'GET to 2'] },
  },
  {
    name: 'the options of a call are checked',
    servers: [good],
    play: once({ fairlead: { timeoutMs: -1 } }),
    expected: { seen: expect.objectContaining({ code: 'ERR_INVALID_OPTION' }), requests: [] },
  },
  {
    name: 'a host that is no service is refused where it is to be',
    servers: [good],
    options: { unlisted: 'reject' },
    play: ({ call }) => call({}, 'http://elsewhere/'),
    expected: { seen: expect.objectContaining({ code: 'ERR_UNKNOWN_SERVICE' }) },
  },
  {
    name: 'a client that was closed refuses',
    servers: [good],
    play: async ({ client, call }) => (await client.close(), call()),
    expected: { seen: expect.objectContaining({ code: 'ERR_CLIENT_CLOSED' }), requests: [] },
  },
];

describe('client.request and client.fetch agree', () => {
  it.each(cases)('that $name', async (story) => {
    const fetched = await recordStory(story, 'fetch');
    const requested = await recordStory(story, 'request');
    expect(fetched).toMatchObject(story.expected);
    expect(requested).toEqual(fetched);
  });
});
