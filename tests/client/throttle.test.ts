/** Adaptive throttling as a service's callers meet it. */

import { describe, expect, it } from '@jest/globals';

import type { ServiceOptions } from '../../src/client/options.js';
import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer, hang, refuse, reset, type Behaviour } from './stub-wire.js';

const PLAIN: Partial<ServiceOptions> = { retry: false, ejection: false, hedge: false };

async function ended(bench: Bench, calls: number): Promise<Record<string, number>> {
  const results: Record<string, number> = {};
  for (let call = 0; call < calls; call++) {
    const settled = await bench.outcome(bench.client.fetch('http://orders/'));
    const result =
      settled !== 'pending' && 'value' in settled ? String(settled.value.status) : String(errorOf(settled)['code']);
    results[result] = (results[result] ?? 0) + 1;
  }
  return results;
}

function start(behaviour: Behaviour, service: Partial<ServiceOptions> = {}): Bench {
  const bench = createBench({ endpoints: ['a:1'], service: { ...PLAIN, ...service } });
  bench.wire.at('a:1', behaviour);
  return bench;
}

describe('a service that rejects its calls', () => {
  it('is spared most of them, with an error that says so, an event and a snapshot', async () => {
    const bench = start(answer(503));
    const changes = bench.record('throttle');
    expect(await ended(bench, 50)).toEqual({ '503': 50 });
    expect(bench.snapshot().throttle).toEqual({ ratio: 0.8, requests: 50, accepts: 0 });
    const { ERR_LIMIT_EXCEEDED: shed = 0, '503': sent = 0 } = await ended(bench, 200);
    // Binomial(200, 0.8): a standard deviation of 5.7; four of them.
    expect(Math.abs(shed - 160)).toBeLessThan(23);
    expect(bench.wire.sent).toHaveLength(50 + sent);
    expect(changes).toEqual([{ service: 'orders', on: true, ratio: 0.8, requests: 50, accepts: 0 }]);
    let settled = await bench.outcome(bench.client.fetch('http://orders/'));
    while (settled !== 'pending' && 'value' in settled)
      settled = await bench.outcome(bench.client.fetch('http://orders/'));
    const error = errorOf(settled);
    expect(error).toMatchObject({ name: 'FairleadError', service: 'orders', attempts: [] });
    expect(error.message).toMatch(
      /^ERR_LIMIT_EXCEEDED: orders: the service accepted 0 of the last \d+ calls, and this client sheds 80 % of them \(options.throttle\)$/,
    );
  });

  it('is sent next to nothing twice, from when more than one call in ten fails for good', async () => {
    const refused: unknown[] = [];
    const bench = start(answer(503), { retry: { backoffBaseMs: 0 } });
    bench.client.on('retry', ({ refused: why }) => refused.push(why));
    await ended(bench, 50);
    const retried = bench.wire.sent.length - 50;
    // A fifth of the calls, at least.
    expect(retried).toBeGreaterThanOrEqual(10);
    refused.length = 0;
    const { ERR_LIMIT_EXCEEDED: shed = 0 } = await ended(bench, 500);
    expect(bench.wire.sent.length - 50 - retried).toBe(500 - shed);
    expect(new Set(refused)).toEqual(new Set(['budget']));
    expect(bench.client.snapshot().services['orders']?.budget.available).toBe(0);
  });

  it('pays nothing into the retry budget with what was shed', async () => {
    const bench = start(answer(503));
    await ended(bench, 50);
    const { ERR_LIMIT_EXCEEDED: shed = 0 } = await ended(bench, 1_000);
    expect(shed).toBeGreaterThan(700);
    expect(bench.wire.sent.length).toBe(1_050 - shed);
    expect(bench.client.snapshot().services['orders']?.inFlight).toBe(0);
  });

  it.each([
    ['503', answer(503), 50],
    ['429', answer(429), 50],
    ['a reset', reset(), 50],
    // The work was done.
    ['500', answer(500), 0],
    ['404', answer(404), 0],
    // Nothing left, and nothing is spared by shedding.
    ['a refused connection', refuse(), 0],
  ])('has rejected them by %s or not', async (_, behaviour, rejected) => {
    const bench = start(behaviour);
    await ended(bench, 50);
    const { requests, accepts } = bench.snapshot().throttle ?? { requests: 0, accepts: 0 };
    expect(requests - accepts).toBe(rejected);
  });

  it('has not rejected what callers gave up', async () => {
    const bench = start(hang());
    for (let call = 0; call < 60; call++) {
      const controller = new AbortController();
      const waiting = bench.client.fetch('http://orders/', { signal: controller.signal });
      await bench.clock.advanceAsync(0);
      controller.abort();
      errorOf(await bench.outcome(waiting));
    }
    expect(bench.snapshot().throttle).toEqual({ ratio: 0, requests: 0, accepts: 0 });
  });

  it('is sent everything with throttle: false', async () => {
    const bench = start(answer(503), { throttle: false });
    expect(await ended(bench, 300)).toEqual({ '503': 300 });
    expect(bench.snapshot().throttle).toBeUndefined();
  });

  it('is sent what the options say', async () => {
    const bench = start(answer(503), { throttle: { minVolume: 10, maxRatio: 0.5, windowMs: 60_000 } });
    await ended(bench, 10);
    await bench.clock.advanceAsync(30_000);
    expect(bench.snapshot().throttle).toEqual({ ratio: 0.5, requests: 10, accepts: 0 });
    const half = start(answer(503), { throttle: { minVolume: 10, factor: 4 } });
    half.wire.at('a:1', ...Array.from({ length: 30 }, () => answer(200)), answer(503));
    await ended(half, 120);
    expect(half.snapshot().throttle).toMatchObject({ ratio: 0, requests: 120, accepts: 30 });
  });

  it("leaves a breaker's probes alone", async () => {
    const bench = start(answer(503), {
      breaker: { openMs: 1_000, jitterRatio: 0 },
      throttle: { minVolume: 20, windowMs: 600_000 },
    });
    await ended(bench, 20);
    expect(bench.snapshot().throttle?.ratio).toBe(0.8);
    for (let round = 0; round < 5; round++) {
      await bench.clock.advanceAsync(60_000);
      expect((await ended(bench, 3))['503']).toBe(3);
    }
    expect(bench.snapshot().breakers[0]?.state).toBe('open');
  });
});

describe('a healthy service', () => {
  it('never meets the throttle, also when a burst is all under way', async () => {
    const bench = start(answer(200), { limits: { maxInFlight: 5_000 } });
    const burst = Array.from({ length: 2_000 }, () => bench.client.fetch('http://orders/'));
    expect(valueOf(await bench.outcome(Promise.all(burst)))).toHaveLength(2_000);
    expect(bench.snapshot().throttle).toEqual({ ratio: 0, requests: 2_000, accepts: 2_000 });
  });
});
