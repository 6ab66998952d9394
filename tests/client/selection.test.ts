import { describe, expect, it } from '@jest/globals';

import type { PickerFactory } from '../../src/data/picker.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { FairleadError, NoEndpointsError } from '../../src/core/errors.js';
import { createBench, errorOf, valueOf } from './bench.js';
import { hang, refuse } from './stub-wire.js';

describe('pick', () => {
  it('gives a lease on an endpoint, which is in flight until it is settled', () => {
    const { client, snapshot, clock } = createBench();
    const lease = client.pick('orders');
    expect(lease.endpoint).toMatchObject({ id: 'http://a:1', host: 'a', port: 1 });
    expect(snapshot()).toMatchObject({ inFlight: 1 });
    expect(snapshot().endpoints[0]).toMatchObject({ inFlight: 1 });
    clock.advance(40);
    lease.settle({ kind: 'success' });
    expect(snapshot().inFlight).toBe(0);
    expect(snapshot().endpoints[0]).toMatchObject({ inFlight: 0, latencyMs: 40, failureScore: 0 });
  });

  it('takes the latency that its caller has measured', () => {
    const { client, snapshot, clock } = createBench();
    const lease = client.pick('orders');
    clock.advance(40);
    lease.settle({ kind: 'success' }, 7);
    expect(snapshot().endpoints[0]?.latencyMs).toBe(7);
  });

  it('counts only the first settlement', () => {
    const { client, snapshot } = createBench();
    const lease = client.pick('orders');
    lease.settle({ kind: 'success' });
    lease.settle({ kind: 'failure', reason: 'reset' });
    lease[Symbol.dispose]();
    expect(snapshot()).toMatchObject({ inFlight: 0 });
    expect(snapshot().endpoints[0]?.failureScore).toBe(0);
  });

  it('frees a lease that is disposed unsettled, and learns nothing from it', () => {
    const { client, snapshot, clock } = createBench();
    const lease = client.pick('orders');
    clock.advance(40);
    lease[Symbol.dispose]();
    expect(snapshot().inFlight).toBe(0);
    expect(snapshot().endpoints[0]).toMatchObject({ inFlight: 0, latencyMs: undefined, failureScore: 0 });
  });

  it('feeds outlier ejection with what its callers say', () => {
    const { client, snapshot } = createBench();
    for (let failures = 0; failures < 5; failures++) client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    expect(snapshot().endpoints[0]?.state).toBe('ejected');
    expect(client.pick('orders').endpoint.host).toBe('b');
  });

  it('avoids endpoints that were tried, and hands the hash key to the picker', () => {
    const seen: unknown[] = [];
    const balancer: PickerFactory = () => ({ pick: ({ hashKey, attempt }) => seen.push([hashKey, attempt]) - 1 });
    const { client } = createBench({ service: { balancer } });
    client.pick('orders', { hashKey: 'user-7', attempt: 3 });
    expect(seen).toEqual([['user-7', 3]]);
    const other = createBench();
    expect(other.client.pick('orders', { tried: new Set(['http://a:1']) }).endpoint.host).toBe('b');
  });

  it('throws a NoEndpointsError with the reason when there is nobody yet', () => {
    const { client, resolver } = createBench({ endpoints: undefined });
    const pick = (): unknown => client.pick('orders');
    expect(pick).toThrow(NoEndpointsError);
    expect(pick).toThrow(FairleadError);
    expect(pick).toThrow('ERR_NO_ENDPOINTS: orders: discovery has not answered yet');
    resolver.fail(new Error('down'));
    expect(pick).toThrow('ERR_NO_ENDPOINTS: orders: discovery could not be asked: down');
    resolver.set([]);
    expect(pick).toThrow('ERR_NO_ENDPOINTS: orders: discovery says that nobody serves it');
  });

  it('throws when a picker of the user refuses everybody', () => {
    const { client } = createBench({ service: { balancer: () => ({ pick: () => -1 }) } });
    expect(() => client.pick('orders')).toThrow(NoEndpointsError);
  });

  it('throws ERR_LIMIT_EXCEEDED when too much is in flight', () => {
    const { client } = createBench({ service: { limits: { maxInFlight: 2 } } });
    client.pick('orders');
    const second = client.pick('orders');
    expect(() => client.pick('orders')).toThrow(
      'ERR_LIMIT_EXCEEDED: orders: too many requests in flight from this client (options.limits)',
    );
    second.settle({ kind: 'success' });
    expect(() => client.pick('orders')).not.toThrow();
  });
});

