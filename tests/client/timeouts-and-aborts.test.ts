import { inspect } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer, hang, LARGE, refuse, reset } from './stub-wire.js';

/** A reason that is no error, to see that it arrives as it is. */
const REASON = { why: 'the user left' };

function hanging(...endpoints: string[]): Bench {
  const bench = createBench({ service: { ejection: false, hedge: false } });
  for (const endpoint of endpoints) bench.wire.at(endpoint, hang());
  return bench;
}

describe('the attempt timeout', () => {
  it('gives up on an endpoint after attemptTimeoutMs and tries another', async () => {
    const bench = createBench({
      service: { attemptTimeoutMs: 300, retry: { backoffBaseMs: 0 } },
    });
    bench.wire.at('a:1', hang());
    const attempts = bench.record('attempt');
    const call = bench.client.fetch('http://orders/');
    expect(await bench.outcome(call, 299)).toBe('pending');
    expect(bench.wire.sent[0]?.signal.aborted).toBe(false);
    expect(valueOf(await bench.outcome(call, 1)).status).toBe(200);
    expect(bench.wire.route).toEqual(['a:1', 'b:1']);
    expect(bench.wire.sent[0]?.signal.aborted).toBe(true);
    expect(attempts[0]).toMatchObject({
      durationMs: 300,
      outcome: { kind: 'failure', reason: 'timeout' },
      error: 'ERR_ATTEMPT_TIMEOUT: orders: a:1 did not answer within 300 ms',
      sent: true,
    });
  });

  it('is an error of its own for a request that may not be sent twice', async () => {
    const { client, outcome } = hanging('a:1');
    const error = errorOf(await outcome(client.fetch('http://orders/', { method: 'POST' }), 10_000));
    expect(error).toMatchObject({ code: 'ERR_ATTEMPT_TIMEOUT', name: 'TimeoutError', service: 'orders' });
    expect(error.message).toBe(
      'ERR_ATTEMPT_TIMEOUT: orders: 1 attempt failed: a:1 ERR_ATTEMPT_TIMEOUT: orders: a:1 did not answer within 10000 ms',
    );
  });

  it('leaves the body alone, however long it takes', async () => {
    const { client, wire, outcome, clock, snapshot } = createBench();
    wire.at('a:1', answer(200, {}, LARGE));
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    await clock.advanceAsync(3_600_000);
    expect(snapshot().inFlight).toBe(1);
    expect(await response.text()).toHaveLength(LARGE.length);
    expect(snapshot().inFlight).toBe(0);
  });
});

