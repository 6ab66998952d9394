/** Every option, switched on through createClient, has the effect that its docs promise. Retries have a file of their own. */

import { describe, expect, it, jest } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import { getCall } from '../../src/client/fetch-call.js';
import type { ServiceOptions } from '../../src/client/options.js';
import type { ClassifyInput, Outcome } from '../../src/core/outcome.js';
import type { ResolverAnswer } from '../../src/core/resolver.js';
import type { PickerInput } from '../../src/data/picker.js';
import type { EndpointAgentsInput } from '../../src/data/transport/endpoint-agents.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { createBench, errorOf, valueOf, type Bench } from './bench.js';
import { answer, createStubWire, hang, reset } from './stub-wire.js';

/** A prober that counts how often it is asked; `answers` is read anew each time, and an Error in it is thrown. */
function probing(
  answers: (ResolverAnswer | Error | 'never')[],
  cache: ServiceOptions['cache'],
): Bench & { asked(): number } {
  let asked = 0;
  const resolver = {
    kind: 'probing',
    resolve: async () => {
      const next = answers[Math.min(asked++, answers.length - 1)] as ResolverAnswer | Error | 'never';
      if (next === 'never') return new Promise<ResolverAnswer>(() => {});
      if (!('endpoints' in next)) throw next;
      return next;
    },
  };
  // Nothing is jittered at 0.5 by ±, and a full jitter is half of its bound.
  const bench = createBench({ service: { resolver, cache: cache ?? {} }, client: { random: { next: () => 0.5 } } });
  return { ...bench, asked: () => asked };
}

const A = { endpoints: ['a:1'] };

describe('cache', () => {
  it.each([
    ['defaultTtlMs', { defaultTtlMs: 20_000 }, A, 20_000],
    ['maxTtlMs', { maxTtlMs: 10_000 }, { ...A, ttlMs: 3_600_000 }, 10_000],
    ['minTtlMs', { minTtlMs: 8_000 }, { ...A, ttlMs: 1 }, 8_000],
    ['negativeTtlMs', { negativeTtlMs: 2_000 }, { endpoints: [] }, 2_000],
  ])('%s says when discovery is asked again, nine tenths into the answer', async (_, cache, given, lifeMs) => {
    const { asked, clock } = probing([given], cache);
    await clock.advanceAsync(lifeMs * 0.9 - 1);
    expect(asked()).toBe(1);
    await clock.advanceAsync(2);
    expect(asked()).toBe(2);
  });

  it('jitterRatio spreads those times', async () => {
    const times = [0, 0.999_999].map(async (draw) => {
      let asked = 0;
      const clock = createFakeClock();
      const resolver = { kind: 'probing', resolve: async () => ({ ...A, ttlMs: (asked++, 10_000) }) };
      const cache = { jitterRatio: 0.5 };
      createClient({ services: { orders: { resolver, cache } }, clock, random: { next: () => draw } });
      await clock.advanceAsync(0);
      for (let ms = 0; ; ms += 100) {
        if (asked > 1) return ms;
        await clock.advanceAsync(100);
      }
    });
    expect(await Promise.all(times)).toEqual([4_500, 13_500]);
  });

  it('staleMs bounds how long the last answer is served while asking fails', async () => {
    const { clock, snapshot } = probing([A, new Error('down')], { staleMs: 60_000 });
    await clock.advanceAsync(59_999);
    expect(snapshot().resolution).toMatchObject({ status: 'found', stale: true, error: 'down' });
    await clock.advanceAsync(1);
    expect(snapshot()).toMatchObject({ resolution: { status: 'failed', stale: false }, endpoints: [] });
  });

  it('emptyGraceMs keeps a sudden empty answer back', async () => {
    const { clock, resolver, snapshot } = createBench({ service: { cache: { emptyGraceMs: 5_000 } } });
    resolver.set([]);
    await clock.advanceAsync(4_999);
    expect(snapshot().resolution).toMatchObject({ status: 'found', held: 'empty' });
    await clock.advanceAsync(1);
    expect(snapshot().resolution).toMatchObject({ status: 'none', held: undefined });
    const trusting = createBench({ service: { cache: { emptyGraceMs: 0 } } });
    trusting.resolver.set([]);
    expect(trusting.snapshot().resolution.status).toBe('none');
  });

  it('shrinkThreshold says which answers are suspiciously small', () => {
    const strict = createBench({ service: { cache: { shrinkThreshold: 0.9 } } });
    strict.resolver.set(['a:1', 'b:1']);
    expect(strict.snapshot().resolution.held).toBe('shrunk');
    const trusting = createBench({ service: { cache: { shrinkThreshold: 0 } } });
    trusting.resolver.set(['a:1']);
    expect(trusting.snapshot().endpoints).toHaveLength(1);
  });

  it('minRefreshIntervalMs spaces the questions that trouble causes', async () => {
    const { asked, client, clock } = probing([{ ...A, ttlMs: 300_000 }], { minRefreshIntervalMs: 2_000 });
    await clock.advanceAsync(1_000);
    for (let refreshes = 0; refreshes < 5; refreshes++) client.refresh('orders');
    expect(asked()).toBe(1);
    await clock.advanceAsync(1_000);
    expect(asked()).toBe(2);
  });

  it('askTimeoutMs ends a question that hangs', async () => {
    const { clock, snapshot } = probing(['never'], { askTimeoutMs: 300 });
    await clock.advanceAsync(299);
    expect(snapshot().resolution.status).toBe('unknown');
    await clock.advanceAsync(1);
    expect(snapshot().resolution.status).toBe('failed');
  });

  it('retryBaseMs and retryMaxMs space the questions after failures', async () => {
    const { asked, clock } = probing([new Error('down')], { retryBaseMs: 1_000, retryMaxMs: 2_000 });
    const askedAt: number[] = [];
    for (let ms = 0, before = 0; ms < 10_000; ms += 50) {
      await clock.advanceAsync(50);
      if (asked() > before) askedAt.push(ms);
      before = asked();
    }
    const gaps = askedAt.slice(1).map((at, index) => at - (askedAt[index] as number));
    expect(gaps[0]).toBeLessThanOrEqual(1_050);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(2_050);
    expect(gaps.at(-1)).toBeGreaterThan(gaps[0] as number);
  });
});

