import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readSlice, type EndpointSlice } from '../../../../src/control/resolvers/kubernetes/endpoint-slice.js';
import {
  selectEndpoints,
  type Selection,
  type SelectionRules,
} from '../../../../src/control/resolvers/kubernetes/slice-endpoints.js';
import { createSliceSet } from '../../../../src/control/resolvers/kubernetes/slice-set.js';
import { readAnswer } from '../../../../src/control/discovery/read-answer.js';
import {
  apiSlice,
  GONE,
  LEAVING,
  NOT_READY,
  pod,
  READY,
  type EndpointFixture,
  type SliceFixture,
} from '../../../support/kubernetes-api/slice-fixtures.js';

const NO_RULES: SelectionRules = { port: undefined, scheme: undefined, family: undefined, zone: undefined };

const slice = (fixture: Partial<SliceFixture>): EndpointSlice => {
  const made = apiSlice({ name: 'orders-1', endpoints: [pod(1)], ...fixture });
  return readSlice({ ...made, metadata: { ...made.metadata, resourceVersion: '1' } });
};
const select = (slices: readonly EndpointSlice[], rules: Partial<SelectionRules> = {}): Selection =>
  selectEndpoints(slices, { ...NO_RULES, ...rules });
const hosts = (selection: Selection): string[] =>
  selection.endpoints.map((endpoint) => (typeof endpoint === 'string' ? endpoint : endpoint.host)).sort();
const one = (fixtures: readonly EndpointFixture[]): EndpointSlice => slice({ endpoints: fixtures });

describe('who of the slices gets traffic', () => {
  it('is who is ready, with what is known about the pod', () => {
    const { endpoints } = select([
      one([pod(1, { zone: 'a', hostname: 'orders-0' }), pod(2, { conditions: NOT_READY })]),
    ]);
    expect(endpoints).toEqual([
      {
        id: 'http://10.0.0.1:8080#uid-1',
        host: '10.0.0.1',
        port: 8080,
        zone: 'a',
        priority: 0,
        metadata: { node: 'node-1', hostname: 'orders-0', pod: 'orders-1' },
      },
    ]);
  });

  it('has the identity of its address where no pod is named', () => {
    expect(select([one([{ addresses: ['10.0.0.1'] }])]).endpoints).toEqual([
      { host: '10.0.0.1', port: 8080, priority: 0, metadata: {} },
    ]);
  });

  it('is those that still serve while they leave, when nobody is ready, and nobody else', () => {
    const leaving = [pod(1, { conditions: LEAVING }), pod(2, { conditions: GONE }), pod(3, { conditions: NOT_READY })];
    expect(hosts(select([one(leaving)]))).toEqual(['10.0.0.1']);
    expect(select([one(leaving)]).endpoints[0]).toMatchObject({ metadata: { terminating: 'true' } });
    expect(hosts(select([one([...leaving, pod(4)])]))).toEqual(['10.0.0.4']);
    // In whatever slice the one that is ready stands.
    expect(hosts(select([one(leaving), slice({ name: 'orders-2', endpoints: [pod(4)] })]))).toEqual(['10.0.0.4']);
  });

  it('counts once while it stands in two slices, as who it is by the better entry', () => {
    const [old, moved] = [slice({ endpoints: [pod(1, { conditions: LEAVING })] }), slice({ name: 'orders-2' })];
    for (const slices of [
      [old, moved],
      [moved, old],
    ]) {
      expect(select(slices).endpoints).toHaveLength(1);
      expect(select(slices).endpoints[0]).not.toMatchObject({ metadata: { terminating: 'true' } });
    }
  });

  it('is another one when another pod has the address', () => {
    const later = pod(1, { targetRef: { kind: 'Pod', name: 'orders-1', uid: 'uid-later' } });
    expect(select([one([later])]).endpoints[0]).toMatchObject({ id: 'http://10.0.0.1:8080#uid-later' });
  });

  it('is the union of all slices, each with the port that its pods have', () => {
    const ports = [{ name: 'http', port: 9090 }];
    const { endpoints } = select([slice({}), slice({ name: 'orders-2', endpoints: [pod(2)], ports })], {
      port: 'http',
    });
    expect(endpoints).toMatchObject([{ port: 8080 }, { port: 9090 }]);
  });
});

