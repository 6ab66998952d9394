/** Signs of trouble ask discovery again before its time, at a bounded rate, and without anybody waiting for the answer. */

import { describe, expect, it } from '@jest/globals';

import type { EndpointInput } from '../../src/core/endpoint.js';
import type { Prober } from '../../src/core/resolver.js';
import { createBench, valueOf, type Bench } from './bench.js';
import { answer, refuse } from './stub-wire.js';

const FOUR = ['a:1', 'b:1', 'c:1', 'd:1'];

interface Asked extends Bench {
  readonly askedAtMs: readonly number[];
  /** What the next questions are answered with. */
  serve(endpoints: readonly EndpointInput[]): void;
}

/** A source whose answers live for five minutes, so that whatever is asked sooner was asked because of trouble. */
async function asked(options: Parameters<typeof createBench>[0] = {}): Promise<Asked> {
  let endpoints: readonly EndpointInput[] = FOUR;
  const askedAtMs: number[] = [];
  const resolver: Prober = {
    kind: 'counted',
    resolve: async () => {
      askedAtMs.push(bench.clock.now());
      return { endpoints, ttlMs: 300_000 };
    },
  };
  const bench = createBench({
    ...options,
    service: { resolver, ...options.service },
    client: { random: { next: () => 0.5 } },
  });
  await bench.clock.advanceAsync(60_000);
  expect(askedAtMs).toHaveLength(1);
  return { ...bench, askedAtMs, serve: (next) => void (endpoints = next) };
}

describe('early questions', () => {
  it('follow a connection that could not be made, while the call goes on to another endpoint', async () => {
    const { wire, client, outcome, askedAtMs, serve, snapshot } = await asked();
    wire.at('a:1', refuse());
    serve(['b:1', 'c:1', 'd:1']);
    const response = valueOf(await outcome(client.fetch('http://orders/', { method: 'POST' })));
    expect(response.status).toBe(200);
    expect(wire.route).toEqual(['a:1', 'b:1']);
    expect(askedAtMs).toHaveLength(2);
    expect(snapshot().endpoints.map(({ id }) => id)).not.toContain('http://a:1');
  });

  it('come no faster than minRefreshIntervalMs, however many connections fail', async () => {
    const { wire, client, clock, askedAtMs } = await asked({ service: { ejection: false } });
    for (const endpoint of FOUR) wire.at(endpoint, refuse());
    for (let ms = 0; ms < 10_000; ms += 50) {
      client.fetch('http://orders/').catch(() => {});
      await clock.advanceAsync(50);
    }
    const gaps = askedAtMs.slice(2).map((at, index) => at - (askedAtMs[index + 1] as number));
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.every((gap) => gap === 5_000)).toBe(true);
  });

  it('follow a lease whose own transport could not connect', async () => {
    const { client, clock, askedAtMs } = await asked();
    client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    await clock.advanceAsync(1);
    expect(askedAtMs).toHaveLength(1);
    client.pick('orders').settle({ kind: 'failure', reason: 'connect' });
    await clock.advanceAsync(1);
    expect(askedAtMs).toHaveLength(2);
  });

  it('follow the ejection of half of the endpoints, and not of fewer', async () => {
    const { wire, client, outcome, askedAtMs, snapshot } = await asked({
      service: { ejection: { contrast: false, consecutiveFailures: 2 }, retry: false },
    });
    const ejected = (): number => snapshot().endpoints.filter(({ state }) => state === 'ejected').length;
    // By status, so that no connection fails.
    wire.at('a:1', answer(503));
    for (let call = 0; call < 2; call++) await outcome(client.fetch('http://orders/'));
    expect(ejected()).toBe(1);
    expect(askedAtMs).toHaveLength(1);
    wire.at('b:1', answer(503));
    for (let call = 0; call < 2; call++) await outcome(client.fetch('http://orders/'));
    expect(ejected()).toBe(2);
    expect(askedAtMs).toHaveLength(2);
  });
});
