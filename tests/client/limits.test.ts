/** The wait queue and the adaptive limit, as a service's callers meet them. */

import { describe, expect, it } from '@jest/globals';

import type { LimitOptions, ServiceOptions } from '../../src/client/options.js';
import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer, hang, type Behaviour } from './stub-wire.js';

function start(limits: LimitOptions, service: Partial<ServiceOptions> = {}): Bench {
  return createBench({
    endpoints: ['a:1'],
    service: { retry: false, ejection: false, hedge: false, limits, ...service },
  });
}

/** Answers this much later. */
const later =
  (bench: Bench, delayMs: number): Behaviour =>
  (request) =>
    new Promise((resolve) => {
      bench.clock.setTimer(() => resolve(answer()(request)), delayMs);
    });

const text = async (response: Response): Promise<string> => response.text();

describe('limits.queue', () => {
  it('lets calls wait for a place, in their order', async () => {
    const bench = start({ maxInFlight: 1, queue: {} });
    bench.wire.at('a:1', later(bench, 100));
    const ended: number[] = [];
    const calls = [1, 2, 3].map((n) =>
      bench.client
        .fetch('http://orders/')
        .then(text)
        .then(() => ended.push(n)),
    );
    await bench.clock.advanceAsync(0);
    expect(bench.snapshot()).toMatchObject({ inFlight: 1, limits: { maxInFlight: 1, waiting: 2 } });
    await bench.clock.advanceAsync(150);
    expect(bench.wire.sent).toHaveLength(2);
    valueOf(await bench.outcome(Promise.all(calls), 300));
    expect(ended).toEqual([1, 2, 3]);
    expect(bench.snapshot()).toMatchObject({ inFlight: 0, limits: { waiting: 0 } });
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('refuses the one too many at once, and who has waited too long', async () => {
    const bench = start({ maxInFlight: 1, queue: { size: 1, timeoutMs: 500 } });
    bench.wire.at('a:1', hang());
    const controller = new AbortController();
    const holder = bench.client.fetch('http://orders/', { signal: controller.signal });
    await bench.clock.advanceAsync(0);
    const waits = bench.client.fetch('http://orders/');
    await bench.clock.advanceAsync(0);
    const full = errorOf(await bench.outcome(bench.client.fetch('http://orders/')));
    expect(full['code']).toBe('ERR_LIMIT_EXCEEDED');
    expect(full.message).toMatch(/1 wait already/);
    expect(errorOf(await bench.outcome(waits, 500)).message).toMatch(/no place fell free within 500 ms/);
    controller.abort();
    errorOf(await bench.outcome(holder));
  });

  it("respects the caller's signal and the call's deadline", async () => {
    const bench = start({ maxInFlight: 1, queue: { timeoutMs: 60_000 } });
    bench.wire.at('a:1', hang(), answer());
    const [holder, waiter] = [new AbortController(), new AbortController()];
    const holding = bench.client.fetch('http://orders/', { signal: holder.signal });
    await bench.clock.advanceAsync(0);
    const aborted = bench.client.fetch('http://orders/', { signal: waiter.signal });
    const late = bench.client.fetch('http://orders/', { fairlead: { timeoutMs: 200 } });
    await bench.clock.advanceAsync(100);
    waiter.abort(new Error('enough'));
    expect(errorOf(await bench.outcome(aborted)).message).toBe('enough');
    expect(bench.snapshot().limits.waiting).toBe(1);
    expect(errorOf(await bench.outcome(late, 100))['code']).toBe('ERR_LIMIT_EXCEEDED');
    holder.abort();
    errorOf(await bench.outcome(holding));
    expect(valueOf(await bench.outcome(bench.client.fetch('http://orders/'))).status).toBe(200);
  });

  it('holds for acquire as well, and not for pick, which does not wait', async () => {
    const bench = start({ maxInFlight: 1, queue: {} });
    const first = await bench.client.acquire('orders');
    expect(() => bench.client.pick('orders')).toThrow(/ERR_LIMIT_EXCEEDED/);
    const second = bench.client.acquire('orders');
    const controller = new AbortController();
    const third = bench.client.acquire('orders', { signal: controller.signal });
    await bench.clock.advanceAsync(0);
    controller.abort(new Error('enough'));
    expect(errorOf(await bench.outcome(third)).message).toBe('enough');
    first.settle({ kind: 'success' });
    const lease = valueOf(await bench.outcome(second));
    expect(bench.snapshot().inFlight).toBe(1);
    lease.settle({ kind: 'success' });
  });

  it('is emptied when the client closes', async () => {
    const bench = start({ maxInFlight: 1, queue: { timeoutMs: 60_000 } });
    bench.wire.at('a:1', hang());
    const holding = bench.client.fetch('http://orders/').catch((error: unknown) => error);
    await bench.clock.advanceAsync(0);
    const waiting = bench.client.fetch('http://orders/');
    await bench.clock.advanceAsync(0);
    const closing = bench.client.close({ timeoutMs: 0 });
    expect(errorOf(await bench.outcome(waiting))['code']).toBe('ERR_CLIENT_CLOSED');
    await bench.outcome(Promise.all([closing, holding]), 10_000);
  });
});

describe('limits.adaptive', () => {
  it('grows while latency is flat, and shows in the snapshot', async () => {
    const bench = start({ adaptive: { initial: 1, min: 1, smoothing: 1, windowMs: 100 } });
    expect(bench.snapshot().limits).toEqual({ maxInFlight: 1, waiting: 0 });
    bench.wire.at('a:1', later(bench, 10));
    for (let call = 0; call < 12; call++)
      await valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 10)).text();
    expect(bench.snapshot().limits.maxInFlight).toBe(5);
    const burst = Array.from({ length: 8 }, () => bench.client.fetch('http://orders/').then(text, (error) => error));
    const results = valueOf(await bench.outcome(Promise.all(burst), 20)) as { code?: string }[];
    expect(results.filter(({ code }) => code === 'ERR_LIMIT_EXCEEDED')).toHaveLength(3);
  });

  it('is never lower than the number of endpoints', () => {
    const bench = createBench({ service: { limits: { adaptive: { initial: 1, min: 1 } } } });
    expect(bench.snapshot().limits.maxInFlight).toBe(3);
    for (let lease = 0; lease < 3; lease++) bench.client.pick('orders');
    expect(() => bench.client.pick('orders')).toThrow(/ERR_LIMIT_EXCEEDED/);
  });
});
