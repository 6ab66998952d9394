/** Two attempts side by side: when, where, and what becomes of the slower one. */

import { describe, expect, it } from '@jest/globals';

import { getCall } from '../../src/index.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { createBench, errorOf, valueOf, type Bench, type BenchOptions } from './bench.js';
import { answer, hang, LARGE, reset, type Behaviour } from './stub-wire.js';

/** Nothing is answered within any test's time. */
const slow =
  (delayMs: number, bench: () => Bench, then: Behaviour = answer()): Behaviour =>
  (request) =>
    new Promise((resolve, reject) => {
      bench().clock.setTimer(() => resolve(then(request)), delayMs);
      request.signal.addEventListener('abort', () => reject(request.signal.reason as Error));
    });

function start(options: BenchOptions = {}): Bench {
  return createBench(options);
}

async function warmUp({ client, outcome, clock }: Bench, calls = 100): Promise<void> {
  for (let call = 0; call < calls; call++) await valueOf(await outcome(client.fetch('http://orders/'))).text();
  // Quantiles are read twice a second.
  await clock.advanceAsync(500);
}

describe('a rescue', () => {
  it('answers a call whose endpoint hangs after a second, from another endpoint', async () => {
    const bench = start();
    bench.wire.at('a:1', hang());
    const hedges = bench.record('hedge');
    const call = bench.client.fetch('http://orders/');
    expect(await bench.outcome(call, 999)).toBe('pending');
    const response = valueOf(await bench.outcome(call, 1));
    expect(await response.text()).toBe('ok');
    expect(bench.wire.route).toEqual(['a:1', 'b:1']);
    expect(hedges).toEqual([{ service: 'orders', attempt: 1, endpoint: 'http://a:1', kind: 'rescue', afterMs: 1_000 }]);
    expect(getCall(response)).toMatchObject({
      endpoint: 'http://b:1',
      durationMs: 1_000,
      attempts: [
        { kind: 'first', endpoint: 'http://a:1', outcome: { kind: 'failure', reason: 'timeout' } },
        { kind: 'rescue', endpoint: 'http://b:1', status: 200, startedAfterMs: 1_000 },
      ],
    });
    expect(getCall(response)?.attempts[0]?.error).toMatch(
      /a:1 did not answer within 1000 ms, and another endpoint did/,
    );
    expect(bench.wire.sent[0]?.signal.aborted).toBe(true);
    expect(bench.snapshot().inFlight).toBe(0);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('works the same for client.request', async () => {
    const bench = start();
    bench.wire.at('a:1', hang());
    const call = bench.client.fetch('http://orders/', { method: 'PUT', body: 'again' });
    expect(valueOf(await bench.outcome(call, 1_000)).status).toBe(200);
    expect(bench.wire.sent.map(({ body }) => body)).toEqual(['again', 'again']);
  });

  it('waits for eight times the p99 where answers are slow', async () => {
    const bench = start();
    bench.wire.at(
      'a:1',
      slow(400, () => bench),
    );
    for (let call = 0; call < 20; call++) await bench.outcome(bench.client.fetch('http://orders/'), 400);
    const hedges = bench.record('hedge');
    bench.wire.at('a:1', hang());
    const call = bench.client.fetch('http://orders/');
    // The histogram's buckets round up by an eighth at most.
    expect(await bench.outcome(call, 3_199)).toBe('pending');
    valueOf(await bench.outcome(call, 400));
    expect(hedges).toHaveLength(1);
  });

  it.each([
    ['a POST', { method: 'POST', body: 'x' }, {}],
    ['a body that is a stream', { method: 'PUT', body: new Blob(['x']).stream(), duplex: 'half' as const }, {}],
    ['a service without hedging', {}, { hedge: false as const }],
    ['a service without rescues', {}, { hedge: { rescue: false } }],
    ['a service without a budget', {}, { retry: { budget: { ratio: 0, minPerSecond: 0 } } }],
  ])('is not made for %s', async (_what, init, service) => {
    const bench = start({ service });
    bench.wire.at('a:1', hang());
    const call = bench.client.fetch('http://orders/', init);
    expect(await bench.outcome(call, 9_000)).toBe('pending');
    expect(bench.wire.route).toEqual(['a:1']);
    await bench.outcome(bench.client.close({ timeoutMs: 0 }));
    errorOf(await bench.outcome(call));
  });

  it('is made for a POST that says it may be sent twice', async () => {
    const bench = start();
    bench.wire.at('a:1', hang());
    const call = bench.client.fetch('http://orders/', { method: 'POST', body: 'x', fairlead: { idempotent: true } });
    expect(valueOf(await bench.outcome(call, 1_000)).status).toBe(200);
  });

  it('is not made where there is nobody else', async () => {
    const bench = start({ endpoints: ['a:1'] });
    bench.wire.at('a:1', hang());
    const call = bench.client.fetch('http://orders/', { fairlead: { retry: false } });
    expect(await bench.outcome(call, 9_999)).toBe('pending');
    expect(errorOf(await bench.outcome(call, 1)).code).toBe('ERR_ATTEMPT_TIMEOUT');
    expect(bench.wire.route).toEqual(['a:1']);
  });

  it('is not made while nobody else answers either: that is an outage', async () => {
    const bench = start();
    for (const endpoint of ['a:1', 'b:1', 'c:1']) bench.wire.at(endpoint, hang());
    const calls = [1, 2].map(() => bench.client.fetch('http://orders/'));
    await bench.outcome(Promise.all(calls), 9_000);
    expect(bench.wire.route).toEqual(['a:1', 'a:1']);
    await bench.outcome(bench.client.close({ timeoutMs: 0 }));
    for (const call of calls) errorOf(await bench.outcome(call));
  });

  it('that loses is cancelled, and says nothing against its endpoint', async () => {
    const bench = start();
    bench.wire.at(
      'a:1',
      slow(1_500, () => bench),
    );
    bench.wire.at('b:1', hang());
    const response = valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 1_500));
    expect(getCall(response)).toMatchObject({
      endpoint: 'http://a:1',
      attempts: [{ outcome: { kind: 'success' } }, { kind: 'rescue', outcome: { kind: 'ignored' } }],
    });
    expect(bench.wire.sent[1]?.signal.aborted).toBe(true);
    await response.text();
    expect(bench.snapshot().inFlight).toBe(0);
    expect(bench.snapshot().endpoints.map(({ failureScore }) => failureScore)).toEqual([0, 0, 0]);
  });

  it('that fails leaves the call to the attempt that still waits', async () => {
    const bench = start();
    bench.wire.at(
      'a:1',
      slow(3_000, () => bench),
    );
    bench.wire.at('b:1', reset());
    const call = bench.client.fetch('http://orders/');
    expect(await bench.outcome(call, 2_999)).toBe('pending');
    expect(valueOf(await bench.outcome(call, 1)).status).toBe(200);
  });

  it('that answers badly gives way to a good answer of the first', async () => {
    const bench = start();
    bench.wire.at(
      'a:1',
      slow(3_000, () => bench),
    );
    bench.wire.at('b:1', answer(503, {}, LARGE));
    const response = valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 3_000));
    expect(response.status).toBe(200);
    expect(bench.wire.sent[1]?.cancelled).toBe(true);
  });

  it('that answers well is taken when the first ends badly', async () => {
    const bench = start();
    bench.wire.at(
      'a:1',
      slow(1_100, () => bench, answer(503, {}, LARGE)),
    );
    bench.wire.at(
      'b:1',
      slow(2_000, () => bench),
    );
    const response = valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 3_000));
    expect(response.status).toBe(200);
    expect(getCall(response)?.endpoint).toBe('http://b:1');
    expect(bench.wire.sent[0]?.cancelled).toBe(true);
  });

  it('that fails as the first does leaves both to the retry policy, which goes elsewhere', async () => {
    const bench = start({ service: { retry: { backoffBaseMs: 0 } } });
    bench.wire.at(
      'a:1',
      slow(1_100, () => bench, answer(503)),
    );
    bench.wire.at(
      'b:1',
      slow(200, () => bench, answer(503)),
    );
    const response = valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 2_000));
    expect(response.status).toBe(200);
    expect(bench.wire.route).toEqual(['a:1', 'b:1', 'c:1']);
    expect(getCall(response)?.attempts.map(({ kind }) => kind)).toEqual(['first', 'rescue', 'retry']);
  });

  it('ends with the call: an abort takes both attempts with it', async () => {
    const bench = start();
    for (const endpoint of ['a:1', 'b:1']) bench.wire.at(endpoint, hang());
    const controller = new AbortController();
    const call = bench.client.fetch('http://orders/', { signal: controller.signal });
    expect(await bench.outcome(call, 2_000)).toBe('pending');
    const reason = new Error('enough');
    controller.abort(reason);
    expect(errorOf(await bench.outcome(call))).toBe(reason);
    expect(bench.wire.sent.map(({ signal }) => signal.aborted)).toEqual([true, true]);
    expect(bench.snapshot().inFlight).toBe(0);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('keeps its own body alive, and its abort', async () => {
    const bench = start();
    bench.wire.at('a:1', hang());
    bench.wire.at('b:1', answer(200, {}, LARGE));
    const controller = new AbortController();
    const call = bench.client.fetch('http://orders/', { signal: controller.signal });
    const response = valueOf(await bench.outcome(call, 1_000));
    expect(bench.snapshot().inFlight).toBe(1);
    expect(await response.text()).toHaveLength(LARGE.length);
    expect(bench.snapshot().inFlight).toBe(0);
  });
});