/** Fails or answers `outcomes` on the first endpoint, and says whether it is ejected. */
function judged(
  ejection: ServiceOptions['ejection'],
  outcomes: string,
  msBetween = 0,
): Bench & { state: string | undefined } {
  const bench = createBench({
    service: { ejection: ejection === false ? false : { contrast: false, ...ejection } },
    client: { random: { next: () => 0.5 } },
  });
  for (const letter of outcomes) {
    const lease = bench.client.pick('orders');
    if (lease.endpoint.host !== 'a') {
      lease[Symbol.dispose]();
      break;
    }
    lease.settle(
      letter === '.' ? { kind: 'success' } : { kind: 'failure', reason: 'status', status: letter === 'x' ? 503 : 500 },
    );
    bench.clock.advance(msBetween);
  }
  return { ...bench, state: bench.snapshot().endpoints[0]?.state };
}

describe('ejection', () => {
  it('of false ejects nobody', () => {
    expect(judged(false, 'x'.repeat(100)).state).toBe('healthy');
  });

  it('consecutiveFailures: so many in a row', () => {
    expect(judged({}, 'xxxx').state).toBe('healthy');
    expect(judged({}, 'xxxxx').state).toBe('ejected');
    expect(judged({ consecutiveFailures: 2 }, 'xx').state).toBe('ejected');
    expect(judged({ consecutiveFailures: 0, failureThreshold: 0 }, 'x'.repeat(50)).state).toBe('healthy');
  });

  it('failureThreshold and minVolume: such a share of so many', () => {
    expect(judged({}, '.o.o.o.o.').state).toBe('healthy');
    expect(judged({}, '.o.o.o.o.o').state).toBe('ejected');
    expect(judged({ minVolume: 4 }, '.o.o').state).toBe('ejected');
    expect(judged({ failureThreshold: 0.9 }, '.o.o.o.o.o').state).toBe('healthy');
    expect(judged({ failureThreshold: 0.25, minVolume: 4 }, '...o').state).toBe('ejected');
  });

  it('windowMs: within such a time', () => {
    expect(judged({ minVolume: 4, windowMs: 1_000 }, '.o.o', 200).state).toBe('ejected');
    expect(judged({ minVolume: 4, windowMs: 1_000 }, '.o.o', 600).state).toBe('healthy');
  });

  it('baseEjectionMs: for so long, and then a probe', () => {
    const { clock, snapshot } = judged({ baseEjectionMs: 2_000 }, 'xxxxx');
    clock.advance(1_999);
    expect(snapshot().endpoints[0]?.state).toBe('ejected');
    clock.advance(1);
    expect(snapshot().endpoints[0]?.state).toBe('probing');
  });

  it('maxEjectionMs: never longer', () => {
    const { client, clock, snapshot } = judged({ baseEjectionMs: 1_000, maxEjectionMs: 1_500 }, 'xxxxx');
    clock.advance(1_000);
    clock.advance(5_001);
    const probe = client.pick('orders');
    expect(probe.endpoint.host).toBe('a');
    probe.settle({ kind: 'failure', reason: 'reset' });
    expect(snapshot().endpoints[0]?.ejection).toMatchObject({ times: 2, remainingMs: 1_500, reason: 'probe-failed' });
  });

  it('jitterRatio: give or take a share', () => {
    const bench = createBench({
      service: { ejection: { jitterRatio: 0.2, consecutiveFailures: 1 } },
      client: { random: { next: () => 0 } },
    });
    bench.client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    expect(bench.snapshot().endpoints[0]?.ejection?.remainingMs).toBeCloseTo(24_000, 6);
  });

  it('maxEjectedRatio: so many at a time, but never the last', () => {
    const ejected = (maxEjectedRatio: number): number => {
      const { client, snapshot } = createBench({
        endpoints: ['a:1', 'b:1', 'c:1', 'd:1'],
        service: { ejection: { maxEjectedRatio, consecutiveFailures: 1 }, panicThreshold: 0 },
      });
      for (let failures = 0; failures < 8; failures++) {
        client.pick('orders').settle({ kind: 'success' });
        client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
      }
      return snapshot().endpoints.filter(({ state }) => state === 'ejected').length;
    };
    expect(ejected(0)).toBe(0);
    expect(ejected(0.25)).toBe(1);
  });

  it('silence: one that waits in vain while others answer', () => {
    const silent = (silence: boolean): string | undefined => {
      const { client, clock, snapshot } = createBench({ service: { ejection: { silence } } });
      const hung = client.pick('orders');
      clock.advance(600);
      const tried = new Set(['http://a:1']);
      for (let answers = 0; answers < 12; answers++) {
        const lease = client.pick('orders', { tried }) as ReturnType<typeof client.pick> & { answered: boolean };
        // What an attempt does at its headers.
        lease.answered = true;
        lease.settle({ kind: 'success' });
      }
      hung.settle({ kind: 'failure', reason: 'timeout' });
      return snapshot().endpoints[0]?.ejection?.reason;
    };
    expect(silent(true)).toBe('silence');
    expect(silent(false)).toBeUndefined();
  });

  it('contrast: one that fails while the others do not', () => {
    const standingOut = (contrast: boolean): string | undefined => {
      const { client, snapshot } = createBench({ service: { ejection: { contrast } } });
      const tried = new Set(['http://a:1']);
      for (let answers = 0; answers < 1_000; answers++) client.pick('orders', { tried }).settle({ kind: 'success' });
      for (let failures = 0; failures < 2; failures++)
        client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
      return snapshot().endpoints[0]?.ejection?.reason;
    };
    expect(standingOut(true)).toBe('contrast');
    expect(standingOut(false)).toBeUndefined();
  });

  it('contrast: one that fails twice while the others do well', () => {
    const reason = (contrast: boolean): string | undefined => {
      const { client, snapshot } = createBench({ service: { ejection: { contrast } } });
      const tried = new Set(['http://a:1']);
      const bad = [
        client.pick('orders', { tried: new Set(['http://b:1', 'http://c:1']) }),
        client.pick('orders', { tried: new Set(['http://b:1', 'http://c:1']) }),
      ];
      for (const lease of bad) lease.settle({ kind: 'failure', reason: 'reset' });
      for (let answers = 0; answers < 1_100; answers++) client.pick('orders', { tried }).settle({ kind: 'success' });
      return snapshot().endpoints[0]?.ejection?.reason;
    };
    expect(reason(true)).toBe('contrast');
    expect(reason(false)).toBeUndefined();
  });

  it('probeTimeoutMs: how long one probe keeps the endpoint for itself', () => {
    const { client, clock } = judged({ baseEjectionMs: 1_000, probeTimeoutMs: 700 }, 'xxxxx');
    clock.advance(1_000);
    clock.advance(5_001);
    expect(client.pick('orders').endpoint.host).toBe('a');
    clock.advance(5_001);
    expect(client.pick('orders').endpoint.host).toBe('a');
  });
});

