/** The breaker of a service through every way of calling it. */

import { describe, expect, it } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import type { BreakerOptions, ServiceOptions } from '../../src/client/options.js';
import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer, hang, reset } from './stub-wire.js';

const PLAIN: Partial<ServiceOptions> = { retry: false, ejection: false, hedge: false };

function start(breaker: BreakerOptions = {}, service: Partial<ServiceOptions> = PLAIN): Bench {
  return createBench({
    endpoints: ['a:1'],
    service: { ...service, breaker: { minVolume: 4, jitterRatio: 0, ...breaker } },
  });
}

async function calls(bench: Bench, count: number, url = 'http://orders/'): Promise<void> {
  for (let call = 0; call < count; call++) valueOf(await bench.outcome(bench.client.fetch(url)));
}

async function tripped(breaker: BreakerOptions = {}): Promise<Bench> {
  const bench = start(breaker);
  bench.wire.at('a:1', answer(500));
  await calls(bench, 4);
  expect(bench.snapshot().breakers[0]?.state).toBe('open');
  return bench;
}

describe('a service with a breaker', () => {
  it('refuses calls at once when most of them failed, with an error that names the service and why', async () => {
    const bench = start();
    const changes = bench.record('breaker');
    bench.wire.at('a:1', answer(500));
    await calls(bench, 4);
    const ended = bench.record('call');
    const error = errorOf(await bench.outcome(bench.client.fetch('http://orders/')));
    expect(error).toMatchObject({ name: 'FairleadError', code: 'ERR_BREAKER_OPEN', service: 'orders', attempts: [] });
    expect(error.message).toBe('ERR_BREAKER_OPEN: orders: its breaker is open for another 10000 ms');
    expect(bench.wire.sent).toHaveLength(4);
    expect(changes).toEqual([
      { service: 'orders', key: undefined, from: 'closed', to: 'open', reason: '4 of 4 calls failed', openMs: 10_000 },
    ]);
    expect(ended).toEqual([
      expect.objectContaining({ service: 'orders', attempts: [], status: undefined, error: 'ERR_BREAKER_OPEN' }),
    ]);
  });

  it('says in the snapshot when a probe may go', async () => {
    const bench = await tripped();
    bench.clock.advance(4_000);
    const [breaker] = bench.snapshot().breakers;
    expect(breaker).toMatchObject({ key: undefined, state: 'open', times: 1, nextProbeInMs: 6_000 });
    expect(Math.abs((breaker?.nextProbeAt ?? 0) - Date.now() - 6_000)).toBeLessThan(5_000);
  });

  it('lets five of a thousand callers through to find out whether the service is back, and then everybody', async () => {
    const bench = await tripped();
    await bench.clock.advanceAsync(10_000);
    bench.wire.at('a:1', hang());
    const callers = Array.from({ length: 1_000 }, () => bench.client.fetch('http://orders/').catch((error) => error));
    await bench.clock.advanceAsync(0);
    expect(bench.wire.sent).toHaveLength(4 + 5);
    // Ten seconds later the attempts time out, all five of them.
    const errors = (await bench.outcome(Promise.all(callers), 10_000)) as { value: { code: string }[] };
    expect(errors.value.filter(({ code }) => code === 'ERR_BREAKER_OPEN')).toHaveLength(995);
    expect(errors.value.filter(({ code }) => code === 'ERR_ATTEMPT_TIMEOUT')).toHaveLength(5);
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'open', times: 2 });
    await bench.clock.advanceAsync(20_000);
    bench.wire.at('a:1', answer(200));
    await calls(bench, 3);
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'closed' });
    await calls(bench, 100);
  });

  it('judges calls, not attempts: an endpoint that fails under retries opens nothing', async () => {
    const bench = createBench({
      service: { breaker: { minVolume: 4 }, ejection: false, retry: { budget: { ratio: 1 } } },
    });
    bench.wire.at('a:1', answer(503));
    for (let call = 0; call < 20; call++)
      expect(valueOf(await bench.outcome(bench.client.fetch('http://orders/'), 200)).status).toBe(200);
    expect(bench.wire.route.filter((endpoint) => endpoint === 'a:1').length).toBeGreaterThanOrEqual(5);
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'closed', failures: 0 });
  });

  it.each([
    ['a 404', answer(404), { calls: 4, failures: 0 }],
    ['a 500', answer(500), { calls: 0, state: 'open' }],
    ['a 429', answer(429), { calls: 0, state: 'open' }],
  ])('counts %s for what it is', async (_, behaviour, expected) => {
    const bench = start();
    bench.wire.at('a:1', behaviour);
    await calls(bench, 4);
    expect(bench.snapshot().breakers[0]).toMatchObject(expected);
  });

  it('counts errors as failures', async () => {
    const bench = start();
    bench.wire.at('a:1', reset());
    for (let call = 0; call < 4; call++) errorOf(await bench.outcome(bench.client.fetch('http://orders/')));
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'open' });
  });

  it('takes a caller who gives up for no failure, and gives the place of such a probe to another', async () => {
    const bench = await tripped({ probes: 1 });
    await bench.clock.advanceAsync(10_000);
    bench.wire.at('a:1', hang());
    const controller = new AbortController();
    const probe = bench.client.fetch('http://orders/', { signal: controller.signal });
    await bench.clock.advanceAsync(0);
    expect(errorOf(await bench.outcome(bench.client.fetch('http://orders/')))['code']).toBe('ERR_BREAKER_OPEN');
    controller.abort();
    expect(errorOf(await bench.outcome(probe)).name).toBe('AbortError');
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'half-open', calls: 0 });
    bench.wire.at('a:1', answer(200));
    await calls(bench, 1);
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'closed' });
  });

  it('releases a probe that never ends', async () => {
    const bench = await tripped({ probes: 1, probeTimeoutMs: 2_000 });
    await bench.clock.advanceAsync(10_000);
    bench.wire.at('a:1', hang());
    const lost = bench.outcome(bench.client.fetch('http://orders/', { fairlead: { timeoutMs: 86_400_000 } }));
    await bench.clock.advanceAsync(2_000);
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'open', times: 2 });
    await lost;
  });

  it('never counts its own refusals, nor those of limits', async () => {
    const bench = start({ minVolume: 1 }, { ...PLAIN, limits: { maxInFlight: 1 } });
    bench.wire.at('a:1', hang());
    const controller = new AbortController();
    const holder = bench.client.fetch('http://orders/', { signal: controller.signal });
    await bench.clock.advanceAsync(0);
    for (let call = 0; call < 50; call++)
      expect(errorOf(await bench.outcome(bench.client.fetch('http://orders/')))['code']).toBe('ERR_LIMIT_EXCEEDED');
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'closed', calls: 0 });
    controller.abort();
    errorOf(await bench.outcome(holder));
  });

  it('does not answer for the service that a redirect leads to', async () => {
    const resolver = createManualResolver(['b:1']);
    const bench = createBench({ endpoints: ['a:1'] });
    const client = createClient({
      fetch: bench.wire.fetch,
      clock: bench.clock,
      services: {
        orders: { ...PLAIN, resolver: createManualResolver(['a:1']), breaker: { minVolume: 1 } },
        stock: { ...PLAIN, resolver, breaker: { minVolume: 1 } },
      },
    });
    bench.wire.at('a:1', answer(302, { location: 'http://stock/' }));
    bench.wire.at('b:1', answer(500));
    expect(valueOf(await bench.outcome(client.fetch('http://orders/'))).status).toBe(500);
    const { services } = client.snapshot();
    expect(services['orders']?.breakers[0]).toMatchObject({ state: 'closed', calls: 1, failures: 0 });
    expect(services['stock']?.breakers[0]).toMatchObject({ state: 'closed', calls: 0 });
  });

  it('has a breaker for each key that its function tells apart', async () => {
    const bench = start({ key: ({ method, url }) => `${method} ${new URL(url).pathname}` });
    bench.wire.at('a:1', ...Array.from({ length: 4 }, () => answer(500)), answer(200));
    await calls(bench, 4, 'http://orders/broken');
    await calls(bench, 4, 'http://orders/well');
    const error = errorOf(await bench.outcome(bench.client.fetch(new Request('http://orders/broken'))));
    expect(error.message).toMatch(/its breaker for 'GET \/broken' is open/);
    expect(bench.snapshot().breakers.map(({ key, state }) => [key, state])).toEqual([
      [undefined, 'closed'],
      ['GET /broken', 'open'],
      ['GET /well', 'closed'],
    ]);
  });

  it('warns once of a key function that throws, and goes by the breaker of the service', async () => {
    const bench = start({ key: () => JSON.parse('{') as string });
    const warnings = bench.record('warning');
    await calls(bench, 4);
    expect(warnings).toEqual([
      expect.objectContaining({ message: expect.stringContaining('options.breaker.key threw: ') as unknown }),
    ]);
    expect(bench.snapshot().breakers).toMatchObject([{ calls: 4 }]);
  });
});

