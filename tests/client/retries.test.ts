import { describe, expect, it } from '@jest/globals';

import { getCall } from '../../src/client/fetch-call.js';
import type { FetchInit } from '../../src/client/fetch-input.js';
import type { RetryOptions } from '../../src/client/options.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { createBench, errorOf, SEED, valueOf, type Bench, type BenchOptions } from './bench.js';
import { answer, hang, LARGE, refuse, reset, type Behaviour } from './stub-wire.js';

const SIX = ['a:1', 'b:1', 'c:1', 'd:1', 'e:1', 'f:1', 'g:1', 'h:1'];

function benchWhere(behaviours: Record<string, Behaviour | Behaviour[]>, options: BenchOptions = {}): Bench {
  const bench = createBench(options);
  for (const [endpoint, script] of Object.entries(behaviours)) bench.wire.at(endpoint, ...[script].flat());
  return bench;
}

/** Retries without a wait. */
const AT_ONCE: RetryOptions = { backoffBaseMs: 0 };

describe('safe failover', () => {
  it.each(['GET', 'POST', 'PATCH', 'DELETE'])('moves a %s on at once when nothing of it was sent', async (method) => {
    const { client, wire, outcome, clock } = benchWhere({ 'a:1': refuse(), 'b:1': refuse('EHOSTUNREACH') });
    const init = method === 'GET' ? { method } : { method, body: 'once' };
    const startedAtMs = clock.now();
    const response = valueOf(await outcome(client.fetch('http://orders/', init)));
    expect(response.status).toBe(200);
    expect(wire.route).toEqual(['a:1', 'b:1', 'c:1']);
    expect(clock.now()).toBe(startedAtMs);
    expect(getCall(response)?.attempts.map(({ kind, sent, outcome: { kind: how } }) => [kind, sent, how])).toEqual([
      ['first', false, 'failure'],
      ['failover', false, 'failure'],
      ['failover', true, 'success'],
    ]);
  });

  it('does not draw on the retry budget, and works without retries', async () => {
    const { client, outcome, snapshot } = benchWhere({ 'a:1': refuse() }, { service: { retry: false } });
    expect(snapshot().budget.available).toBe(0);
    expect(valueOf(await outcome(client.fetch('http://orders/', { method: 'POST' }))).status).toBe(200);
    const other = benchWhere({ 'a:1': refuse() });
    await other.outcome(other.client.fetch('http://orders/'));
    const { available } = other.snapshot().budget;
    expect(available).toBe(2);
    expect(
      valueOf(await other.outcome(other.client.fetch('http://orders/', { fairlead: { retry: false } }))).status,
    ).toBe(200);
  });

  it('picks six times and never the same endpoint twice', async () => {
    const everywhere = Object.fromEntries(SIX.map((endpoint) => [endpoint, refuse()]));
    const { client, wire, outcome } = benchWhere(everywhere, { endpoints: SIX });
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(wire.route).toEqual(SIX.slice(0, 6));
    expect(error['attempts']).toHaveLength(6);
  });

  it('ends when it has tried them all', async () => {
    const { client, wire, outcome } = benchWhere({ 'a:1': refuse(), 'b:1': refuse(), 'c:1': refuse() });
    expect(errorOf(await outcome(client.fetch('http://orders/'))).code).toBe('ERR_ALL_ATTEMPTS_FAILED');
    expect(wire.route).toEqual(['a:1', 'b:1', 'c:1']);
  });

  it('is not followed by retries: more of the same endpoints would not help', async () => {
    const { client, outcome } = benchWhere({ 'a:1': refuse() }, { endpoints: ['a:1'] });
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(error.message).toBe('ERR_ALL_ATTEMPTS_FAILED: orders: 1 attempt failed: a:1 connect ECONNREFUSED');
  });

  it('goes on within a retry, and leaves out whoever failed before', async () => {
    const { client, wire, outcome } = benchWhere({ 'a:1': reset(), 'b:1': refuse() }, { service: { retry: AT_ONCE } });
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    expect(wire.route).toEqual(['a:1', 'b:1', 'c:1']);
    expect(getCall(response)?.attempts.map(({ kind }) => kind)).toEqual(['first', 'retry', 'failover']);
  });

  it('tells discovery that somebody could not be reached', async () => {
    let asked = 0;
    const resolver = {
      kind: 'counting',
      resolve: async () => ({ endpoints: (asked++, ['a:1', 'b:1']), ttlMs: 300_000 }),
    };
    const { client, clock, outcome } = benchWhere({ 'a:1': refuse() }, { service: { resolver } });
    await clock.advanceAsync(10_000);
    expect(asked).toBe(1);
    await outcome(client.fetch('http://orders/'));
    expect(asked).toBe(2);
  });
});

