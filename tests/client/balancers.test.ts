/** Each balancing policy, switched on through createClient, does what its options say, call by call. */

import { describe, expect, it } from '@jest/globals';

import type { ServiceOptions } from '../../src/client/options.js';
import { createBench, type Bench } from './bench.js';
import { answer, hang, reset, type Behaviour } from './stub-wire.js';

type Balancer = NonNullable<ServiceOptions['balancer']>;

async function calls(bench: Bench, count: number, everyMs = 1): Promise<string[]> {
  const before = bench.wire.route.length;
  for (let call = 0; call < count; call++) await bench.outcome(bench.client.fetch('http://orders/'), everyMs);
  return bench.wire.route.slice(before);
}

function count(route: readonly string[], endpoint: string): number {
  return route.filter((one) => one === endpoint).length;
}

/** Answers after so long. */
function slow(bench: Bench, ms: number): Behaviour {
  return async (request) => {
    await new Promise<void>((done) => void bench.clock.setTimer(done, ms));
    return answer()(request);
  };
}

/** No ejection: what keeps calls away is the policy alone. */
function benchOf(balancer: Balancer, endpoints = ['a:1', 'b:1', 'c:1']): Bench {
  return createBench({ endpoints, service: { balancer, ejection: false, retry: false } });
}

const LOAD_AWARE = ['adaptive', 'p2c', 'least-request', 'peak-ewma'] as const;

describe.each(LOAD_AWARE)('%s', (balancer) => {
  it('gives an endpoint that fails at once less than its fair share, without ejection', async () => {
    const bench = benchOf(balancer);
    bench.wire.at('b:1', answer(503));
    const route = await calls(bench, 300, 10);
    // A fair share is 100; unaware of failures it would get that or more.
    expect(count(route, 'b:1')).toBeLessThan(30);
    expect(count(route, 'a:1')).toBeGreaterThan(100);
    expect(count(route, 'c:1')).toBeGreaterThan(100);
  });

  it('gives it less with ejection as well', async () => {
    const bench = createBench({ service: { balancer, retry: false } });
    bench.wire.at('b:1', answer(503));
    expect(count(await calls(bench, 300, 10), 'b:1')).toBeLessThan(30);
  });

  it('gives a frozen endpoint nothing beyond what froze it', async () => {
    const bench = benchOf(balancer, ['a:1', 'b:1']);
    bench.wire.at('a:1', hang());
    while (!bench.wire.route.includes('a:1')) void bench.client.fetch('http://orders/').catch(() => {});
    await bench.clock.advanceAsync(100);
    expect(count(await calls(bench, 100), 'a:1')).toBe(0);
  });

  it('keeps what it knows when the set changes', async () => {
    const bench = benchOf(balancer);
    bench.wire.at('b:1', reset());
    await calls(bench, 30);
    const before = count(bench.wire.route, 'b:1');
    expect(before).toBeGreaterThan(0);
    bench.resolver.set(['a:1', 'b:1', 'c:1', 'd:1']);
    expect(count(await calls(bench, 100), 'b:1')).toBeLessThan(5);
  });
});

describe("balancer: { policy: 'peak-ewma' }", () => {
  /** How many of 50 calls, so long after, go to the one endpoint of two that failed once; the other takes 10 ms. */
  async function after(options: object, pauseMs: number): Promise<number> {
    const bench = benchOf({ policy: 'peak-ewma', ...options }, ['a:1', 'b:1']);
    bench.wire.at('a:1', answer(500), answer());
    while (!bench.wire.route.includes('a:1')) await calls(bench, 1);
    await bench.clock.advanceAsync(pauseMs);
    bench.wire.at('b:1', slow(bench, 10));
    return count(await calls(bench, 50, 10), 'a:1');
  }

  it('failurePenaltyMs: what a failure counts for', async () => {
    expect(await after({}, 0)).toBe(0);
    expect(await after({ failurePenaltyMs: 0 }, 0)).toBeGreaterThan(0);
  });

  it('tauMs: how long it is remembered', async () => {
    expect(await after({}, 10_000)).toBe(0);
    expect(await after({ tauMs: 500 }, 10_000)).toBeGreaterThan(0);
  });

  it('initialLatencyMs: what a new endpoint is taken for', async () => {
    const firstCalls = async (initialLatencyMs: number): Promise<number> => {
      const bench = benchOf({ policy: 'peak-ewma', initialLatencyMs }, ['a:1']);
      bench.wire.at('a:1', slow(bench, 20));
      await calls(bench, 3, 20);
      bench.resolver.set(['a:1', 'b:1']);
      return count(await calls(bench, 20, 20), 'b:1');
    };
    expect(await firstCalls(1)).toBe(20);
    expect(await firstCalls(60_000)).toBe(0);
  });

  it('honours Retry-After beyond the penalty', async () => {
    const bench = benchOf('peak-ewma', ['a:1', 'b:1']);
    bench.wire.at('a:1', answer(503, { 'retry-after': '120' }), answer());
    while (!bench.wire.route.includes('a:1')) await calls(bench, 1);
    // 5 s would be forgotten by now: 5,000 · e⁻⁶ = 12 ms.
    await bench.clock.advanceAsync(60_000);
    bench.wire.at('b:1', slow(bench, 100));
    expect(count(await calls(bench, 20, 100), 'a:1')).toBe(0);
  });
});

