import { describe, expect, it } from '@jest/globals';

import type { EligibleSet } from '../../src/core/eligible-set.js';
import type { Endpoint } from '../../src/core/endpoint.js';
import type { Outcome } from '../../src/core/outcome.js';
import { IGNORED, SUCCESS } from '../../src/core/outcome.js';
import { createBalancer, type Balancer, type BalancerInput } from '../../src/data/balancer.js';
import type { SettledAttempt } from '../../src/data/balancer-lease.js';
import type { BalancerLease } from '../../src/data/balancer-lease.js';
import { DEFAULT_LIMITS } from '../../src/data/balancer-settings.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { endpoint, endpoints, expectShares, tolerance } from './pickers/picker-fixture.js';

const FAILURE: Outcome = { kind: 'failure', reason: 'status', status: 503 };

interface Rig {
  clock: FakeClock;
  balancer: Balancer;
  settled: SettledAttempt[];
  idle: string[];
  /** Ids whose probe is to be had; taken from here. */
  probes: Set<string>;
}

function rig(options: Partial<BalancerInput> = {}, first: EligibleSet = setOf(endpoints(2))): Rig {
  const clock = createFakeClock();
  const settled: SettledAttempt[] = [];
  const idle: string[] = [];
  const probes = new Set<string>();
  const balancer = createBalancer({
    balancer: 'adaptive',
    limits: DEFAULT_LIMITS,
    clock,
    random: createSeededRandom(5),
    takeProbe: (id) => probes.delete(id),
    onSettled: (attempt) => settled.push(attempt),
    onIdle: (id) => idle.push(id),
    ...options,
  });
  balancer.update(first);
  return { clock, balancer, settled, idle, probes };
}

function setOf(list: readonly Endpoint[], probes: readonly Endpoint[] = []): EligibleSet {
  return { endpoints: list, probes, panic: false };
}

function take(balancer: Balancer, context: Parameters<Balancer['pick']>[0] = {}): BalancerLease {
  const lease = balancer.pick(context);
  if (typeof lease === 'string') throw new Error(`no lease: ${lease}`);
  return lease;
}

describe('a lease', () => {
  it('is counted in flight until it is settled', () => {
    const { balancer } = rig({}, setOf(endpoints(1)));
    const [first, second] = [take(balancer), take(balancer)];
    expect([balancer.inFlight, balancer.inFlightOf('e0')]).toEqual([2, 2]);
    first.settle(SUCCESS);
    expect([balancer.inFlight, balancer.inFlightOf('e0')]).toEqual([1, 1]);
    second[Symbol.dispose]();
    expect([balancer.inFlight, balancer.inFlightOf('e0')]).toEqual([0, 0]);
  });

  it('is settled by the first outcome, and reports it', () => {
    const { balancer, clock, settled } = rig({}, setOf(endpoints(1)));
    const lease = take(balancer);
    clock.advance(30);
    lease.answered = true;
    lease.lateMs = 4;
    lease.settle(SUCCESS, 12);
    lease.settle(FAILURE);
    lease[Symbol.dispose]();
    expect(settled).toMatchObject([
      {
        endpoint: lease.endpoint,
        outcome: SUCCESS,
        startedAtMs: 1_000,
        latencyMs: 12,
        probe: false,
        answered: true,
        lateMs: 4,
      },
    ]);
    expect(balancer.load('e0')).toEqual({ inFlight: 0, latencyMs: 12, failureScore: 0 });
  });

  it('takes the time since it was given out for the latency, when nobody says better', () => {
    const { balancer, clock, settled } = rig({}, setOf(endpoints(1)));
    const lease = take(balancer);
    clock.advance(45);
    lease.settle(SUCCESS);
    expect(settled[0]!.latencyMs).toBe(45);
    expect(balancer.load('e0')!.latencyMs).toBe(45);
  });

  it('means ignored when it is disposed unsettled, and teaches nothing', () => {
    const { balancer, clock, settled } = rig();
    const lease = take(balancer);
    clock.advance(500);
    lease[Symbol.dispose]();
    expect(settled[0]!.outcome).toEqual(IGNORED);
    // Still unknown, and so still first in line: had the 500 ms counted, the other one would be tried now.
    const shares = [0, 0];
    for (let pick = 0; pick < 1_000; pick++) {
      const next = take(balancer);
      shares[Number(next.endpoint.id.slice(1))]! += 1;
      next[Symbol.dispose]();
    }
    expectShares(shares, [0.5, 0.5]);
  });
});