describe('policy retries', () => {
  it.each([502, 503, 504])('try a %d again elsewhere and cancel its body', async (status) => {
    const { client, wire, outcome } = benchWhere({ 'a:1': answer(status, {}, LARGE) }, { service: { retry: AT_ONCE } });
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
    expect(wire.route).toEqual(['a:1', 'b:1']);
    expect(wire.sent[0]?.cancelled).toBe(true);
  });

  it.each([200, 204, 301, 400, 404, 429, 500, 501, 505])('leave a %d alone', async (status) => {
    const { client, wire, outcome } = benchWhere({ 'a:1': answer(status) }, { service: { retry: AT_ONCE } });
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(status);
    expect(wire.route).toEqual(['a:1']);
  });

  it('go by `statuses`', async () => {
    const retry = { ...AT_ONCE, statuses: [500] };
    const { client, wire, outcome } = benchWhere(
      { 'a:1': [answer(500), answer(503)], 'b:1': answer(200) },
      { service: { retry } },
    );
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(503);
    expect(wire.route).toEqual(['a:1', 'b:1', 'a:1']);
  });

  it('try a 429 again when it says Retry-After', async () => {
    const { client, wire, outcome } = benchWhere({ 'a:1': answer(429, { 'retry-after': '1' }) });
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 999)).toBe('pending');
    expect(valueOf(await outcome(call, 1)).status).toBe(200);
    expect(wire.route).toEqual(['a:1', 'b:1']);
  });

  it.each<[string, FetchInit, number]>([
    ['GET', {}, 2],
    ['HEAD', {}, 2],
    ['OPTIONS', {}, 2],
    ['PUT', { body: 'x' }, 2],
    ['DELETE', {}, 2],
    ['delete', {}, 2],
    ['POST', { body: 'x' }, 1],
    ['PATCH', { body: 'x' }, 1],
    ['POST', { headers: { 'Idempotency-Key': 'k' } }, 2],
    ['POST', { headers: [['idempotency-key', 'k']] }, 2],
    ['POST', { headers: new Headers({ 'idempotency-key': 'k' }) }, 2],
    ['POST', { fairlead: { idempotent: true } }, 2],
    ['GET', { fairlead: { idempotent: false } }, 1],
    ['GET', { fairlead: { retry: false } }, 1],
    ['POST', { headers: { 'idempotency-key': 'k' }, fairlead: { idempotent: false } }, 1],
  ])('of %s with %j: sent %d times', async (method, init, times) => {
    const { client, wire, outcome } = benchWhere({ 'a:1': reset() }, { service: { retry: AT_ONCE } });
    await outcome(client.fetch('http://orders/', { method, ...init }));
    expect(wire.sent).toHaveLength(times);
  });

  it.each<[string, () => FetchInit['body'], number]>([
    ['no body', () => null, 2],
    ['a string', () => 'text', 2],
    ['bytes', () => new Uint8Array([1, 2]), 2],
    ['a buffer', () => new ArrayBuffer(2), 2],
    ['a blob', () => new Blob(['x']), 2],
    ['a form', () => new FormData(), 2],
    ['parameters', () => new URLSearchParams({ a: '1' }), 2],
    ['a stream', () => new Blob(['x']).stream(), 1],
  ])('of a PUT with %s: sent %#', async (_, body, times) => {
    const { client, wire, outcome } = benchWhere({ 'a:1': reset() }, { service: { retry: AT_ONCE } });
    const call = client.fetch('http://orders/', { method: 'PUT', body: body(), duplex: 'half' } as FetchInit);
    const settled = await outcome(call);
    expect(wire.sent).toHaveLength(times);
    if (times === 1) expect(errorOf(settled).code).toBe('ERR_ALL_ATTEMPTS_FAILED');
  });

  it('never send the body of a Request twice: it is a stream', async () => {
    const { client, wire, outcome } = benchWhere({ 'a:1': reset() }, { service: { retry: AT_ONCE } });
    await outcome(client.fetch(new Request('http://orders/', { method: 'PUT', body: 'text' })));
    expect(wire.sent).toHaveLength(1);
    await outcome(client.fetch(new Request('http://orders/', { method: 'PUT' })));
    expect(wire.sent).toHaveLength(3);
  });

  it('wait by full jitter: evenly between nothing and a bound that doubles up to its cap', async () => {
    const waits: number[] = [];
    const retry = { maxAttempts: 5, backoffBaseMs: 100, backoffMaxMs: 300, budget: { ratio: 1 } };
    const { client, clock, outcome } = createBench({
      endpoints: ['a:1'],
      service: { retry, ejection: false },
      client: {
        fetch: async () => {
          waits.push(clock.now());
          throw new TypeError('fetch failed', { cause: new Error('reset') });
        },
      },
    });
    // The budget's floor is 2·√n for n calls: four retries need company.
    for (let calls = 0; calls < 4; calls++) await outcome(client.fetch('http://orders/', { method: 'POST' }));
    waits.length = 0;
    await outcome(client.fetch('http://orders/'), 10_000);
    const random = createSeededRandom(SEED);
    const expected = [100, 200, 300, 300].map((bound) => random.next() * bound);
    expect(waits).toHaveLength(5);
    waits.slice(1).forEach((at, index) => {
      expect(at - (waits[index] as number)).toBeCloseTo(expected[index] as number, 9);
    });
  });

  it('try `maxAttempts` times in all and give the last answer back', async () => {
    const scripts = Object.fromEntries(SIX.map((endpoint) => [endpoint, answer(503, {}, endpoint)]));
    const { client, wire, outcome } = benchWhere(scripts, {
      endpoints: SIX,
      // Two in vain close the floor: the third is one that calls have paid for.
      service: { retry: { ...AT_ONCE, maxAttempts: 4, budget: { ratio: 1 } }, ejection: false },
    });
    for (let calls = 0; calls < 9; calls++) await outcome(client.fetch('http://orders/', { method: 'POST' }));
    const before = wire.sent.length;
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('d:1');
    expect(wire.route.slice(before)).toEqual(['a:1', 'b:1', 'c:1', 'd:1']);
    expect(getCall(response)?.notRetried).toBe('max-attempts');
  });

  it('reject with every attempt when the last one was an error', async () => {
    const { client, outcome } = benchWhere(
      { 'a:1': answer(503), 'b:1': reset(), 'c:1': reset() },
      { service: { retry: AT_ONCE } },
    );
    const error = errorOf(await outcome(client.fetch('http://orders/')));
    expect(error.message).toBe(
      'ERR_ALL_ATTEMPTS_FAILED: orders: 3 attempts failed: a:1 answered 503; b:1 read ECONNRESET; c:1 read ECONNRESET',
    );
    expect(error).toMatchObject({ name: 'TypeError', service: 'orders', cause: { code: 'ECONNRESET' } });
  });
});