describe('panicThreshold', () => {
  const healthyOf = (panicThreshold: number): string[] => {
    const { client, snapshot } = createBench({
      endpoints: ['a:1', 'b:1', 'c:1'],
      service: { panicThreshold, ejection: { consecutiveFailures: 1, maxEjectedRatio: 0.7 } },
    });
    client.pick('orders').settle({ kind: 'failure', reason: 'reset' });
    return snapshot().panic ? ['panic'] : [client.pick('orders').endpoint.host];
  };

  it('ignores health when fewer than such a share are well', () => {
    expect(healthyOf(0.5)).toEqual(['b']);
    expect(healthyOf(0.7)).toEqual(['panic']);
    expect(healthyOf(0)).toEqual(['b']);
  });
});

describe('balancer', () => {
  it.each(['adaptive', 'p2c', 'round-robin', 'random'] as const)(
    '%s spreads calls over all endpoints',
    async (balancer) => {
      const { client, wire, outcome } = createBench({ service: { balancer } });
      for (let calls = 0; calls < 60; calls++) await outcome(client.fetch('http://orders/'));
      expect(new Set(wire.route)).toEqual(new Set(['a:1', 'b:1', 'c:1']));
    },
  );

  it('takes a factory of the user, and gives it the set, the loads, the clock, the random and its last picker', async () => {
    const inputs: PickerInput[] = [];
    const random = { next: () => 0.25 };
    const { client, resolver, wire, outcome, clock } = createBench({
      service: { balancer: (input) => (inputs.push(input), { pick: () => input.endpoints.length - 1 }) },
      client: { random },
    });
    await outcome(client.fetch('http://orders/'));
    resolver.set(['a:1', 'b:1', 'c:1', 'd:1']);
    await outcome(client.fetch('http://orders/'));
    expect(wire.route).toEqual(['c:1', 'd:1']);
    expect(inputs.map(({ endpoints }) => endpoints.length)).toEqual([3, 4]);
    expect(inputs[0]).toMatchObject({ clock, random, previous: undefined });
    expect(inputs[1]?.previous).toBeDefined();
    expect(inputs[1]?.loads.inFlight(0)).toBe(0);
  });

  it("hands a call's hash key to the picker", async () => {
    const keys: unknown[] = [];
    const { client, outcome } = createBench({
      service: { balancer: () => ({ pick: ({ hashKey }) => (keys.push(hashKey), 0) }) },
    });
    await outcome(client.fetch('http://orders/', { fairlead: { hashKey: 'user-7' } }));
    await outcome(client.fetch('http://orders/'));
    expect(keys).toEqual(['user-7', undefined]);
  });
});