describe.each(['ring-hash', 'maglev', 'rendezvous'] as const)("balancer: '%s'", (policy) => {
  it("sends a call's hashKey to one endpoint, and another key elsewhere", async () => {
    const bench = benchOf(policy);
    for (let call = 0; call < 60; call++) {
      const fairlead = { hashKey: `user-${call % 30}` };
      await bench.outcome(bench.client.fetch('http://orders/', { fairlead }));
    }
    const { route } = bench.wire;
    expect(route.slice(30)).toEqual(route.slice(0, 30));
    expect(new Set(route)).toEqual(new Set(['a:1', 'b:1', 'c:1']));
  });

  it('hashHeader: a request header is the key, unless the call names one', async () => {
    const bench = benchOf({ policy, hashHeader: 'X-User' });
    const send = async (user: string, hashKey?: string): Promise<string> => {
      const init = { headers: { 'x-user': user }, ...(hashKey === undefined ? {} : { fairlead: { hashKey } }) };
      await bench.outcome(bench.client.fetch('http://orders/', init));
      return bench.wire.route.at(-1) as string;
    };
    const owners: string[] = [];
    for (let user = 0; user < 12; user++) owners.push(await send(`user-${user}`));
    expect(new Set(owners).size).toBe(3);
    for (let user = 0; user < 12; user++) {
      expect(await send(`user-${user}`)).toBe(owners[user]);
      expect(await send('whoever', `user-${user}`)).toBe(owners[user]);
    }
  });

  it('retries on another endpoint than the one of the key, the same each time', async () => {
    const bench = createBench({ service: { balancer: policy, ejection: false } });
    const send = (): Promise<unknown> =>
      bench.outcome(bench.client.fetch('http://orders/', { fairlead: { hashKey: 'k' } }), 2_000);
    await send();
    const [owner] = bench.wire.route as [string];
    bench.wire.at(owner, answer(503));
    await send();
    await send();
    const [, , second, , again] = bench.wire.route;
    expect(second).not.toBe(owner);
    expect(bench.wire.route).toEqual([owner, owner, second, owner, again]);
    expect(again).toBe(second);
  });

  it('boundedLoad: a hot key spills over, or not', async () => {
    const spread = async (boundedLoad: number | false): Promise<number> => {
      const bench = benchOf({ policy, boundedLoad });
      for (const endpoint of ['a:1', 'b:1', 'c:1']) bench.wire.at(endpoint, hang());
      for (let call = 0; call < 12; call++)
        void bench.client.fetch('http://orders/', { fairlead: { hashKey: 'hot' } }).catch(() => {});
      await bench.clock.advanceAsync(0);
      return new Set(bench.wire.route).size;
    };
    // Of 12, 5 slots and one more each at 1.25; 4 and one more at 1.
    expect(await spread(1.25)).toBe(2);
    expect(await spread(1)).toBe(3);
    expect(await spread(false)).toBe(1);
  });
});