describe('Retry-After', () => {
  it('is waited for to the millisecond when it is longer than the backoff', async () => {
    const { client, outcome } = benchWhere({ 'a:1': answer(503, { 'retry-after': '7' }) });
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 6_999)).toBe('pending');
    expect(valueOf(await outcome(call, 1)).status).toBe(200);
  });

  it('may be a date', async () => {
    // The calendar is the platform's: whole seconds, rounded down, of a time that goes on meanwhile.
    const date = new Date(Date.now() + 9_000).toUTCString();
    const { client, outcome } = benchWhere({ 'a:1': answer(503, { 'retry-after': date }) });
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 6_000)).toBe('pending');
    expect(valueOf(await outcome(call, 3_000)).status).toBe(200);
  });

  it('of nothing leaves the backoff', async () => {
    const { client, outcome } = benchWhere(
      { 'a:1': answer(503, { 'retry-after': '0' }) },
      { client: { random: { next: () => 0.5 } } },
    );
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 24)).toBe('pending');
    expect(valueOf(await outcome(call, 1)).status).toBe(200);
  });

  it.each([
    ['above retryAfterMaxMs', {}, '11', 'retry-after'],
    ['above a cap of one second', { retry: { retryAfterMaxMs: 1_000 } }, '2', 'retry-after'],
    ['past the deadline', { timeoutMs: 5_000 }, '5', 'deadline'],
  ])('%s ends the call with the answer as it is', async (_, service, retryAfter, reason) => {
    const { client, wire, outcome } = benchWhere({ 'a:1': answer(503, { 'retry-after': retryAfter }) }, { service });
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    expect(response.status).toBe(503);
    expect(await response.text()).toBe('ok');
    expect(wire.sent).toHaveLength(1);
    expect(getCall(response)?.notRetried).toBe(reason);
  });
});