describe('acquire', () => {
  it('gives a lease at once when there is somebody', async () => {
    const { client, outcome } = createBench();
    expect(valueOf(await outcome(client.acquire('orders'))).endpoint.host).toBe('a');
  });

  it('waits for the first endpoints', async () => {
    const { client, resolver, outcome } = createBench({ endpoints: undefined });
    const lease = client.acquire('orders');
    expect(await outcome(lease, 4_999)).toBe('pending');
    resolver.set(['z:1']);
    expect(valueOf(await outcome(lease)).endpoint.host).toBe('z');
  });

  it('gives up after selectionTimeoutMs with the cause', async () => {
    const { client, resolver, outcome, clock } = createBench({
      endpoints: undefined,
      service: { selectionTimeoutMs: 100 },
    });
    resolver.fail(new Error('down'));
    const lease = client.acquire('orders');
    expect(await outcome(lease, 99)).toBe('pending');
    expect(errorOf(await outcome(lease, 1))).toMatchObject({
      code: 'ERR_RESOLUTION_FAILED',
      message: 'ERR_RESOLUTION_FAILED: orders: discovery could not be asked: down',
    });
    expect(clock.pendingTimers).toBe(0);
  });

  it('says at once that waiting is pointless', async () => {
    const { client, outcome } = createBench({ endpoints: [] });
    expect(errorOf(await outcome(client.acquire('orders'))).code).toBe('ERR_NO_ENDPOINTS');
  });

  it('says so to those who wait when that turns out', async () => {
    const { client, resolver, outcome } = createBench({ endpoints: undefined });
    const lease = client.acquire('orders');
    expect(await outcome(lease, 10)).toBe('pending');
    resolver.set([]);
    expect(errorOf(await outcome(lease)).code).toBe('ERR_NO_ENDPOINTS');
  });

  it.each(['before', 'meanwhile'])('rejects with the reason of a signal that aborts %s', async (when) => {
    const { client, outcome } = createBench({ endpoints: undefined });
    const controller = new AbortController();
    const reason = { why: 'enough' };
    if (when === 'before') controller.abort(reason);
    const lease = client.acquire('orders', { signal: controller.signal });
    if (when === 'meanwhile') expect(await outcome(lease, 10)).toBe('pending');
    controller.abort(reason);
    expect(errorOf(await outcome(lease))).toBe(reason);
  });

  it('does not wait for what waiting does not change: a full client, a picker that refuses', async () => {
    const full = createBench({ service: { limits: { maxInFlight: 1 } } });
    full.client.pick('orders');
    expect(errorOf(await full.outcome(full.client.acquire('orders'))).code).toBe('ERR_LIMIT_EXCEEDED');
    const refusing = createBench({ service: { balancer: () => ({ pick: () => -1 }) } });
    expect(errorOf(await refusing.outcome(refusing.client.acquire('orders'))).code).toBe('ERR_NO_ENDPOINTS');
  });

  it('rejects for a name that is no service', async () => {
    const { client, outcome } = createBench();
    expect(errorOf(await outcome(client.acquire('stock'))).code).toBe('ERR_UNKNOWN_SERVICE');
  });
});

describe('ready', () => {
  it('resolves when every listed service has endpoints', async () => {
    const stock = createManualResolver();
    const orders = createManualResolver(['a:1']);
    const { client, outcome } = createBench({
      client: { services: { orders: { resolver: orders }, stock: { resolver: stock } } },
    });
    expect(await outcome(client.ready(['orders']))).toEqual({ value: undefined });
    const ready = client.ready();
    expect(await outcome(ready, 29_999)).toBe('pending');
    stock.set(['b:1']);
    expect(await outcome(ready)).toEqual({ value: undefined });
  });

  it('rejects after its timeout, 30 seconds by default, with what is missing', async () => {
    const { client, outcome } = createBench({ endpoints: undefined });
    const soon = client.ready(undefined, { timeoutMs: 10 });
    expect(errorOf(await outcome(soon, 10)).code).toBe('ERR_RESOLUTION_FAILED');
    const ready = client.ready();
    expect(await outcome(ready, 29_999)).toBe('pending');
    expect(errorOf(await outcome(ready, 1)).code).toBe('ERR_RESOLUTION_FAILED');
  });

  it('rejects at once when nobody serves it, by the code for that', async () => {
    const { client, outcome } = createBench({ endpoints: [] });
    expect(errorOf(await outcome(client.ready()))).toMatchObject({ code: 'ERR_NO_ENDPOINTS', service: 'orders' });
  });

  it.each(['before', 'meanwhile'])('rejects with the reason of a signal that aborts %s', async (when) => {
    const { client, outcome, clock } = createBench({ endpoints: undefined });
    const before = clock.pendingTimers;
    const controller = new AbortController();
    if (when === 'before') controller.abort('enough');
    const ready = client.ready(undefined, { signal: controller.signal });
    if (when === 'meanwhile') expect(await outcome(ready, 10)).toBe('pending');
    controller.abort('enough');
    expect(await outcome(ready)).toEqual({ error: 'enough' });
    expect(clock.pendingTimers).toBe(before);
  });

  it('rejects for a name that is no service', async () => {
    const { client, outcome } = createBench();
    expect(errorOf(await outcome(client.ready(['stock']))).code).toBe('ERR_UNKNOWN_SERVICE');
  });
});