describe('allow', () => {
  it.each<[ServiceOptions['allow'], string[]]>([
    [{}, ['10.0.0.1', '10.9.9.9', '127.0.0.1']],
    [{ cidrs: ['10.0.0.0/16'] }, ['10.0.0.1']],
    [{ ports: [81] }, ['10.9.9.9']],
    [{ loopback: false }, ['10.0.0.1', '10.9.9.9']],
    [{ cidrs: ['169.254.0.0/16'] }, ['169.254.9.9']],
    [{ cidrs: [] }, []],
  ])('%j lets through %j', (allow, hosts) => {
    const { snapshot } = createBench({
      endpoints: ['10.0.0.1:80', '10.9.9.9:81', '127.0.0.1:80', '169.254.9.9:80'],
      service: { allow: allow ?? {} },
    });
    const usable = snapshot().endpoints.filter(({ state }) => state !== 'refused');
    expect(usable.map(({ host }) => host)).toEqual(hosts);
  });
});

describe('classify', () => {
  it('is asked about every answer and error, and what it leaves open is decided by the rules', async () => {
    const asked: (Omit<ClassifyInput, 'header'> & { type: string | undefined })[] = [];
    const classify = ({ method, status, error, header }: ClassifyInput): Outcome | undefined => {
      asked.push({ method, ...(status === undefined ? { error } : { status }), type: header('x-type') });
      return status === 404 ? { kind: 'failure', reason: 'status', status } : undefined;
    };
    const bench = createBench({ service: { classify, retry: { statuses: [404], backoffBaseMs: 0 } } });
    bench.wire.at('a:1', answer(404, { 'x-type': 'lost' }));
    bench.wire.at('b:1', reset());
    const response = valueOf(await bench.outcome(bench.client.fetch('http://orders/')));
    expect(response.status).toBe(200);
    expect(asked).toEqual([
      { method: 'GET', status: 404, type: 'lost' },
      { method: 'GET', error: expect.objectContaining({ code: 'ECONNRESET' }), type: undefined },
      { method: 'GET', status: 200, type: undefined },
    ]);
    expect(getCall(response)?.attempts.map(({ outcome: { kind } }) => kind)).toEqual(['failure', 'failure', 'success']);
  });

  it('may call an answer an overload that asks to be left alone for a while', async () => {
    const classify = ({ status }: ClassifyInput): Outcome | undefined =>
      status === 420 ? { kind: 'overload', status, retryAfterMs: 3_000 } : undefined;
    const { client, wire, outcome } = createBench({ service: { classify } });
    wire.at('a:1', answer(420));
    const call = client.fetch('http://orders/');
    expect(await outcome(call, 2_999)).toBe('pending');
    expect(valueOf(await outcome(call, 1)).status).toBe(200);
  });

  it.each([true, 'success', { kind: 'fine' }, { kind: 'failure' }, { kind: 'overload', retryAfterMs: 'soon' }, null])(
    'that returns %j has decided nothing, and the operator is told once',
    async (answered) => {
      const classify = (() => answered) as unknown as () => Outcome;
      const { client, wire, outcome, record } = createBench({ service: { classify, retry: { backoffBaseMs: 0 } } });
      const warnings = record('warning');
      wire.at('a:1', answer(503));
      expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
      expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
      expect(warnings).toEqual([
        { service: 'orders', message: expect.stringMatching(/^options\.classify returned .*, which is no outcome$/) },
      ]);
    },
  );

  it('that throws has decided nothing, in answers and in timers, and the operator is told once', async () => {
    const { client, wire, outcome, record } = createBench({
      service: {
        classify: () => {
          throw new Error('oops');
        },
      },
    });
    const warnings = record('warning');
    expect(valueOf(await outcome(client.fetch('http://orders/'))).status).toBe(200);
    wire.at('a:1', hang());
    const call = client.fetch('http://orders/', { fairlead: { timeoutMs: 50 } });
    expect(errorOf(await outcome(call, 50)).code).toBe('ERR_CALL_TIMEOUT');
    expect(warnings).toEqual([{ service: 'orders', message: 'options.classify threw: oops' }]);
  });
});