describe('the call timeout', () => {
  it('ends the call whatever attempt it is in, with the arithmetic of what was left', async () => {
    const bench = hanging('a:1', 'b:1', 'c:1');
    const attempts = bench.record('attempt');
    const call = bench.client.fetch('http://orders/', { fairlead: { timeoutMs: 12_000 } });
    expect(await bench.outcome(call, 11_999)).toBe('pending');
    const error = errorOf(await bench.outcome(call, 1));
    expect(error).toMatchObject({ code: 'ERR_CALL_TIMEOUT', name: 'TimeoutError', service: 'orders' });
    expect(bench.wire.route).toEqual(['a:1', 'b:1']);
    const [first, second] = attempts;
    expect(first?.durationMs).toBe(10_000);
    expect((second?.startedAfterMs ?? 0) + (second?.durationMs ?? 0)).toBeCloseTo(12_000, 9);
    expect(error.message).toContain(
      "orders: 2 attempts failed: a:1 ERR_ATTEMPT_TIMEOUT: orders: a:1 did not answer within 10000 ms; b:1 ERR_CALL_TIMEOUT: orders: the call's time was over while b:1 had not answered",
    );
    expect(bench.clock.pendingTimers).toBe(0);
    expect(bench.snapshot().inFlight).toBe(0);
  });

  it("is the service's `timeoutMs`, and 30 seconds when it says nothing", async () => {
    const bench = createBench({ service: { timeoutMs: 200 } });
    bench.wire.at('a:1', hang());
    const call = bench.client.fetch('http://orders/');
    expect(await bench.outcome(call, 199)).toBe('pending');
    expect(errorOf(await bench.outcome(call, 1)).code).toBe('ERR_CALL_TIMEOUT');

    const other = createBench({ service: { attemptTimeoutMs: 60_000, hedge: false } });
    other.wire.at('a:1', hang());
    const slow = other.client.fetch('http://orders/');
    expect(await other.outcome(slow, 29_999)).toBe('pending');
    expect(errorOf(await other.outcome(slow, 1)).code).toBe('ERR_CALL_TIMEOUT');
  });

  it('bounds the wait for the first endpoints as well', async () => {
    const { client, outcome } = createBench({ endpoints: undefined });
    const call = client.fetch('http://orders/', { fairlead: { timeoutMs: 100 } });
    expect(await outcome(call, 99)).toBe('pending');
    // The wait for endpoints has time left; it is the call's that is over. Why there was nobody is the cause.
    expect(errorOf(await outcome(call, 1))).toMatchObject({
      code: 'ERR_CALL_TIMEOUT',
      name: 'TimeoutError',
      cause: { code: 'ERR_RESOLUTION_FAILED' },
    });
  });

  it('is the same thing to whoever checks for a TimeoutError, as with AbortSignal.timeout', async () => {
    const { client, outcome } = hanging('a:1');
    const error = errorOf(await outcome(client.fetch('http://orders/', { fairlead: { timeoutMs: 1 } }), 1));
    expect(error.name).toBe('TimeoutError');
  });
});

describe("a caller's abort", () => {
  it.each(['before the call', 'while waiting for endpoints', 'during an attempt', 'during a backoff'])(
    '%s rejects with the reason as it is, frees everything and ejects nobody',
    async (stage) => {
      const bench = createBench(stage === 'while waiting for endpoints' ? { endpoints: undefined } : {});
      const { client, wire, outcome, clock } = bench;
      const events = bench.record('call', 'eject');
      wire.at('a:1', stage === 'during a backoff' ? answer(503, { 'retry-after': '5' }) : hang());
      const controller = new AbortController();
      if (stage === 'before the call') controller.abort(REASON);
      const call = client.fetch('http://orders/', { signal: controller.signal });
      if (stage !== 'before the call') expect(await outcome(call, 999)).toBe('pending');
      controller.abort(REASON);
      const settled = await outcome(call);
      expect(settled).not.toBe('pending');
      expect((settled as { error: unknown }).error).toBe(REASON);
      // Discovery's own, which waits for its first answer.
      expect(clock.pendingTimers).toBe(stage === 'while waiting for endpoints' ? 1 : 0);
      expect(events).toEqual([
        expect.objectContaining({
          error: 'aborted',
          status: undefined,
          durationMs: stage === 'before the call' ? 0 : 999,
        }),
      ]);
      expect(wire.sent.length).toBe(stage === 'during an attempt' || stage === 'during a backoff' ? 1 : 0);
      if (stage === 'during an attempt') expect(wire.sent[0]?.signal.aborted).toBe(true);
      if (stage !== 'while waiting for endpoints') {
        expect(bench.snapshot().inFlight).toBe(0);
        expect(bench.snapshot().endpoints.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'healthy']);
      }
    },
  );

  it('while the body is read breaks the body with the reason and frees the lease', async () => {
    const { client, wire, outcome, snapshot } = createBench();
    wire.at('a:1', answer(200, {}, LARGE));
    const controller = new AbortController();
    const response = valueOf(await outcome(client.fetch('http://orders/', { signal: controller.signal })));
    expect(snapshot().inFlight).toBe(1);
    controller.abort(REASON);
    await expect(response.text()).rejects.toBe(REASON);
    expect(snapshot().inFlight).toBe(0);
    expect(snapshot().endpoints[0]?.failureScore).toBe(0);
  });

  it('after the body was read changes nothing', async () => {
    const { client, outcome, snapshot } = createBench();
    const controller = new AbortController();
    const response = valueOf(await outcome(client.fetch('http://orders/', { signal: controller.signal })));
    const text = await response.text();
    controller.abort(REASON);
    expect(text).toBe('ok');
    expect(snapshot().inFlight).toBe(0);
  });

  it('counts when it is the signal of a Request, unless init names another or none', async () => {
    const { client, outcome } = hanging('a:1');
    const controller = new AbortController();
    const request = new Request('http://orders/', { signal: controller.signal });
    const call = client.fetch(request);
    const without = client.fetch(request, { signal: null, fairlead: { timeoutMs: 10 } });
    await outcome(without);
    controller.abort(REASON);
    // A Request's signal follows the one it was made with.
    expect(errorOf(await outcome(call))).toBe(REASON);
    expect(errorOf(await outcome(without, 10)).code).toBe('ERR_CALL_TIMEOUT');
  });

  it('cancels a body that was never read when the caller drops it', async () => {
    const { client, wire, outcome, snapshot } = createBench();
    wire.at('a:1', answer(200, {}, LARGE));
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    await response.body?.cancel('enough');
    expect(wire.sent[0]?.cancelled).toBe(true);
    expect(snapshot()).toMatchObject({ inFlight: 0 });
    expect(snapshot().endpoints[0]?.failureScore).toBe(0);
  });
});