describe('learned state', () => {
  it('survives an update, removal and return while somebody knows the endpoint', () => {
    const { balancer } = rig();
    const both = endpoints(2);
    take(balancer, { tried: new Set(['e1']) }).settle(FAILURE);
    balancer.update(setOf([both[1]!]));
    expect(balancer.load('e0')!.failureScore).toBe(10);
    balancer.update(setOf(endpoints(3)));
    expect(balancer.load('e0')!.failureScore).toBe(10);
  });

  it('is dropped when the endpoint is gone for good, but never while it can be picked', () => {
    const { balancer } = rig();
    take(balancer, { tried: new Set(['e1']) }).settle(FAILURE);
    balancer.forget('e0');
    expect(balancer.load('e0')!.failureScore).toBe(10);
    balancer.update(setOf([endpoint('e1')], [endpoint('e0')]));
    balancer.forget('e0');
    expect(balancer.load('e0')!.failureScore).toBe(10);
    balancer.update(setOf([endpoint('e1')]));
    balancer.forget('e0');
    expect(balancer.load('e0')).toBeUndefined();
    expect(balancer.inFlightOf('e0')).toBe(0);
    balancer.update(setOf(endpoints(2)));
    expect(balancer.load('e0')).toEqual({ inFlight: 0, latencyMs: undefined, failureScore: 0 });
  });

  it('of an endpoint that came back is not touched by a late result from its former life', () => {
    const { balancer, idle } = rig({}, setOf([endpoint('e0')]));
    const late = take(balancer);
    balancer.update(setOf([endpoint('e1')]));
    balancer.forget('e0');
    balancer.update(setOf([endpoint('e0'), endpoint('e1')]));
    late.settle(FAILURE);
    expect(balancer.load('e0')).toEqual({ inFlight: 0, latencyMs: undefined, failureScore: 0 });
    expect(balancer.inFlight).toBe(0);
    expect(idle).toEqual([]);
  });

  it('says when the last attempt on a removed endpoint has ended', () => {
    const { balancer, idle } = rig({}, setOf([endpoint('e0')]));
    const leases = [take(balancer), take(balancer), take(balancer)];
    leases[0]!.settle(SUCCESS);
    balancer.update(setOf([endpoint('e1')]));
    leases[1]!.settle(SUCCESS);
    expect(idle).toEqual([]);
    leases[2]!.settle(SUCCESS);
    expect(idle).toEqual(['e0']);
    take(balancer).settle(SUCCESS);
    expect(idle).toEqual(['e0']);
  });
});

it('does not call an endpoint idle for the end of an attempt from a former life', () => {
  const { balancer, idle } = rig({}, setOf([endpoint('e0')]));
  const former = take(balancer);
  balancer.update(setOf([]));
  balancer.forget('e0');
  balancer.update(setOf([endpoint('e0')]));
  const present = take(balancer);
  balancer.update(setOf([]));
  former.settle(SUCCESS);
  expect(idle).toEqual([]);
  present.settle(SUCCESS);
  expect(idle).toEqual(['e0']);
});

describe('limits', () => {
  it('refuse what goes beyond the service, and what nobody can take', () => {
    const { balancer } = rig({ limits: { maxInFlight: 3, maxInFlightPerEndpoint: 10 } });
    const leases = [take(balancer), take(balancer), take(balancer)];
    expect(balancer.pick({})).toBe('limit');
    leases[0]!.settle(SUCCESS);
    expect(typeof balancer.pick({})).toBe('object');
    balancer.update(setOf([]));
    expect(balancer.pick({})).toBe('none');
  });

  it.each(['adaptive', 'p2c', 'round-robin', 'random'] as const)('fill every endpoint, and none beyond: %s', (name) => {
    const limits = { maxInFlight: 1_000, maxInFlightPerEndpoint: 5 };
    const { balancer } = rig({ balancer: name, limits }, setOf(endpoints(4)));
    for (let pick = 0; pick < 20; pick++) take(balancer, pick % 2 === 0 ? {} : { tried: new Set(['e1']) });
    for (const id of ['e0', 'e1', 'e2', 'e3']) expect(balancer.inFlightOf(id)).toBe(5);
    expect(balancer.pick({})).toBe('limit');
  });

  it('do not bind on the only endpoint', () => {
    const { balancer } = rig({ limits: { maxInFlight: 10, maxInFlightPerEndpoint: 2 } }, setOf(endpoints(1)));
    for (let pick = 0; pick < 10; pick++) take(balancer);
    expect(balancer.pick({})).toBe('limit');
    expect(balancer.inFlightOf('e0')).toBe(10);
  });

  it('prefer an untried endpoint to an idler one that was tried', () => {
    const limits = { maxInFlight: 100, maxInFlightPerEndpoint: 3 };
    // A picker of the user's that knows only one answer.
    const { balancer } = rig({ balancer: () => ({ pick: () => 0 }), limits }, setOf(endpoints(3)));
    for (let pick = 0; pick < 3; pick++) take(balancer);
    expect(take(balancer, { tried: new Set(['e1']) }).endpoint.id).toBe('e2');
    expect(take(balancer, { tried: new Set(['e1']) }).endpoint.id).toBe('e2');
    expect(take(balancer, { tried: new Set(['e1', 'e2']) }).endpoint.id).toBe('e1');
  });
});

