import { describe, expect, it, jest } from '@jest/globals';

import { createEventHub } from '../../src/client/event-hub.js';
import { Attempt } from '../../src/data/attempt.js';
import { createBench, errorOf, valueOf } from './bench.js';
import { answer, hang, refuse } from './stub-wire.js';

const endpoint = (host: string): unknown => expect.objectContaining({ id: `http://${host}:1`, host, port: 1 });

describe('the events of discovery', () => {
  it('resolve says that discovery answered, and whether the answer is kept back', () => {
    const { resolver, record } = createBench({ endpoints: undefined });
    const events = record('resolve');
    resolver.set(['a:1', 'b:1']);
    resolver.set([]);
    expect(events).toEqual([
      { service: 'orders', resolver: 'manual', status: 'found', endpoints: 2 },
      { service: 'orders', resolver: 'manual', status: 'found', endpoints: 0, held: 'empty' },
    ]);
    expect(events[0]).not.toHaveProperty('held');
  });

  it('resolveError says that it could not be asked, and how old the last answer is', () => {
    const { resolver, clock, record } = createBench({ endpoints: undefined });
    const events = record('resolveError');
    const error = new Error('down');
    resolver.fail(error);
    resolver.set(['a:1']);
    clock.advance(1_500);
    resolver.fail(error);
    expect(events).toEqual([
      { service: 'orders', resolver: 'manual', error, ageMs: undefined },
      { service: 'orders', resolver: 'manual', error, ageMs: 1_500 },
    ]);
  });

  it('endpoints says who was added, removed, updated and refused', () => {
    const { resolver, record } = createBench({ endpoints: ['a:1', 'b:1'] });
    const events = record('endpoints');
    resolver.set(['b:1', 'c:1']);
    resolver.set([{ host: 'b', port: 1, weight: 3 }, 'c:1', '169.254.169.254:80']);
    resolver.set([{ host: 'b', port: 1, weight: 3 }, 'c:1', '169.254.169.254:80']);
    expect(events).toEqual([
      { service: 'orders', added: [endpoint('c')], removed: [endpoint('a')], updated: [], refused: [] },
      {
        service: 'orders',
        added: [],
        removed: [],
        updated: [expect.objectContaining({ id: 'http://b:1', weight: 3 })],
        refused: [{ input: 'http://169.254.169.254:80', reason: '169.254.169.254 is a cloud metadata address' }],
      },
    ]);
  });

  it('endpoints names inputs that could not be read', () => {
    const { resolver, record } = createBench();
    const events = record('endpoints');
    resolver.set(['a:1', 'b:1', 'c:1', 'not a host']);
    expect(events).toEqual([
      {
        service: 'orders',
        added: [],
        removed: [],
        updated: [],
        refused: [{ input: expect.stringContaining('not a host'), reason: expect.any(String) }],
      },
    ]);
  });
});

describe('the events of health', () => {
  it('eject and uneject say who, why, and for how long', () => {
    const { client, clock, record } = createBench({ client: { random: { next: () => 0.5 } } });
    const events = record('eject', 'uneject');
    for (let failures = 0; failures < 5; failures++)
      client.pick('orders').settle({ kind: 'failure', reason: 'status', status: 503 });
    clock.advance(30_000);
    clock.advance(5_001);
    client.pick('orders').settle({ kind: 'success' });
    expect(events).toEqual([
      {
        service: 'orders',
        endpoint: 'http://a:1',
        reason: 'consecutive-failures',
        detail: '5 failures in a row, the last: status 503',
        durationMs: 30_000,
        // The fake clock began at 1000.
        untilMs: 31_000,
        times: 1,
        enforced: true,
      },
      { service: 'orders', endpoint: 'http://a:1', by: 'probe' },
    ]);
  });

  it('uneject says that an ejected endpoint was removed', () => {
    const { client, resolver, record } = createBench();
    const events = record('uneject');
    for (let failures = 0; failures < 5; failures++) client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    resolver.set(['b:1', 'c:1']);
    expect(events).toEqual([{ service: 'orders', endpoint: 'http://a:1', by: 'removal' }]);
  });

  it('panic says that health is ignored, and when it counts again', () => {
    const { client, clock, record } = createBench({
      endpoints: ['a:1', 'b:1'],
      service: { panicThreshold: 0.6, ejection: { consecutiveFailures: 1 } },
      client: { random: { next: () => 0.5 } },
    });
    const events = record('panic');
    client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    clock.advance(30_000);
    client.pick('orders').settle({ kind: 'success' });
    expect(events).toEqual([
      { service: 'orders', on: true, healthy: 1, total: 2 },
      { service: 'orders', on: false, healthy: 2, total: 2 },
    ]);
  });

  it('half of the set ejected makes discovery be asked again', async () => {
    let asked = 0;
    const resolver = {
      kind: 'counting',
      resolve: async () => ({ endpoints: ['a:1', 'b:1'], ttlMs: (asked++, 300_000) }),
    };
    const { client, clock } = createBench({ service: { resolver } });
    await clock.advanceAsync(6_000);
    for (let failures = 0; failures < 5; failures++) client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    expect(asked).toBe(2);
  });
});