describe('the wait for the first endpoints', () => {
  it('ends as soon as there are some, and the call goes on', async () => {
    const { client, resolver, wire, outcome } = createBench({ endpoints: undefined });
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 3_000)).toBe('pending');
    resolver.set(['z:1']);
    expect(valueOf(await outcome(call)).status).toBe(200);
    expect(wire.route).toEqual(['z:1']);
  });

  it('takes selectionTimeoutMs at most and then gives the cause', async () => {
    const { client, resolver, outcome } = createBench({ endpoints: undefined });
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 1_000)).toBe('pending');
    resolver.fail(Object.assign(new Error('no route to consul'), { code: 'EHOSTUNREACH' }));
    expect(await outcome(call, 3_999)).toBe('pending');
    const error = errorOf(await outcome(call, 1));
    expect(error).toMatchObject({
      code: 'ERR_RESOLUTION_FAILED',
      name: 'TypeError',
      message: 'ERR_RESOLUTION_FAILED: orders: discovery could not be asked: EHOSTUNREACH: no route to consul',
      cause: { code: 'EHOSTUNREACH' },
      attempts: [],
    });
  });

  it('of zero means no wait at all', async () => {
    const { client, outcome } = createBench({ endpoints: undefined, service: { selectionTimeoutMs: 0 } });
    expect(errorOf(await outcome(client.fetch('http://orders/'))).message).toBe(
      'ERR_RESOLUTION_FAILED: orders: discovery has not answered yet',
    );
  });

  it('is pointless, and therefore over at once, when nobody serves it', async () => {
    const { client, outcome } = createBench({ endpoints: [] });
    expect(errorOf(await outcome(client.fetch('http://orders/')))).toMatchObject({
      code: 'ERR_NO_ENDPOINTS',
      name: 'TypeError',
      message: 'ERR_NO_ENDPOINTS: orders: discovery says that nobody serves it',
    });
  });

  it('ends with that answer for those who already wait', async () => {
    const { client, resolver, outcome } = createBench({ endpoints: undefined });
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 100)).toBe('pending');
    resolver.set([]);
    expect(errorOf(await outcome(call)).code).toBe('ERR_NO_ENDPOINTS');
  });

  it('is pointless when the address policy refuses everybody', async () => {
    const { client, outcome } = createBench({ endpoints: ['169.254.169.254:80'] });
    expect(errorOf(await outcome(client.fetch('http://orders/')))).toMatchObject({
      code: 'ERR_ADDRESS_REFUSED',
      name: 'TypeError',
      message:
        'ERR_ADDRESS_REFUSED: orders: every endpoint was refused: http://169.254.169.254:80 169.254.169.254 is a cloud metadata address',
    });
  });
});