describe('transport and tls', () => {
  const connected: EndpointAgentsInput[] = [];

  /** `createClient` over connections that only say what they were made with. */
  function stubbed(): typeof createClient {
    connected.length = 0;
    let stub = createClient;
    jest.isolateModules(() => {
      jest.doMock('../../src/data/transport/platform-connections.js', () => ({
        createPlatformConnections: (input: EndpointAgentsInput) => {
          connected.push(input);
          const done = async (): Promise<void> => {};
          return { send: () => {}, drain: () => {}, close: done, destroy: done };
        },
      }));
      ({ createClient: stub } = jest.requireActual<{ createClient: typeof createClient }>(
        '../../src/client/create-client.js',
      ));
    });
    return stub;
  }

  it('reach the connections of their service, with the address gate', () => {
    const resolver = createManualResolver(['127.0.0.1:8080']);
    const tls = { ca: 'CA', cert: Buffer.from('CERT'), key: ['KEY'] };
    const client = stubbed()({
      services: {
        orders: { resolver, transport: { connectTimeoutMs: 7, maxConnections: 3, keepAliveTimeoutMs: 9 }, tls },
        stock: { resolver, allow: { ports: [1] } },
      },
    });
    for (const name of ['orders', 'stock'])
      client.dispatcher.dispatch({ origin: `http://${name}`, path: '/', method: 'GET' }, { onError: () => {} });
    expect(connected).toEqual([
      expect.objectContaining({
        transport: expect.objectContaining({ connectTimeoutMs: 7, maxConnections: 3, keepAliveTimeoutMs: 9 }),
        tls,
      }),
    ]);
    expect(connected[0]?.refuseAddress('169.254.169.254', 80)).toBe('169.254.169.254 is a cloud metadata address');
    expect(connected[0]?.refuseAddress('10.0.0.1', 80)).toBeUndefined();
    void client.close({ timeoutMs: 0 });
  });

  it('are asked for only when the first request is sent', () => {
    void stubbed()({ services: { orders: { resolver: createManualResolver(['a:1']) } } }).close();
    expect(connected).toEqual([]);
  });

  it('warn in an event', () => {
    const client = stubbed()({ services: { orders: { resolver: createManualResolver(['127.0.0.1:8080']) } } });
    const warnings: unknown[] = [];
    client.on('warning', (warning) => warnings.push(warning));
    client.dispatcher.dispatch({ origin: 'http://orders', path: '/', method: 'GET' }, { onError: () => {} });
    connected[0]?.onWarning?.('tls cannot apply');
    expect(warnings).toEqual([{ service: 'orders', message: 'tls cannot apply' }]);
    void client.close({ timeoutMs: 0 });
  });
});

