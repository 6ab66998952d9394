import { describe, expect, it } from '@jest/globals';

import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { createBench, errorOf, valueOf } from './bench.js';
import { answer, createStubWire, hang, LARGE, reset } from './stub-wire.js';

describe('close', () => {
  it('resolves at once when nothing is in flight, and says so in the snapshot', async () => {
    const bench = createBench();
    expect(bench.client.snapshot().closed).toBe(false);
    expect(await bench.outcome(bench.client.close())).toEqual({ value: undefined });
    expect(bench.client.snapshot().closed).toBe(true);
  });

  it('stops discovery and leaves no timer', async () => {
    const bench = createBench();
    expect(bench.resolver.watchers).toBe(1);
    await bench.outcome(bench.client.close());
    expect(bench.resolver.watchers).toBe(0);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('is idempotent: every call gives the same promise', () => {
    const { client } = createBench();
    const first = client.close();
    expect(client.close({ timeoutMs: 0 })).toBe(first);
  });

  it('is what `await using` calls', async () => {
    const { client, resolver } = createBench();
    await client[Symbol.asyncDispose]();
    expect(resolver.watchers).toBe(0);
  });

  it('refuses new calls of every kind', async () => {
    const { client, outcome } = createBench();
    await outcome(client.close());
    const closed = expect.objectContaining({ code: 'ERR_CLIENT_CLOSED', name: 'FairleadError' });
    expect(errorOf(await outcome(client.fetch('http://orders/')))).toEqual(closed);
    expect(errorOf(await outcome(client.fetch('http://elsewhere/')))).toEqual(closed);
    expect(errorOf(await outcome(client.request('http://orders/')))).toEqual(closed);
    expect(errorOf(await outcome(client.acquire('orders')))).toEqual(closed);
    expect(errorOf(await outcome(client.ready()))).toEqual(closed);
    expect(() => client.pick('orders')).toThrow('ERR_CLIENT_CLOSED');
    expect(() => client.refresh('orders')).toThrow('ERR_CLIENT_CLOSED');
    let error: unknown;
    client.dispatcher.dispatch(
      { origin: 'http://orders', path: '/', method: 'GET' },
      { onError: (reason: unknown) => (error = reason) },
    );
    expect(error).toEqual(closed);
  });

  it('still tells what it knew, and begins nothing new for it', async () => {
    const asked: string[] = [];
    const { client, outcome } = createBench({
      client: { services: (host) => (asked.push(host), { resolver: createManualResolver(['a:1']) }) },
    });
    client.pick('orders').settle({ kind: 'success' });
    await outcome(client.close());
    expect(client.explain('orders').resolution).toBe('1 endpoint');
    expect(client.snapshot()).toMatchObject({ closed: true, services: { orders: { inFlight: 0 } } });
    expect(() => client.explain('stock')).toThrow('ERR_CLIENT_CLOSED');
    expect(asked).toEqual(['orders']);
  });

  it('waits for the body of a response that is still being read, and no longer', async () => {
    const { client, wire, outcome } = createBench();
    wire.at('a:1', answer(200, {}, LARGE));
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    const closed = client.close();
    expect(await outcome(closed, 29_999)).toBe('pending');
    await response.text();
    expect(await outcome(closed)).toEqual({ value: undefined });
  });

  it('waits for a call that was made just before, though nothing of it is on the wire yet', async () => {
    const { client, wire, outcome } = createBench();
    const call = client.fetch('http://orders/');
    const closed = client.close();
    expect(valueOf(await outcome(call)).status).toBe(200);
    expect(await outcome(closed)).toEqual({ value: undefined });
    expect(wire.route).toEqual(['a:1']);
  });

  it('waits for a call that is between two attempts', async () => {
    const { client, wire, outcome, clock } = createBench({ client: { random: { next: () => 0.5 } } });
    wire.at('a:1', reset());
    const call = client.fetch('http://orders/');
    await clock.advanceAsync(24);
    const closed = client.close();
    expect(await outcome(closed)).toBe('pending');
    expect(valueOf(await outcome(call, 1)).status).toBe(200);
    expect(await outcome(closed)).toEqual({ value: undefined });
  });

  it('waits for leases of callers with a transport of their own', async () => {
    const { client, outcome } = createBench();
    const lease = client.pick('orders');
    const closed = client.close();
    expect(await outcome(closed)).toBe('pending');
    lease.settle({ kind: 'success' });
    expect(await outcome(closed)).toEqual({ value: undefined });
  });

  it('fails what is in flight after timeoutMs, without another attempt, with the code of a closed client', async () => {
    const { client, wire, outcome, clock } = createBench({ service: { hedge: false } });
    wire.at('a:1', hang());
    const call = client.fetch('http://orders/');
    await clock.advanceAsync(10);
    const closed = client.close({ timeoutMs: 1_000 });
    expect(await outcome(call, 999)).toBe('pending');
    const error = errorOf(await outcome(call, 1));
    expect(error.code).toBe('ERR_CLIENT_CLOSED');
    expect(error.message).toBe(
      'ERR_CLIENT_CLOSED: orders: 1 attempt failed: a:1 ERR_CLIENT_CLOSED: orders: the client was closed',
    );
    expect(error['attempts']).toEqual([expect.objectContaining({ address: 'a:1', outcome: { kind: 'ignored' } })]);
    expect(wire.route).toEqual(['a:1']);
    expect(await outcome(closed)).toEqual({ value: undefined });
  });

  it('fails an attempt and the one beside it together', async () => {
    const { client, wire, outcome, snapshot } = createBench();
    for (const endpoint of ['a:1', 'b:1']) wire.at(endpoint, hang());
    const call = client.fetch('http://orders/');
    await outcome(call, 1_000);
    const closed = client.close({ timeoutMs: 500 });
    expect(await outcome(call, 499)).toBe('pending');
    expect(errorOf(await outcome(call, 1)).code).toBe('ERR_CLIENT_CLOSED');
    expect(await outcome(closed)).toEqual({ value: undefined });
    expect(wire.route).toEqual(['a:1', 'b:1']);
    expect(snapshot().inFlight).toBe(0);
  });

  it('gives calls in flight 30 seconds by default', async () => {
    const { client, wire, outcome } = createBench({
      service: { timeoutMs: 600_000, attemptTimeoutMs: 600_000, hedge: false },
    });
    wire.at('a:1', hang());
    const call = client.fetch('http://orders/');
    void client.close();
    expect(await outcome(call, 29_999)).toBe('pending');
    expect(errorOf(await outcome(call, 1)).code).toBe('ERR_CLIENT_CLOSED');
  });

  it('ends a backoff when the time is over', async () => {
    const { client, wire, outcome, clock } = createBench();
    wire.at('a:1', answer(503, { 'retry-after': '8' }));
    const call = client.fetch('http://orders/');
    await clock.advanceAsync(10);
    void client.close({ timeoutMs: 0 });
    const error = errorOf(await outcome(call));
    expect(error.code).toBe('ERR_CLIENT_CLOSED');
    expect(wire.route).toEqual(['a:1']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('refuses those who wait for the first endpoints at once', async () => {
    const { client, outcome, clock } = createBench({ endpoints: undefined });
    const waiting = [client.fetch('http://orders/'), client.acquire('orders'), client.ready()];
    const refusals = Promise.allSettled<unknown>(waiting);
    await clock.advanceAsync(10);
    const closed = client.close();
    const closedClient = { status: 'rejected', reason: expect.objectContaining({ code: 'ERR_CLIENT_CLOSED' }) };
    expect(await outcome(refusals)).toEqual({ value: [closedClient, closedClient, closedClient] });
    expect(await outcome(closed)).toEqual({ value: undefined });
    expect(clock.pendingTimers).toBe(0);
  });

  it('still tells how the calls ended that it failed, and nothing after that', async () => {
    const { client, wire, outcome, record, resolver } = createBench();
    const calls = record('call', 'endpoints');
    wire.at('a:1', hang());
    const call = client.fetch('http://orders/');
    void client.close({ timeoutMs: 0 });
    await outcome(call);
    expect(calls).toEqual([expect.objectContaining({ error: 'ERR_CLIENT_CLOSED', status: undefined })]);
    resolver.set(['z:1']);
    expect(calls).toHaveLength(1);
  });

  it('leaves hosts that are no service of ours to the fetch that was injected', async () => {
    const other = createStubWire();
    const { client, outcome } = createBench({ client: { fetch: other.fetch } });
    expect(valueOf(await outcome(client.fetch('http://elsewhere:9/x'))).status).toBe(200);
    expect(other.route).toEqual(['elsewhere:9']);
    await outcome(client.close());
  });
});
