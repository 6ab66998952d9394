import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readApplications, type Applications } from '../../../../src/control/resolvers/eureka/applications.js';
import { copyOf, hashcodeOf, wantedOf, withDelta } from '../../../../src/control/resolvers/eureka/registry-copy.js';

type Entry = Readonly<Record<string, unknown>> & { readonly app: string; readonly instanceId: string };

const STATUSES = ['UP', 'DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN'];
const orders = ({ key }: { key: string }): boolean => key.startsWith('ORDERS/');

function instance(app: string, instanceId: string, status = 'UP', more: object = {}): Entry {
  return { app, instanceId, status, hostName: '10.0.0.1', ...more };
}

/** A body as the server writes it. */
function body(entries: readonly Entry[]): Applications {
  const apps = [...new Set(entries.map(({ app }) => app))];
  return readApplications({
    applications: {
      versions__delta: '1',
      apps__hashcode: '',
      application: apps.map((name) => ({ name, instance: entries.filter(({ app }) => app === name) })),
    },
  });
}

const copy = (...entries: Entry[]) => copyOf(body(entries), orders);
const idsOf = (registry: ReturnType<typeof copy>) => wantedOf(registry).map(({ key }) => key);

describe('hashcodeOf', () => {
  // Netflix' wiki, "Understanding eureka client server communication": DOWN_2_UP_8_.
  it.each([
    [{}, ''],
    [{ UP: 1 }, 'UP_1_'],
    [{ UP: 8, DOWN: 2 }, 'DOWN_2_UP_8_'],
    [
      { UP: 10, DOWN: 2, STARTING: 3, OUT_OF_SERVICE: 4, UNKNOWN: 1 },
      'DOWN_2_OUT_OF_SERVICE_4_STARTING_3_UNKNOWN_1_UP_10_',
    ],
  ])('of %j is %j', (counts, expected) => {
    const entries = Object.entries(counts).flatMap(([status, count]) =>
      Array.from({ length: count }, (_, at) => instance(at % 2 === 0 ? 'ORDERS' : 'STOCK', `${status}-${at}`, status)),
    );
    expect(hashcodeOf(copy(...entries))).toBe(expected);
  });
});

describe('withDelta', () => {
  it('adds, replaces and removes', () => {
    const before = copy(instance('ORDERS', '1'), instance('ORDERS', '2'), instance('STOCK', '1'));
    const delta = body([
      instance('ORDERS', '1', 'DOWN', { actionType: 'MODIFIED' }),
      instance('ORDERS', '2', 'UP', { actionType: 'DELETED' }),
      instance('ORDERS', '3', 'UP', { actionType: 'ADDED' }),
      instance('STOCK', '2', 'STARTING', { actionType: 'ADDED' }),
    ]);
    const after = withDelta(before, delta, orders);
    expect(idsOf(after)).toEqual(['ORDERS/1', 'ORDERS/3']);
    expect(wantedOf(after)[0]?.status).toBe('DOWN');
    expect(hashcodeOf(after)).toBe('DOWN_1_STARTING_1_UP_2_');
    expect(hashcodeOf(before)).toBe('UP_3_');
  });

  it('is not disturbed by what it has seen before, or cannot know', () => {
    const before = copy(instance('ORDERS', '1'));
    const delta = body([
      instance('ORDERS', '1', 'UP', { actionType: 'ADDED' }),
      instance('ORDERS', '9', 'UP', { actionType: 'DELETED' }),
      instance('ORDERS', '2', 'UP', { actionType: 'RENAMED' }),
      instance('ORDERS', '3'),
    ]);
    expect(idsOf(withDelta(before, delta, orders))).toEqual(['ORDERS/1']);
  });

  it('costs nothing when nothing changed', () => {
    const before = copy(instance('ORDERS', '1'));
    expect(withDelta(before, body([]), orders)).toBe(before);
  });

  it('lets an instance become wanted, and stop to be', () => {
    const byVip = ({ fields }: { fields: Readonly<Record<string, unknown>> }): boolean => fields['vipAddress'] === 'a';
    const before = copyOf(body([instance('ORDERS', '1'), instance('STOCK', '1', 'UP', { vipAddress: 'a' })]), byVip);
    const delta = body([
      instance('ORDERS', '1', 'UP', { actionType: 'MODIFIED', vipAddress: 'a' }),
      instance('STOCK', '1', 'UP', { actionType: 'MODIFIED', vipAddress: 'b' }),
    ]);
    expect(idsOf(before)).toEqual(['STOCK/1']);
    expect(idsOf(withDelta(before, delta, byVip))).toEqual(['ORDERS/1']);
  });

  it('keeps of what is not wanted only its state', () => {
    const registry = copy(instance('STOCK', '1', 'DOWN', { metadata: { large: 'x' } }));
    expect([...registry.values()]).toEqual([{ status: 'DOWN', instance: undefined }]);
  });

  it('property: any sequence of deltas, told late and more than once, leads to the whole registry', () => {
    interface Step {
      readonly app: string;
      readonly id: string;
      readonly status: string;
      readonly gone: boolean;
      readonly ask: boolean;
    }
    const step: fc.Arbitrary<Step> = fc.record({
      app: fc.constantFrom('ORDERS', 'STOCK', 'USERS'),
      id: fc.constantFrom('1', '2', '3', '4'),
      status: fc.constantFrom(...STATUSES),
      gone: fc.boolean(),
      ask: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.array(step, { maxLength: 10 }), (steps, firstSteps) => {
        // The server: its registry, and its queue of changes, which is told whole with every question.
        const registry = new Map<string, Entry>();
        const queue = new Map<string, Entry>();
        let version = 0;
        const apply = ({ app, id, status, gone }: Step): void => {
          const key = `${app}/${id}`;
          const had = registry.has(key);
          if (gone && !had) return;
          const entry = instance(app, id, status, { version: ++version });
          if (gone) registry.delete(key);
          else registry.set(key, entry);
          queue.delete(key);
          queue.set(key, { ...entry, actionType: gone ? 'DELETED' : had ? 'MODIFIED' : 'ADDED' });
        };

        firstSteps.forEach(apply);
        let known = copy(...registry.values());
        for (const next of steps) {
          apply(next);
          if (next.ask) known = withDelta(known, body([...queue.values()]), orders);
        }
        known = withDelta(known, body([...queue.values()]), orders);

        const whole = copy(...registry.values());
        expect(hashcodeOf(known)).toBe(hashcodeOf(whole));
        const versions = (of: typeof whole): unknown[] =>
          wantedOf(of)
            .map(({ key, status, fields }) => [key, status, fields['version']])
            .sort();
        expect(versions(known)).toEqual(versions(whole));
      }),
    );
  });
});