describe('why a call was not retried', () => {
  it.each<[string, BenchOptions, Behaviour, FetchInit]>([
    ['off', { service: { retry: false } }, answer(503), {}],
    ['off', {}, answer(503), { fairlead: { retry: false } }],
    ['not-retryable', {}, answer(500), {}],
    ['method', {}, answer(503), { method: 'POST' }],
    ['body', {}, answer(503), { method: 'PUT', body: new Blob(['x']).stream(), duplex: 'half' }],
    ['max-attempts', { service: { retry: { maxAttempts: 1 } } }, answer(503), {}],
    ['retry-after', {}, answer(503, { 'retry-after': '11' }), {}],
    ['deadline', {}, answer(503, { 'retry-after': '3' }), { fairlead: { timeoutMs: 3_000 } }],
    ['budget', { service: { retry: { budget: { ratio: 0, minPerSecond: 0 } } } }, answer(503), {}],
  ])('%s', async (reason, options, behaviour, init) => {
    const { client, wire, outcome, record } = benchWhere({ 'a:1': behaviour }, options);
    const events = record('retry');
    const response = valueOf(await outcome(client.fetch('http://orders/', init)));
    expect(getCall(response)?.notRetried).toBe(reason);
    expect(events).toEqual([
      { service: 'orders', attempt: 1, cause: `status ${response.status}`, delayMs: 0, refused: reason },
    ]);
    expect(wire.sent).toHaveLength(1);
    // It is the caller's now.
    expect(await response.text()).toBe('ok');
  });

  it('is not said of a call that went well, or that was retried with success', async () => {
    const { client, outcome } = benchWhere({ 'a:1': [answer(503), answer(200)] }, { service: { retry: AT_ONCE } });
    for (let call = 0; call < 2; call++) {
      const response = valueOf(await outcome(client.fetch('http://orders/')));
      expect(getCall(response)).toMatchObject({ notRetried: undefined, service: 'orders' });
    }
  });
});

describe('the retry budget', () => {
  it('lets 0.2 n + 2·√n of n calls in the window be retried, whatever happens', async () => {
    const everywhere = Object.fromEntries(['a:1', 'b:1', 'c:1'].map((endpoint) => [endpoint, answer(503)]));
    const { client, wire, outcome } = benchWhere(everywhere, {
      service: { retry: AT_ONCE, ejection: false, throttle: false },
    });
    for (let calls = 1; calls <= 100; calls++) {
      const response = valueOf(await outcome(client.fetch('http://orders/')));
      expect(response.status).toBe(503);
      const retried = wire.sent.length - calls;
      expect(retried).toBeLessThanOrEqual(Math.floor(0.2 * calls + 2 * Math.sqrt(calls)));
    }
    // The floor lends no more than two, which are paid back out of the share: they help nobody.
    expect(wire.sent.length - 100).toBe(20);
  });

  it('lends its floor as long as retries help', async () => {
    const { client, wire, outcome, snapshot } = benchWhere(
      { 'a:1': answer(503) },
      { service: { retry: AT_ONCE, ejection: false, throttle: false } },
    );
    for (let calls = 1; calls <= 100; calls++) await outcome(client.fetch('http://orders/'));
    expect(wire.sent.length - 100).toBe(40);
    expect(snapshot().budget).toEqual({ ratio: 0.2, available: 0, floor: 20, calls: 100, spent: 40, refused: 60 });
  });

  it('comes back when its window has gone by', async () => {
    const { client, outcome, snapshot, clock } = benchWhere(
      { 'a:1': answer(503), 'b:1': answer(503), 'c:1': answer(503) },
      { service: { retry: { ...AT_ONCE, budget: { ttlMs: 1_000 } } } },
    );
    await outcome(client.fetch('http://orders/'));
    expect(snapshot().budget.available).toBe(0);
    await clock.advanceAsync(1_200);
    await outcome(client.fetch('http://orders/', { method: 'POST' }));
    expect(snapshot().budget.available).toBe(2);
  });
});

describe('a healthy call', () => {
  it('hangs no listener on a signal for longer than its body, and asks nothing that only a retry needs', async () => {
    const { client, outcome } = createBench();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: unknown[]) => {
      listeners++;
      (addEventListener as (...args: unknown[]) => void).apply(signal, args);
    };
    signal.removeEventListener = (...args: unknown[]) => {
      listeners--;
      (removeEventListener as (...args: unknown[]) => void).apply(signal, args);
    };
    const response = valueOf(await outcome(client.fetch('http://orders/', { signal })));
    await response.text();
    expect(listeners).toBe(0);
  });

  it('of a client that makes no others is retried when it hung for as long as the budget remembers', async () => {
    const { client, wire, outcome } = benchWhere(
      { 'a:1': hang() },
      { client: { random: { next: () => 0 } }, service: { hedge: false } },
    );
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 9_999)).toBe('pending');
    expect(valueOf(await outcome(call, 1)).status).toBe(200);
    expect(wire.route).toEqual(['a:1', 'b:1']);
  });
});