describe('refresh', () => {
  it('asks discovery again now, but not within minRefreshIntervalMs of the last question', async () => {
    let asked = 0;
    const resolver = { kind: 'counting', resolve: async () => ({ endpoints: ['a:1'], ttlMs: (asked++, 300_000) }) };
    const { client, clock } = createBench({ service: { resolver, cache: { minRefreshIntervalMs: 1_000 } } });
    await clock.advanceAsync(999);
    expect(asked).toBe(1);
    client.refresh('orders');
    expect(asked).toBe(1);
    // Not lost: asked when the time has come.
    await clock.advanceAsync(1);
    expect(asked).toBe(2);
    await clock.advanceAsync(1_000);
    client.refresh('Orders');
    expect(asked).toBe(3);
  });

  it('throws for a name that is no service', () => {
    expect(() => createBench().client.refresh('stock')).toThrow('ERR_UNKNOWN_SERVICE');
  });
});

describe('snapshot', () => {
  it('is plain JSON with everything there is to know', async () => {
    const { client, clock } = createBench({
      endpoints: [{ host: 'a', port: 1, weight: 2, priority: 0, zone: 'eu-1' }, 'b:1', '169.254.1.1:80'],
    });
    clock.advance(250);
    client.pick('orders');
    const snapshot = client.snapshot();
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual({
      closed: false,
      services: {
        orders: {
          resolution: { resolver: 'manual', status: 'found', ageMs: 250, stale: false, restored: false },
          inFlight: 1,
          panic: false,
          groups: [],
          budget: { ratio: 0.2, available: 2, floor: 2, calls: 0, spent: 0, refused: 0 },
          breakers: [],
          limits: { maxInFlight: 1_024, waiting: 0 },
          throttle: { ratio: 0, requests: 0, accepts: 0 },
          endpoints: [
            {
              id: 'http://a:1',
              host: 'a',
              port: 1,
              state: 'healthy',
              eligible: true,
              weight: 2,
              priority: 0,
              zone: 'eu-1',
              inFlight: 1,
              failureScore: 0,
            },
            expect.objectContaining({ id: 'http://b:1', state: 'healthy', weight: 1, inFlight: 0 }),
            expect.objectContaining({
              id: 'http://169.254.1.1:80',
              state: 'refused',
              eligible: false,
              ineligible: 'refused',
            }),
          ],
        },
      },
    });
  });

  it('shows ejections with their reason and what is left of them', () => {
    const { client, clock, snapshot } = createBench({ client: { random: { next: () => 0.5 } } });
    for (let failures = 0; failures < 5; failures++) client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    clock.advance(10_000);
    expect(snapshot().endpoints[0]).toMatchObject({
      state: 'ejected',
      ejection: {
        reason: 'consecutive-failures',
        detail: '5 failures in a row, the last: reset',
        remainingMs: 20_000,
        times: 1,
      },
    });
    clock.advance(20_000);
    expect(snapshot().endpoints[0]).toMatchObject({ state: 'probing', ejection: undefined });
  });

  it('shows the age of an answer that is stale, and why asking fails', () => {
    const { resolver, clock, snapshot } = createBench();
    clock.advance(1_000);
    resolver.fail(new Error('registry down'));
    clock.advance(2_000);
    expect(snapshot().resolution).toEqual({
      resolver: 'manual',
      status: 'found',
      ageMs: 3_000,
      stale: true,
      restored: false,
      error: 'registry down',
      failingForMs: 2_000,
      held: undefined,
    });
  });

  it('shows endpoints that drain until nothing is in flight there', () => {
    const { client, resolver, snapshot } = createBench();
    const lease = client.pick('orders');
    resolver.set(['b:1', 'c:1']);
    expect(snapshot().endpoints.map(({ id, state }) => [id, state])).toEqual([
      ['http://b:1', 'healthy'],
      ['http://c:1', 'healthy'],
      ['http://a:1', 'draining'],
    ]);
    expect(client.pick('orders').endpoint.host).toBe('b');
    lease.settle({ kind: 'success' });
    expect(snapshot().endpoints.map(({ id }) => id)).toEqual(['http://b:1', 'http://c:1']);
  });

  it('shows panic, and an answer that is kept back', () => {
    const { client, resolver, snapshot } = createBench({ endpoints: ['a:1', 'b:1'], service: { panicThreshold: 0.6 } });
    for (let failures = 0; failures < 5; failures++) client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    expect(snapshot().panic).toBe(true);
    resolver.set([]);
    expect(snapshot().resolution).toMatchObject({ held: 'empty', status: 'found' });
  });

  it('is no panic when nobody is known', () => {
    expect(createBench({ endpoints: undefined }).snapshot()).toMatchObject({ panic: false, endpoints: [] });
  });
});