describe('errors of calls', () => {
  it('name the endpoint, the cause and every attempt', async () => {
    const { client, wire, outcome } = createBench({ endpoints: ['a:1'] });
    wire.at('a:1', refuse());
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(error).toMatchObject({
      name: 'TypeError',
      code: 'ERR_ALL_ATTEMPTS_FAILED',
      service: 'orders',
      cause: { code: 'ECONNREFUSED' },
      attempts: [
        {
          attempt: 1,
          endpoint: 'http://a:1',
          address: 'a:1',
          kind: 'first',
          startedAfterMs: 0,
          durationMs: 0,
          status: undefined,
          outcome: { kind: 'failure', reason: 'connect' },
          error: 'connect ECONNREFUSED',
          sent: false,
        },
      ],
    });
    expect(error.constructor).toBe(TypeError);
  });

  it('show none of what the request carries, however deep one looks', async () => {
    const { client, wire, outcome } = createBench();
    for (const endpoint of ['a:1', 'b:1', 'c:1']) wire.at(endpoint, reset());
    const url = 'http://user:hunter2@orders/hunter2?token=hunter2';
    const init = { method: 'POST', body: 'hunter2', headers: { authorization: 'hunter2', cookie: 'hunter2' } };
    const error = errorOf(await outcome(client.fetch(new URL(url), init)));
    expect(error.code).toBe('ERR_ALL_ATTEMPTS_FAILED');
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain('hunter2');
  });

  it('recover without a restart when the only endpoint is back', async () => {
    const { client, wire, outcome } = createBench({ endpoints: ['a:1'] });
    wire.at('a:1', refuse(), answer(200));
    expect(errorOf(await outcome(client.fetch('http://orders/'))).code).toBe('ERR_ALL_ATTEMPTS_FAILED');
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
  });

  it('of the request itself come back untouched', async () => {
    const { client, outcome } = createBench();
    const error = errorOf(await outcome(client.fetch('http://orders/', { method: 'GET', headers: { 'b d': 'x' } })));
    expect(error['code']).toBeUndefined();
    expect(error.name).toBe('TypeError');
  });

  it('say what was asked for instead when an endpoint would take the encryption away', async () => {
    const { client, wire, outcome } = createBench({ endpoints: ['http://a:1', 'http://b:1'] });
    const error = errorOf(await outcome(client.fetch('https://orders/')));
    expect(error).toMatchObject({ code: 'ERR_ADDRESS_REFUSED', name: 'TypeError' });
    expect(error.message).toContain('a:1 offers http where https was asked for');
    expect(wire.sent).toEqual([]);
  });

  it('of a broken body go to whoever reads it, and count against the endpoint', async () => {
    const { client, wire, outcome, snapshot } = createBench();
    wire.at('a:1', () => {
      const body = new ReadableStream({ pull: (controller) => controller.error(new Error('reset')) });
      return new Response(body);
    });
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    await expect(response.text()).rejects.toThrow('reset');
    expect(snapshot().endpoints[0]?.failureScore).toBeGreaterThan(0);
    expect(snapshot().inFlight).toBe(0);
  });

  it('never hold the process or leave a timer behind', async () => {
    const { client, wire, outcome, clock } = createBench();
    for (const endpoint of ['a:1', 'b:1', 'c:1']) wire.at(endpoint, reset());
    await outcome(client.fetch('http://orders/'), 60_000);
    expect(clock.pendingTimers).toBe(0);
  });
});
