import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Endpoint, EndpointInput } from '../../src/core/endpoint.js';
import { normalizeEndpoint } from '../../src/control/discovery/normalize-endpoint.js';
import { createSubset, createWholeSet, judgedIds } from '../../src/control/subset.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';

const endpoint = (input: EndpointInput): Endpoint => normalizeEndpoint(input) as Endpoint;
const fleet = (count: number, more: object = {}): Endpoint[] =>
  Array.from({ length: count }, (_, n) => endpoint({ host: `m${n}`, port: 80, ...more }));
const hosts = (endpoints: readonly Endpoint[]): string[] => endpoints.map(({ host }) => host);
const seeded = (seed: number) => createSeededRandom(seed);

describe('the subset', () => {
  it('is everybody while there are no more than its size, the very list', () => {
    const subset = createSubset({ size: 3 }, seeded(1));
    const all = fleet(3);
    expect(subset.apply(all)).toEqual([]);
    expect(subset.endpoints).toBe(all);
    expect(subset.outside.size).toBe(0);
  });

  it('is the same for the same client id, in whatever order, and another for others', () => {
    const all = fleet(50);
    const of = (clientId: string, endpoints: readonly Endpoint[] = all): string[] => {
      const subset = createSubset({ size: 5, clientId }, seeded(1));
      subset.apply(endpoints);
      return hosts(subset.endpoints).sort();
    };
    expect(of('pod-1')).toEqual(of('pod-1', [...all].reverse()));
    expect(of('pod-1')).not.toEqual(of('pod-2'));
    const drawn = [1, 2].map((seed) => {
      const subset = createSubset({ size: 5 }, seeded(seed));
      subset.apply(all);
      return hosts(subset.endpoints);
    });
    expect(drawn[0]).not.toEqual(drawn[1]);
  });

  it('is one of each priority', () => {
    const subset = createSubset({ size: 2 }, seeded(1));
    subset.apply([
      ...fleet(5),
      ...fleet(1, { priority: 1, id: 'standby' }),
      ...fleet(9).map((each) => endpoint({ ...each, id: `p2-${each.host}`, priority: 2 } as EndpointInput)),
    ]);
    const priorities = subset.endpoints.map(({ priority }) => priority);
    expect(priorities.sort()).toEqual([0, 0, 1, 2, 2]);
    expect(subset.outside.size).toBe(10);
  });

  it('gives no place to weight 0, which stays known, unless nobody has a weight', () => {
    const subset = createSubset({ size: 2 }, seeded(1));
    const drained = fleet(5, { weight: 0 });
    const live = ['x', 'y', 'z'].map((host) => endpoint({ host }));
    subset.apply([...drained, ...live]);
    expect(subset.endpoints.filter(({ weight }) => weight > 0)).toHaveLength(2);
    expect(subset.endpoints.filter(({ weight }) => weight === 0)).toHaveLength(5);
    subset.apply(drained);
    expect(subset.endpoints).toHaveLength(2);
  });

  it('says who was displaced: in it before, usable still, outside now', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uniqueArray(fc.nat(15), { maxLength: 16 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 6 }),
        (steps, size) => {
          const subset = createSubset({ size }, seeded(7));
          const all = fleet(16);
          for (const step of steps) {
            const before = new Set(subset.endpoints.map(({ id }) => id));
            const usable = step.map((n) => all[n] as Endpoint);
            const displaced = subset.apply(usable);
            const inside = new Set(subset.endpoints.map(({ id }) => id));
            expect(inside.size).toBe(Math.min(size, usable.length));
            for (const { id } of usable) {
              expect(subset.outside.has(id)).toBe(!inside.has(id));
              expect(displaced.includes(id)).toBe(before.has(id) && !inside.has(id));
            }
            expect(inside.size + subset.outside.size).toBe(usable.length);
          }
        },
      ),
    );
  });

  it('changes by one endpoint at most when one comes or goes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30), { minLength: 1 }), fc.integer({ min: 1, max: 8 }), (present, size) => {
        const all = fleet(31);
        const subset = createSubset({ size }, seeded(3));
        const usable = present.map((n) => all[n] as Endpoint);
        subset.apply(usable);
        const before = new Set(hosts(subset.endpoints));
        const displaced = subset.apply(usable.slice(1));
        const joined = hosts(subset.endpoints).filter((host) => !before.has(host));
        expect(joined.length).toBeLessThanOrEqual(1);
        expect(displaced).toEqual([]);
        expect(subset.apply(usable).length).toBe(joined.length);
        expect(new Set(hosts(subset.endpoints))).toEqual(before);
      }),
    );
  });

  it('judges whoever is used, and whoever serves a sentence outside', () => {
    const subset = createSubset({ size: 2 }, seeded(1));
    const all = fleet(6);
    subset.apply(all);
    const inside = subset.endpoints.map(({ id }) => id);
    const [ejected] = subset.outside;
    const state = (id: string) =>
      id === ejected ? ({ kind: 'probing', sinceMs: 0, inFlight: false } as const) : ({ kind: 'healthy' } as const);
    expect(judgedIds(subset, { state, ejectedCount: 0 })).toEqual(inside);
    expect(judgedIds(subset, { state, ejectedCount: 1 })).toEqual([...inside, ejected]);
  });

  it('that was not asked for is everybody', () => {
    const whole = createWholeSet();
    const all = fleet(3);
    expect(whole.apply(all)).toEqual([]);
    expect(whole.endpoints).toBe(all);
    expect(whole.outside.size).toBe(0);
  });

  it('takes 10,000 endpoints in its stride', () => {
    const all = fleet(10_000);
    const subset = createSubset({ size: 20 }, seeded(1));
    subset.apply(all);
    const from = performance.now();
    for (let turn = 0; turn < 5; turn++) subset.apply([...all]);
    // Five times; measured at 3 ms each. The bound is loose because other tests run beside this one.
    expect(performance.now() - from).toBeLessThan(500);
    expect(subset.endpoints).toHaveLength(20);
  });
});