describe('explain', () => {
  it('says in words why each endpoint would be picked or not', () => {
    const { client } = createBench({
      endpoints: [
        'a:1',
        { host: 'b', port: 1, priority: 1 },
        'c:1',
        'd:1',
        'e:1',
        '169.254.1.1:80',
        { host: 'z', port: 1, weight: 0 },
      ],
      client: { random: { next: () => 0.5 } },
    });
    for (let failures = 0; failures < 5; failures++) client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    expect(client.explain('orders')).toEqual({
      service: 'orders',
      resolution: '6 endpoints',
      endpoints: [
        {
          id: 'http://a:1',
          eligible: false,
          words: expect.stringContaining('ejected for 30000 ms more'),
        },
        { id: 'http://b:1', eligible: false, words: expect.stringContaining('standing by') },
        { id: 'http://c:1', eligible: true, words: 'in use' },
        { id: 'http://d:1', eligible: true, words: 'in use' },
        { id: 'http://e:1', eligible: true, words: 'in use' },
        {
          id: 'http://169.254.1.1:80',
          eligible: false,
          words: expect.stringContaining('refused by the address policy'),
        },
        { id: 'http://z:1', eligible: false, words: 'its weight is 0 while others of its priority have one' },
      ],
    });
  });

  it('says what discovery says, in each of its states', () => {
    const { client, resolver } = createBench({ endpoints: undefined });
    const words = (): string => client.explain('orders').resolution;
    expect(words()).toBe('discovery has not answered yet');
    resolver.fail(new Error('down'));
    expect(words()).toBe('discovery could not be asked: down');
    resolver.set(['a:1', 'b:1', 'c:1', 'd:1']);
    expect(words()).toBe('4 endpoints');
    resolver.set(['a:1']);
    expect(words()).toBe('4 endpoints; a much smaller answer is kept back for now');
    resolver.set([]);
    expect(words()).toBe('4 endpoints; an empty answer is kept back for now');
    resolver.fail(new Error('down again'));
    expect(words()).toContain('4 endpoints, from an older answer: asking fails now: down again');
    const refused = createBench({ endpoints: ['169.254.1.1:80'] });
    expect(refused.client.explain('orders').resolution).toBe(
      'every endpoint was refused: http://169.254.1.1:80 169.254.1.1 is a link-local address',
    );
    expect(createBench({ endpoints: [] }).client.explain('orders').resolution).toBe(
      'discovery says that nobody serves it',
    );
  });

  it('includes those that drain', () => {
    const { client, resolver } = createBench();
    client.pick('orders');
    resolver.set(['b:1', 'c:1']);
    expect(client.explain('orders').endpoints[2]).toMatchObject({ id: 'http://a:1', eligible: false });
  });

  it('throws for a name that is no service', () => {
    expect(() => createBench().client.explain('stock')).toThrow('ERR_UNKNOWN_SERVICE');
  });
});

describe('limits', () => {
  it('refuse a call at once with a typed error that counts against nobody', async () => {
    const { client, wire, outcome, snapshot } = createBench({ service: { limits: { maxInFlight: 1 } } });
    wire.at('a:1', hang());
    const first = client.fetch('http://orders/');
    await outcome(first);
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(error).toMatchObject({ code: 'ERR_LIMIT_EXCEEDED', name: 'FairleadError', attempts: [] });
    expect(snapshot().endpoints.every(({ failureScore }) => failureScore === 0)).toBe(true);
    void first.catch(() => {});
  });

  it('per endpoint send the surplus to others', () => {
    const { client } = createBench({ endpoints: ['a:1', 'b:1'], service: { limits: { maxInFlightPerEndpoint: 1 } } });
    expect(client.pick('orders').endpoint.host).toBe('a');
    expect(client.pick('orders').endpoint.host).toBe('b');
    expect(() => client.pick('orders')).toThrow('ERR_LIMIT_EXCEEDED');
  });

  it('end a failover with the error that it was for', async () => {
    const { client, wire, outcome } = createBench({ service: { limits: { maxInFlight: 1 } } });
    wire.at('a:1', refuse());
    const response = await outcome(client.fetch('http://orders/'));
    // The refused attempt is settled before the next is picked, so there is room for it.
    expect(valueOf(response).status).toBe(200);
  });
});