describe('clock, random and fetch', () => {
  it('take the place of the platform: nothing else is asked for time, chance or network', async () => {
    const spies = [
      jest.spyOn(globalThis, 'fetch'),
      jest.spyOn(Math, 'random'),
      jest.spyOn(performance, 'now'),
      jest.spyOn(globalThis, 'setTimeout'),
    ];
    try {
      const { client, wire, outcome } = createBench({ service: { balancer: 'adaptive' } });
      wire.at('a:1', answer(503));
      for (let calls = 0; calls < 5; calls++) await outcome(client.fetch('http://orders/'), 1_000);
      await outcome(client.close());
      // p-retry reads the time of its own accord, for a bound that we do not set.
      for (const spy of spies.filter((_, index) => index !== 2)) expect(spy).not.toHaveBeenCalled();
    } finally {
      for (const spy of spies) spy.mockRestore();
    }
  });

  it('fetch gets everything that the caller gave, but for our own options', async () => {
    let given: RequestInit | undefined;
    const { client, outcome } = createBench({
      client: {
        fetch: async (_, init) => {
          given = init;
          return new Response('ok');
        },
      },
    });
    await outcome(client.fetch('http://orders/', { keepalive: true, mode: 'cors', fairlead: { timeoutMs: 5 } }));
    expect(given).toMatchObject({ keepalive: true, mode: 'cors', method: 'GET', redirect: 'manual' });
    expect(given).not.toHaveProperty('fairlead');
  });

  it('an application may make client.fetch the global one', async () => {
    const wire = createStubWire();
    const before = globalThis.fetch;
    const { client, outcome } = createBench({ client: { fetch: wire.fetch } });
    try {
      globalThis.fetch = client.fetch;
      expect(valueOf(await outcome(fetch('http://orders/'))).status).toBe(200);
      expect(valueOf(await outcome(fetch('http://elsewhere/'))).status).toBe(200);
    } finally {
      globalThis.fetch = before;
    }
    expect(wire.route).toEqual(['a:1', 'elsewhere']);
  });
});