describe('a service with two families', () => {
  const v4 = slice({ endpoints: [pod(1), pod(2)] });
  const v6 = slice({
    name: 'orders-v6',
    addressType: 'IPv6',
    endpoints: [pod(1, { addresses: ['2001:db8::1'] }), pod(3, { addresses: ['2001:db8::3'] })],
  });

  it('counts every pod once, with its IPv4 address where it has one', () => {
    expect(hosts(select([v4, v6]))).toEqual(['10.0.0.1', '10.0.0.2', '2001:db8::3']);
    expect(hosts(select([v6, v4]))).toEqual(['10.0.0.1', '10.0.0.2', '2001:db8::3']);
  });

  it('uses one family alone when told to', () => {
    expect(hosts(select([v4, v6], { family: 6 }))).toEqual(['2001:db8::1', '2001:db8::3']);
    expect(hosts(select([v4, v6], { family: 4 }))).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(select([v6], { family: 6 }).endpoints[0]).toMatchObject({ id: 'http://[2001:db8::1]:8080#uid-1' });
  });

  it('knows pods without a uid by their names, and counts each address where not even that is there', () => {
    const named = { targetRef: { kind: 'Pod', name: 'orders-1' } };
    const both = (more: Partial<EndpointFixture>): EndpointSlice[] => [
      one([pod(1, more)]),
      slice({ name: 'v6', addressType: 'IPv6', endpoints: [pod(1, { ...more, addresses: ['2001:db8::1'] })] }),
    ];
    expect(hosts(select(both(named)))).toEqual(['10.0.0.1']);
    expect(hosts(select(both({ targetRef: {} })))).toEqual(['10.0.0.1', '2001:db8::1']);
  });

  it('uses the IPv6 address of a pod whose IPv4 entry is not ready yet', () => {
    expect(hosts(select([one([pod(1, { conditions: NOT_READY })]), v6]))).toEqual(['2001:db8::1', '2001:db8::3']);
  });
});

describe('the port', () => {
  const HTTP = { name: 'http', port: 8080 };
  const METRICS = { name: 'metrics', port: 9100 };
  const portOf = (ports: readonly object[] | null, wanted?: string | number): unknown => {
    const { endpoints, refused } = select([slice({ ports })], { port: wanted });
    return refused[0]?.reason ?? (endpoints[0] as { port?: number }).port;
  };

  it.each([
    ['the only one', [{ port: 80 }], undefined, 80],
    ['the only TCP one', [{ name: 'dns', port: 53, protocol: 'UDP' }, METRICS], undefined, 9100],
    ['the one named http', [METRICS, HTTP], undefined, 8080],
    ['the one named https, where there is no http', [METRICS, { name: 'https', port: 8443 }], undefined, 8443],
    ['the one of the name', [HTTP, METRICS], 'metrics', 9100],
    ['the one of the number', [HTTP, METRICS], 9100, 9100],
    ['the number, where every port is open', [{ name: '', port: null }], 9100, 9100],
    ['the number, where no port is listed', null, 9100, 9100],
    ["the URL's, where every port is open", [{ port: null }], undefined, undefined],
    ["the URL's, where the named one is every port", [{ name: 'any', port: null }, HTTP], 'any', undefined],
    ["the URL's, where no port is listed", [], undefined, undefined],
  ])('is %s', (_, ports, wanted, expected) => {
    expect(portOf(ports, wanted)).toBe(expected);
  });

  it.each([
    [
      [METRICS, { name: 'admin', port: 1 }],
      undefined,
      'the option port must choose among the TCP ports of the pods (metrics 9100, admin 1)',
    ],
    [[HTTP], 'grpc', "no port 'grpc' among the TCP ports of the pods (http 8080)"],
    [[HTTP], 80, 'no port 80 among the TCP ports of the pods (http 8080)'],
    [[{ name: 'dns', port: 53, protocol: 'UDP' }], 'dns', "no port 'dns' among the TCP ports of the pods (none)"],
  ])('is missing from %j', (ports, wanted, reason) => {
    expect(portOf(ports, wanted)).toBe(reason);
  });

  it('costs only the slices in which it is missing', () => {
    const without = slice({ name: 'orders-2', endpoints: [pod(2)], ports: [METRICS] });
    const { endpoints, refused } = select([slice({}), without], { port: 'http' });
    expect(endpoints).toHaveLength(1);
    expect(refused).toHaveLength(1);
    // A slice without endpoints lacks nothing.
    expect(select([slice({ endpoints: [], ports: [METRICS] })], { port: 'http' }).refused).toEqual([]);
  });

  it('says https by appProtocol alone, unless the scheme is given', () => {
    const scheme = (port: object, rules: Partial<SelectionRules> = {}): unknown =>
      (select([slice({ ports: [port] })], rules).endpoints[0] as { scheme?: string }).scheme;
    expect(scheme({ port: 443, name: 'https' })).toBeUndefined();
    expect(scheme({ port: 80, appProtocol: 'http' })).toBeUndefined();
    expect(scheme({ port: 80, appProtocol: 'kubernetes.io/h2c' })).toBeUndefined();
    expect(scheme({ port: 80, appProtocol: 'https' })).toBe('https');
    expect(scheme({ port: 80, appProtocol: 'https' }, { port: 80 })).toBe('https');
    expect(scheme({ port: 80, appProtocol: 'https' }, { scheme: 'http' })).toBe('http');
    expect(scheme({ port: 80 }, { scheme: 'https' })).toBe('https');
  });
});

