/** A client that uses a part of a large service: what is used, what is said about the rest, and what is kept of it. */

import { describe, expect, it } from '@jest/globals';

import type { EndpointInput } from '../../src/core/endpoint.js';
import { createClient } from '../../src/client/create-client.js';
import { createBench, valueOf, type Bench } from './bench.js';
import { answer } from './stub-wire.js';

const fleet = (from: number, to: number): EndpointInput[] =>
  Array.from({ length: to - from }, (_, i) => ({ host: `m${from + i}`, port: 8080 }));
const states = ({ snapshot }: Bench): Record<string, string[]> => {
  const byState: Record<string, string[]> = {};
  for (const { id, state } of snapshot().endpoints) (byState[state] ??= []).push(id);
  return byState;
};
const call = async ({ client, outcome }: Bench): Promise<Response> =>
  valueOf(await outcome(client.fetch('http://orders/'), 10_000));

describe('subset', () => {
  it('is all that is used, and the rest is explained', async () => {
    const bench = createBench({ endpoints: fleet(0, 50), service: { balancer: 'random', subset: { size: 4 } } });
    const { healthy = [], 'outside-subset': outside = [] } = states(bench);
    expect([healthy.length, outside.length]).toEqual([4, 46]);
    for (let i = 0; i < 100; i++) await call(bench);
    expect(new Set(bench.wire.route)).toEqual(new Set(healthy.map((id) => id.replace('http://', ''))));
    const { resolution, endpoints } = bench.client.explain('orders');
    expect(resolution).toBe("50 endpoints, 4 of them in this client's subset");
    expect(endpoints.find(({ id }) => id === outside[0])).toEqual({
      id: outside[0],
      eligible: false,
      words: "outside of this client's subset: it uses 4 others of priority 0, and other clients use this one",
    });
    expect(endpoints.filter(({ eligible }) => eligible).map(({ id }) => id)).toEqual(healthy);
  });

  it('is off by default, and takes 20 when no size is given', () => {
    expect(states(createBench({ endpoints: fleet(0, 50) }))['healthy']).toHaveLength(50);
    expect(states(createBench({ endpoints: fleet(0, 50), service: { subset: {} } }))['healthy']).toHaveLength(20);
    const off = { service: { subset: false as const }, client: { defaults: { subset: { size: 3 } } } };
    expect(states(createBench({ endpoints: fleet(0, 50), ...off }))['healthy']).toHaveLength(50);
    const merged = { service: { subset: { clientId: 'x' } }, client: { defaults: { subset: { size: 3 } } } };
    expect(states(createBench({ endpoints: fleet(0, 50), ...merged }))['healthy']).toHaveLength(3);
  });

  it('is the same in every client of one id', async () => {
    const used = async (clientId: string): Promise<string[]> => {
      const client = createClient({
        services: {
          orders: { resolver: createBench({ endpoints: fleet(0, 50) }).resolver, subset: { size: 4, clientId } },
        },
      });
      const { endpoints = [] } = client.snapshot().services['orders'] ?? {};
      await client.close();
      return endpoints.filter(({ state }) => state === 'healthy').map(({ id }) => id);
    };
    expect(await used('pod-1')).toEqual(await used('pod-1'));
    expect(await used('pod-1')).not.toEqual(await used('pod-2'));
  });

  it('keeps what was learned of an endpoint that is displaced, its sentence too, until it is used again', async () => {
    const bench = createBench({
      endpoints: fleet(0, 6),
      service: { balancer: 'round-robin', subset: { size: 4, clientId: 'x' } },
    });
    const before = states(bench)['healthy'] as string[];
    const victim = before[0] as string;
    bench.wire.at(victim.replace('http://', ''), answer(503));
    for (let i = 0; i < 40; i++) await call(bench);
    expect(states(bench)['ejected']).toEqual([victim]);
    const events = bench.record('uneject');

    // More and more endpoints, until the victim is displaced by one of them.
    let to = 6;
    while (!states(bench)['outside-subset']?.includes(victim)) bench.resolver.set(fleet(0, (to += 10)));
    expect(states(bench)['ejected'] ?? []).toEqual([]);
    bench.resolver.set(fleet(0, 6), { authoritative: true });
    expect([...(states(bench)['ejected'] ?? []), ...(states(bench)['healthy'] ?? [])].sort()).toEqual(
      [...before].sort(),
    );
    expect(states(bench)['ejected'] ?? states(bench)['probing']).toEqual([victim]);
    expect(events).toEqual([]);
  });

  it('bounds ejection by the subset, not by the service', async () => {
    const bench = createBench({ endpoints: fleet(0, 200), service: { balancer: 'round-robin', subset: { size: 4 } } });
    const used = states(bench)['healthy'] as string[];
    for (const id of used.slice(0, 3)) bench.wire.at(id.replace('http://', ''), answer(503));
    for (let i = 0; i < 60; i++) await call(bench);
    expect((states(bench)['ejected'] ?? []).length).toBeLessThanOrEqual(2);
  });

  it('replaces one that discovery removes by one other, and leaves the rest alone', () => {
    const bench = createBench({ endpoints: fleet(0, 50), service: { subset: { size: 10 } } });
    const before = states(bench)['healthy'] as string[];
    const removed = before[3] as string;
    bench.resolver.set(fleet(0, 50).filter((input) => `http://${(input as { host: string }).host}:8080` !== removed));
    const after = states(bench)['healthy'] as string[];
    expect(after).toHaveLength(10);
    expect(before.filter((id) => !after.includes(id))).toEqual([removed]);
  });
});