describe("balancer: 'weighted-round-robin'", () => {
  const CHEAP = { 'endpoint-load-metrics': 'TEXT cpu_utilization=0.1, rps_fractional=10, named_metrics.queue=0.9' };
  const DEAR = { 'endpoint-load-metrics': 'TEXT cpu_utilization=0.9, rps_fractional=10, named_metrics.queue=0.1' };
  const ERRORS = { 'endpoint-load-metrics': 'TEXT cpu_utilization=0.1, rps_fractional=10, eps=10' };

  /** How many of 100 calls go to `a`, after `pauseMs` since both have reported. */
  async function ofA(
    options: object,
    a: Record<string, string>,
    b: Record<string, string>,
    pauseMs = 0,
  ): Promise<number> {
    const bench = benchOf({ policy: 'weighted-round-robin', blackoutMs: 0, updateMs: 100, ...options }, ['a:1', 'b:1']);
    bench.wire.at('a:1', answer(200, a));
    bench.wire.at('b:1', answer(200, b));
    await calls(bench, 4);
    // From now on they say nothing more.
    bench.wire.at('a:1', answer());
    bench.wire.at('b:1', answer());
    await bench.clock.advanceAsync(100 + pauseMs);
    return count(await calls(bench, 100), 'a:1');
  }

  it('gives static weights their turns', async () => {
    const bench = createBench({
      endpoints: [{ host: 'a', port: 1, weight: 3 }, 'b:1'],
      service: { balancer: 'weighted-round-robin' },
    });
    expect(count(await calls(bench, 40), 'a:1')).toBe(30);
  });

  it('loadReports: goes by what endpoints report, or not', async () => {
    expect(await ofA({}, CHEAP, DEAR)).toBe(90);
    expect(await ofA({ loadReports: false }, CHEAP, DEAR)).toBe(50);
  });

  it('blackoutMs: not by the first of it', async () => {
    expect(await ofA({ blackoutMs: 5_000 }, CHEAP, DEAR)).toBe(50);
    expect(await ofA({ blackoutMs: 5_000 }, CHEAP, DEAR, 5_000)).toBe(90);
  });

  it('expirationMs: not by what is old', async () => {
    expect(await ofA({ expirationMs: 5_000 }, CHEAP, DEAR, 5_000)).toBe(50);
  });

  it('updateMs: not at once', async () => {
    expect(await ofA({ updateMs: 60_000 }, CHEAP, DEAR)).toBe(50);
  });

  it('errorPenalty: errors count against it', async () => {
    // 10 / (0.1 + 0.8) against 10 / 0.9; without, 10 / 0.1.
    expect(await ofA({ errorPenalty: 0.8 }, ERRORS, DEAR)).toBe(50);
    expect(await ofA({ errorPenalty: 0 }, ERRORS, DEAR)).toBe(90);
  });

  it('utilizationMetrics: goes by these', async () => {
    expect(await ofA({ utilizationMetrics: ['named_metrics.queue'] }, CHEAP, DEAR)).toBe(10);
  });
});

describe('an option of a balancer that is wrong', () => {
  it.each([
    ['weighted', "services.orders.balancer: must be one of 'adaptive'"],
    [{ policy: 'peak-emwa' }, "did you mean 'peak-ewma'?"],
    [{ policy: 'p2c', tauMs: 1 }, 'services.orders.balancer.tauMs: unknown option'],
    [
      { policy: 'peak-ewma', tauMs: 0 },
      'services.orders.balancer.tauMs: must be milliseconds from 1 to 3600000, got 0',
    ],
    [{ policy: 'peak-ewma', initialLatencyMs: -1 }, 'balancer.initialLatencyMs: must be milliseconds from 0 to 60000'],
    [
      { policy: 'peak-ewma', failurePenaltyMs: 1e9 },
      'balancer.failurePenaltyMs: must be milliseconds from 0 to 300000',
    ],
    [{ policy: 'ring-hash', hashHeader: 'no header' }, 'balancer.hashHeader: must be the name of a header'],
    [{ policy: 'ring-hash', boundedLoad: 0.5 }, 'balancer.boundedLoad: must be'],
    [{ policy: 'ring-hash', minRingSize: 5_000 }, 'balancer.minRingSize: must be at most maxRingSize (4096), got 5000'],
    [{ policy: 'ring-hash', maxRingSize: 8_388_609 }, 'balancer.maxRingSize: must be an integer from 1 to 8388608'],
    [{ policy: 'ring-hash', tableSize: 7 }, 'balancer.tableSize: unknown option'],
    [{ policy: 'maglev', tableSize: 65_536 }, 'balancer.tableSize: must be a prime, got 65536; the next one is 65537'],
    [{ policy: 'weighted-round-robin', updateMs: 99 }, 'balancer.updateMs: must be milliseconds from 100 to 3600000'],
    [{}, 'services.orders.balancer.policy: must be one of'],
  ])('is refused: %j', (balancer, message) => {
    expect(() => createBench({ service: { balancer: balancer as Balancer } })).toThrow(message);
  });
});