describe('hints', () => {
  const hinted = (n: number, ...zones: string[]): EndpointFixture =>
    pod(n, { hints: { forZones: zones.map((name) => ({ name })) } });
  const prioritiesOf = (endpoints: EndpointFixture[], zone?: string): unknown[] =>
    select([one(endpoints)], { zone }).endpoints.map((endpoint) => (endpoint as { priority?: number }).priority);

  it('put what is meant for the own zone first, and the others in reserve', () => {
    expect(prioritiesOf([hinted(1, 'a'), hinted(2, 'b'), hinted(3, 'a', 'b')], 'a')).toEqual([0, 1, 0]);
  });

  it.each([
    ['the own zone is not known', [hinted(1, 'a'), hinted(2, 'b')], undefined],
    ['one endpoint has none', [hinted(1, 'a'), hinted(2, 'b'), pod(3)], 'a'],
    ['none is for the own zone', [hinted(1, 'b'), hinted(2, 'b')], 'a'],
    ['nobody is ready', [hinted(1, 'a'), hinted(2, 'b')].map((each) => ({ ...each, conditions: LEAVING })), 'a'],
  ])('count for nothing when %s', (_, endpoints, zone) => {
    expect(new Set(prioritiesOf(endpoints, zone))).toEqual(new Set([0]));
  });

  it('are not asked of endpoints that are not ready', () => {
    expect(prioritiesOf([hinted(1, 'a'), hinted(2, 'b'), pod(3, { conditions: NOT_READY })], 'a')).toEqual([0, 1]);
  });
});

describe('any sequence of events', () => {
  const endpoint = fc.record({
    n: fc.integer({ min: 1, max: 6 }),
    conditions: fc.constantFrom(READY, NOT_READY, LEAVING, GONE, undefined),
    family: fc.constantFrom(4, 6),
    zone: fc.constantFrom('a', 'b', undefined),
    uid: fc.constantFrom('x', 'y', undefined),
  });
  const state = fc.record({
    port: fc.constantFrom(8080, 9090),
    family: fc.constantFrom(4, 6),
    endpoints: fc.array(endpoint, { maxLength: 5 }),
  });
  const event = fc.record({
    name: fc.constantFrom('s-1', 's-2', 's-3', 's-4'),
    state: fc.option(state, { nil: undefined }),
    relist: fc.boolean(),
  });

  type State = typeof state extends fc.Arbitrary<infer T> ? T : never;
  const asSlice = (name: string, { port, family, endpoints }: State): EndpointSlice =>
    slice({
      name,
      addressType: `IPv${family}`,
      ports: [{ name: 'http', port }],
      endpoints: endpoints.map(({ n, conditions, zone, uid }) =>
        pod(n, {
          addresses: [family === 4 ? `10.0.0.${n}` : `2001:db8::${n}`],
          conditions: conditions as never,
          hints: { forZones: zone === undefined ? [] : [{ name: zone }] },
          targetRef: uid === undefined ? {} : { kind: 'Pod', name: `orders-${n}`, uid: `${uid}-${n}` },
        }),
      ),
    });

  it('leads to what a fresh list of the same slices gives, in whatever order, and every id is there once', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), fc.constantFrom('a', undefined), (events, zone) => {
        const rules = { ...NO_RULES, zone };
        const set = createSliceSet();
        const truth = new Map<string, EndpointSlice>();
        for (const { name, state: next, relist } of events) {
          if (next === undefined) truth.delete(name);
          else truth.set(name, asSlice(name, next));
          const current = truth.get(name);
          if (relist) set.replace([...truth.values()]);
          else set.apply(current === undefined ? { kind: 'delete', name } : { kind: 'put', slice: current });
        }
        const followed = selectEndpoints(set.values(), rules);
        expect(followed).toEqual(selectEndpoints([...truth.values()], rules));
        expect(followed).toEqual(selectEndpoints([...truth.values()].reverse(), rules));
        expect(readAnswer({ endpoints: followed.endpoints }).refused).toEqual([]);
      }),
    );
  });
});

describe('the set of slices', () => {
  const many = (name: string, count: number): EndpointSlice =>
    slice({ name, endpoints: Array.from({ length: count }, () => pod(1)) });

  it('is bounded, and keeps what it had when a list is too large', () => {
    const set = createSliceSet();
    set.replace([many('a', 10_000), many('b', 9_999)]);
    expect(() => set.replace([many('c', 20_001)])).toThrow('more than 20000 endpoints');
    expect([...set.values()].map(({ name }) => name)).toEqual(['a', 'b']);
    set.apply({ kind: 'put', slice: many('b', 10_000) });
    expect(() => set.apply({ kind: 'put', slice: many('c', 1) })).toThrow('more than 20000 endpoints');
    const tiny = Array.from({ length: 2_001 }, (_, n) => many(`s-${n}`, 0));
    expect(() => set.replace(tiny)).toThrow('more than 2000 EndpointSlices');
  });
});