describe('client.breaker', () => {
  it('takes a service out of use and back', async () => {
    const bench = start();
    const breaker = bench.client.breaker('orders');
    expect(breaker.state).toBe('closed');
    breaker.isolate();
    await bench.clock.advanceAsync(86_400_000);
    const error = errorOf(await bench.outcome(bench.client.fetch('http://orders/')));
    expect(error.message).toBe('ERR_BREAKER_OPEN: orders: its breaker was isolated by hand');
    expect(breaker.state).toBe('isolated');
    breaker.release();
    await calls(bench, 1);
  });

  it('takes one key out of use', async () => {
    const bench = start({ key: ({ url }) => new URL(url).pathname });
    bench.client.breaker('orders', '/pay').isolate();
    await calls(bench, 1, 'http://orders/list');
    expect(errorOf(await bench.outcome(bench.client.fetch('http://orders/pay')))['code']).toBe('ERR_BREAKER_OPEN');
  });

  it('refuses what cannot be: a service without a breaker, a key without a function', () => {
    const without = createBench();
    expect(() => without.client.breaker('orders')).toThrow(/ERR_INVALID_OPTION: services.orders.breaker: is off/);
    expect(without.snapshot().breakers).toEqual([]);
    expect(() => start().client.breaker('orders', '/pay')).toThrow(/breaker.key: is not set/);
    expect(() => start().client.breaker('nobody')).toThrow(/ERR_UNKNOWN_SERVICE/);
  });
});