describe('probes', () => {
  const set = setOf(endpoints(2), [endpoint('p0'), endpoint('p1')]);

  it('go to calls that can bear them, once each', () => {
    const { balancer, probes, settled } = rig({}, set);
    probes.add('p0').add('p1');
    expect(take(balancer, { probe: false }).probe).toBe(false);
    const given = [take(balancer, { probe: true }), take(balancer, { probe: true })];
    expect(given.map((lease) => lease.probe)).toEqual([true, true]);
    expect(given.map((lease) => lease.endpoint.id).sort()).toEqual(['p0', 'p1']);
    expect(take(balancer, { probe: true }).probe).toBe(false);
    expect(balancer.inFlightOf('p0')).toBe(1);
    given[0]!.settle(SUCCESS);
    expect(settled[0]!.probe).toBe(true);
  });

  it('pass over what the call has tried', () => {
    const { balancer, probes } = rig({}, set);
    probes.add('p0').add('p1');
    expect(take(balancer, { probe: true, tried: new Set(['p1']) }).endpoint.id).toBe('p0');
    expect(take(balancer, { probe: true, tried: new Set(['p1']) }).probe).toBe(false);
  });

  it('go to any call after five seconds', () => {
    const { balancer, probes, clock } = rig({}, set);
    probes.add('p0').add('p1');
    clock.advance(5_000);
    expect(take(balancer).probe).toBe(false);
    clock.advance(1);
    expect(take(balancer).probe).toBe(true);
    expect(take(balancer).probe).toBe(false);
    // An update does not start the wait anew.
    clock.advance(4_000);
    balancer.update(setOf(endpoints(2), [endpoint('p0'), endpoint('p1')]));
    clock.advance(1_001);
    expect(take(balancer).probe).toBe(true);
  });

  it('go to any call at once when there is nobody else', () => {
    const { balancer, probes } = rig({}, setOf([], [endpoint('p0')]));
    probes.add('p0');
    expect(take(balancer).probe).toBe(true);
    expect(balancer.pick({})).toBe('none');
  });
});

describe("pickers of one's own", () => {
  it('see loads by index, the time of the pick, and their predecessor', () => {
    const seen: unknown[] = [];
    const { balancer, clock } = rig({
      balancer: ({ endpoints: list, loads, previous }) => {
        seen.push(previous);
        const picker = {
          pick: () => {
            seen.push([loads.nowMs, ...list.map((_, index) => loads.inFlight(index))]);
            return list.length - 1;
          },
        };
        return picker;
      },
    });
    take(balancer);
    clock.advance(5);
    take(balancer);
    balancer.update(setOf(endpoints(3)));
    take(balancer);
    expect(seen).toEqual([undefined, [1_000, 0, 0], [1_005, 0, 1], { pick: expect.any(Function) }, [1_005, 0, 2, 0]]);
  });

  it.each([-1, 2, 0.5, NaN])('may answer %d, which is nobody', (answer) => {
    const { balancer } = rig({ balancer: () => ({ pick: () => answer }) });
    expect(balancer.pick({})).toBe('none');
    expect(balancer.inFlight).toBe(0);
  });

  it('are kept while the endpoints are the same', () => {
    let made = 0;
    const { balancer } = rig({ balancer: () => (made++, { pick: () => 0 }) }, setOf([]));
    const list = endpoints(2);
    balancer.update(setOf(list));
    balancer.update(setOf(list, [endpoint('p0')]));
    expect(made).toBe(1);
    balancer.update(setOf([...list]));
    expect(made).toBe(2);
  });
});

it('gives an endpoint of weight 0 nothing, unless all have it', () => {
  for (const name of ['adaptive', 'p2c', 'round-robin', 'random'] as const) {
    const { balancer } = rig({ balancer: name }, setOf(endpoints([1, 0, 1])));
    for (let pick = 0; pick < 50; pick++) expect(take(balancer).endpoint.id).not.toBe('e1');
    balancer.update(setOf(endpoints([0, 0])));
    expect(typeof balancer.pick({})).toBe('object');
  }
});

it('goes on with round robin where it was when the set is rebuilt', () => {
  const { balancer } = rig({ balancer: 'round-robin' }, setOf(endpoints(4)));
  const order = [1, 2, 3, 4].map(() => take(balancer).endpoint.id);
  take(balancer);
  balancer.update(setOf(endpoints(4).reverse()));
  expect([1, 2, 3, 4].map(() => take(balancer).endpoint.id)).toEqual([...order.slice(1), order[0]]);
});

/**
 * Virtual traffic: `calls` calls, one each `gapMs`, each answered after what `serve` says. Returns calls by endpoint.
 */