describe('the events of calls', () => {
  it('tell a call from its first attempt to its end', async () => {
    const { client, wire, outcome, record } = createBench({ client: { random: { next: () => 0.5 } } });
    wire.at('a:1', refuse());
    wire.at('b:1', answer(503));
    const events = record('attempt', 'retry', 'call');
    valueOf(await outcome(client.fetch('http://orders/secret?token=hunter2'), 25));
    const attempts = [
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
      {
        attempt: 2,
        endpoint: 'http://b:1',
        address: 'b:1',
        kind: 'failover',
        startedAfterMs: 0,
        durationMs: 0,
        status: 503,
        outcome: { kind: 'failure', reason: 'status', status: 503 },
        error: undefined,
        sent: true,
      },
      {
        attempt: 3,
        endpoint: 'http://c:1',
        address: 'c:1',
        kind: 'retry',
        startedAfterMs: 25,
        durationMs: 0,
        status: 200,
        outcome: { kind: 'success' },
        error: undefined,
        sent: true,
      },
    ];
    expect(events).toEqual([
      { service: 'orders', ...attempts[0] },
      { service: 'orders', ...attempts[1] },
      { service: 'orders', attempt: 2, delayMs: 25, cause: 'status 503' },
      { service: 'orders', ...attempts[2] },
      {
        service: 'orders',
        endpoint: 'http://c:1',
        attempts,
        durationMs: 25,
        notRetried: undefined,
        status: 200,
        error: undefined,
      },
    ]);
    expect(JSON.stringify(events)).not.toContain('hunter2');
  });

  it('name the code of a call that failed, and what it took until then', async () => {
    const { client, outcome, record } = createBench({ endpoints: undefined });
    const events = record('call');
    errorOf(await outcome(client.fetch('http://orders/'), 5_000));
    expect(events).toEqual([
      {
        service: 'orders',
        endpoint: undefined,
        attempts: [],
        durationMs: 5_000,
        notRetried: undefined,
        status: undefined,
        error: 'ERR_RESOLUTION_FAILED',
      },
    ]);
  });

  it('say nothing of a code where the error is not ours', async () => {
    const { client, outcome, record } = createBench();
    const events = record('call');
    errorOf(await outcome(client.fetch('http://orders/', { method: 'GET', body: 'not with GET' })));
    expect(events).toEqual([expect.objectContaining({ status: undefined, error: undefined })]);
  });

  it('come at the headers, before the body is read', async () => {
    const { client, outcome, record } = createBench();
    const events = record('attempt', 'call');
    const response = valueOf(await outcome(client.fetch('http://orders/')));
    expect(events).toHaveLength(2);
    await response.text();
    expect(events).toHaveLength(2);
  });
});

describe('listeners', () => {
  it('are added, removed and called once as their names say, and chain', async () => {
    const { client, outcome } = createBench();
    const seen: string[] = [];
    const always = (): void => void seen.push('always');
    const once = (): void => void seen.push('once');
    const removed = (): void => void seen.push('removed');
    expect(client.on('call', always).once('call', once).on('call', removed).off('call', removed)).toBe(client);
    client.once('call', removed).off('call', removed);
    for (let calls = 0; calls < 2; calls++) await outcome(client.fetch('http://orders/'));
    expect(seen).toEqual(['always', 'once', 'always']);
    client.off('call', always).off('call', () => {});
    await outcome(client.fetch('http://orders/'));
    expect(seen).toHaveLength(3);
  });

  it('that throw break nothing, and others are still called', async () => {
    const { client, outcome, record } = createBench();
    const warnings = record('warning');
    client.on('attempt', () => {
      throw new Error('oops');
    });
    const calls = record('attempt', 'call');
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
    expect(calls).toHaveLength(2);
    expect(warnings).toEqual([{ service: undefined, message: "a listener of 'attempt' threw: oops" }]);
  });

  it('that are async and reject break nothing either', async () => {
    const { client, outcome, record } = createBench();
    const warnings = record('warning');
    const rejecting: () => unknown = async () => {
      throw new Error('later');
    };
    client.on('call', rejecting);
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
    await outcome(Promise.resolve());
    expect(warnings).toEqual([{ service: undefined, message: "a listener of 'call' threw: later" }]);
  });

  it('of everything that throw on a warning too do not go round in circles', async () => {
    const { client, outcome } = createBench();
    const seen: string[] = [];
    const listener = (): never => {
      seen.push('called');
      throw new Error('always');
    };
    client.on('call', listener).on('warning', listener);
    await outcome(client.fetch('http://orders/'));
    // Once for the call, once for the warning about it.
    expect(seen).toHaveLength(2);
  });
});

describe('an event that nobody listens to', () => {
  it('is not built: no report is made of a call', async () => {
    const { client, wire, outcome } = createBench({ service: { retry: { backoffBaseMs: 0 } } });
    wire.at('a:1', answer(503));
    const report = jest.spyOn(Attempt.prototype, 'report');
    try {
      await outcome(client.fetch('http://orders/'));
      expect(report).not.toHaveBeenCalled();
      client.on('call', () => {});
      await outcome(client.fetch('http://orders/'));
      expect(report).toHaveBeenCalled();
    } finally {
      report.mockRestore();
    }
  });

  it('is wanted again only when somebody listens again', () => {
    const hub = createEventHub();
    const listener = (): void => {};
    expect(hub.wants('call')).toBe(false);
    hub.on('call', listener);
    expect(hub.wants('call')).toBe(true);
    expect(hub.wants('attempt')).toBe(false);
    hub.off('call', listener);
    expect(hub.wants('call')).toBe(false);
  });
});

describe('a call that hangs', () => {
  it('tells of its attempt only when that has ended', async () => {
    const { client, wire, outcome, record } = createBench();
    wire.at('a:1', hang());
    const events = record('attempt', 'call');
    const call = client.fetch('http://orders/', { method: 'POST' });
    expect(await outcome(call, 9_999)).toBe('pending');
    expect(events).toEqual([]);
    errorOf(await outcome(call, 1));
    expect(events).toHaveLength(2);
  });
});