describe('leases', () => {
  it('count as calls of one attempt, and are refused while the breaker is open', async () => {
    const bench = start();
    for (let call = 0; call < 4; call++) bench.client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    expect(() => bench.client.pick('orders')).toThrow(/ERR_BREAKER_OPEN/);
    await expect(bench.client.acquire('orders')).rejects.toMatchObject({ code: 'ERR_BREAKER_OPEN' });
    bench.clock.advance(10_000);
    const probes = Array.from({ length: 5 }, () => bench.client.pick('orders'));
    expect(() => bench.client.pick('orders')).toThrow(/ERR_BREAKER_OPEN/);
    probes[0]?.[Symbol.dispose]();
    const another = bench.client.pick('orders');
    for (const lease of [...probes, another]) lease.settle({ kind: 'success' });
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'closed' });
    expect(bench.snapshot().inFlight).toBe(0);
  });

  it('give their place back when there is nobody to pick', () => {
    const bench = createBench({ endpoints: [], service: { breaker: { probes: 1 } } });
    for (let call = 0; call < 3; call++) expect(() => bench.client.pick('orders')).toThrow(/ERR_NO_ENDPOINTS/);
    expect(bench.snapshot().breakers[0]).toMatchObject({ state: 'closed', calls: 0 });
  });
});