function simulate(
  { balancer, clock }: Rig,
  calls: number,
  gapMs: number,
  serve: (id: string, nowMs: number) => { outcome: Outcome; tookMs: number },
): Map<string, number> {
  const counts = new Map<string, number>();
  for (let call = 0; call < calls; call++) {
    const lease = take(balancer);
    const { id } = lease.endpoint;
    counts.set(id, (counts.get(id) ?? 0) + 1);
    const { outcome, tookMs } = serve(id, clock.now());
    clock.setTimer(() => lease.settle(outcome), tookMs);
    clock.advance(gapMs);
  }
  return counts;
}

describe.each(['adaptive', 'p2c'] as const)('%s in traffic', (name) => {
  it('keeps away from an endpoint that fails at once', () => {
    const world = rig({ balancer: name }, setOf(endpoints(5)));
    const counts = simulate(world, 10_000, 2, (id) =>
      id === 'e0' ? { outcome: FAILURE, tookMs: 1 } : { outcome: SUCCESS, tookMs: 20 },
    );
    // A fair share is 2,000. Counting in flight alone, it would get more than that. Here one try each 10 s or so finds it still failing.
    expect(counts.get('e0')).toBeLessThan(100);
  });

  it('keeps away from an endpoint that hangs', () => {
    const world = rig({ balancer: name }, setOf(endpoints(3)));
    const counts = simulate(world, 500, 10, (id) => ({ outcome: SUCCESS, tookMs: id === 'e0' ? 1e9 : 5 }));
    expect(counts.get('e0') ?? 0).toBeLessThanOrEqual(1);
  });

  it('comes back to an endpoint that recovered', () => {
    const world = rig({ balancer: name }, setOf(endpoints(5)));
    const serve = (): { outcome: Outcome; tookMs: number } => ({ outcome: SUCCESS, tookMs: 20 });
    simulate(world, 2_000, 5, (id) => (id === 'e0' ? { outcome: FAILURE, tookMs: 1 } : serve()));
    simulate(world, 4_200, 5, serve); // 21 s: the longest that a score lasts
    const counts = simulate(world, 4_000, 5, serve);
    expect(counts.get('e0')).toBeGreaterThan(400);
  });
});

describe('adaptive in traffic', () => {
  it('prefers the fast ones, and tries a slow one again in time', () => {
    const world = rig({}, setOf(endpoints(3)));
    const firstAfter: number[] = [];
    let lastMs = 0;
    // One call at a time: everything is a tie.
    const counts = simulate(world, 3_000, 100, (id, nowMs) => {
      if (id !== 'e0') return { outcome: SUCCESS, tookMs: 10 };
      firstAfter.push(nowMs - lastMs);
      lastMs = nowMs;
      return { outcome: SUCCESS, tookMs: 90 };
    });
    // Nine times slower is as good as equal after 12 s · 8^(1/4) = 20.2 s: 15 times in 300 s.
    expect(counts.get('e0')).toBeGreaterThanOrEqual(12);
    expect(counts.get('e0')).toBeLessThanOrEqual(20);
    expect(Math.max(...firstAfter)).toBeLessThan(25_000);
  });

  it('does not hold one slow start against an endpoint', () => {
    const world = rig({}, setOf(endpoints(2)));
    let calls = 0;
    const serve = (id: string): { outcome: Outcome; tookMs: number } => ({
      outcome: SUCCESS,
      tookMs: id === 'e0' && calls++ === 0 ? 2_000 : 10,
    });
    simulate(world, 2_000, 100, serve);
    // 2 s against 10 ms: equal after 12 s · 199^(1/4) = 45 s. It has its share back in the 200 s after.
    const counts = simulate(world, 2_000, 100, serve);
    expect(counts.get('e0')).toBeGreaterThan(500);
  });

  it('spreads a quiet client over all endpoints as soon as an outage is over', () => {
    const world = rig({}, setOf(endpoints(10)));
    const serve = (): { outcome: Outcome; tookMs: number } => ({ outcome: SUCCESS, tookMs: 10 });
    simulate(world, 20, 500, serve);
    // 20 s, at the end of which each has failed within the last 5 s: no two scores are the same.
    simulate(world, 40, 500, () => ({ outcome: FAILURE, tookMs: 10 }));
    const counts = simulate(world, 20, 500, serve);
    // Compared to the last digit they would send all 20 to the one that failed first.
    expect(counts.size).toBeGreaterThanOrEqual(8);
  });

  it('breaks ties evenly', () => {
    const world = rig({}, setOf(endpoints(4)));
    const counts = simulate(world, 8_000, 1, () => ({ outcome: IGNORED, tookMs: 0 }));
    for (const count of counts.values()) expect(Math.abs(count - 2_000)).toBeLessThan(tolerance(8_000, 1 / 4));
  });
});