describe('healthy traffic', () => {
  it('with a heavy tail makes next to no rescues', async () => {
    const endpoints = Array.from({ length: 8 }, (_, index) => `e${index}:1`);
    const bench = start({ endpoints, service: { balancer: 'p2c' } });
    const random = createSeededRandom(11);
    // Pareto with a shape of 1.5 and a median of 80 ms: the p99 is 1077 ms, and 0.01 · 8^-1.5 = 0.044 % of the answers
    // take more than eight times as long. Those are the rescues that no rule could avoid.
    const pareto = (): number => 50 * (1 - random.next()) ** (-1 / 1.5);
    for (const endpoint of endpoints)
      bench.wire.at(endpoint, (request) => slow(Math.min(pareto(), 9_000), () => bench)(request));
    const CALLS = 10_000;
    let rescues = 0;
    bench.client.on('hedge', () => rescues++);
    let begun = 0;
    const caller = async (): Promise<void> => {
      while (begun++ < CALLS) await (await bench.client.fetch('http://orders/')).text();
    };
    const done = Promise.all(Array.from({ length: 50 }, caller));
    for (let settled = false; !settled;) {
      void done.then(() => (settled = true));
      await bench.clock.advanceAsync(1_000);
    }
    expect(rescues).toBeLessThanOrEqual(CALLS / 1_000);
  }, 60_000);
});

describe('a hedge', () => {
  const hedged: BenchOptions = { service: { hedge: { quantile: 0.95 } } };

  it('is off unless a quantile is given', async () => {
    const bench = start();
    await warmUp(bench, 200);
    bench.wire.at(
      'a:1',
      slow(500, () => bench),
    );
    valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 500));
    expect(bench.wire.route.at(-1)).toBe('a:1');
  });

  it("runs beside an attempt that has waited longer than the service's quantile, and is neutral for the loser", async () => {
    const bench = start(hedged);
    await warmUp(bench);
    bench.wire.at(
      'a:1',
      slow(500, () => bench),
    );
    const hedges = bench.record('hedge');
    const call = bench.client.fetch('http://orders/');
    expect(await bench.outcome(call, 9)).toBe('pending');
    const response = valueOf(await bench.outcome(call, 1));
    expect(getCall(response)).toMatchObject({
      endpoint: 'http://b:1',
      attempts: [{ outcome: { kind: 'ignored' } }, { kind: 'hedge', outcome: { kind: 'success' } }],
    });
    expect(hedges).toMatchObject([{ kind: 'hedge', afterMs: 10 }]);
    expect(bench.snapshot().endpoints[0]?.failureScore).toBe(0);
  });

  it('waits for a hundred answers before it believes a quantile', async () => {
    const bench = start(hedged);
    await warmUp(bench, 98);
    bench.wire.at(
      'a:1',
      slow(500, () => bench),
    );
    expect(await bench.outcome(bench.client.fetch('http://orders/'), 499)).toBe('pending');
  });

  it('is never earlier than minDelayMs', async () => {
    const bench = start({ service: { hedge: { quantile: 0.95, minDelayMs: 100 } } });
    await warmUp(bench);
    bench.wire.at(
      'a:1',
      slow(500, () => bench),
    );
    const call = bench.client.fetch('http://orders/');
    expect(await bench.outcome(call, 99)).toBe('pending');
    valueOf(await bench.outcome(call, 1));
  });

  it('has a cap of its own', async () => {
    const bench = start({ service: { hedge: { quantile: 0.95, maxRatio: 0 } } });
    await warmUp(bench);
    bench.wire.at(
      'a:1',
      slow(500, () => bench),
    );
    const calls = Array.from({ length: 50 }, () => bench.client.fetch('http://orders/'));
    await bench.outcome(Promise.all(calls), 500);
    // What is left is the floor: one a second over the ten seconds of the window.
    expect(bench.wire.route.filter((endpoint) => endpoint === 'b:1').length).toBeLessThanOrEqual(10);
  });
});
