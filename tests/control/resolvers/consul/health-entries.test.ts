import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readAnswer } from '../../../../src/control/discovery/read-answer.js';
import { parseHealthEntries } from '../../../../src/control/resolvers/consul/health-entries.js';
import { entry } from './agent-double.js';

const parse = (...entries: unknown[]) => parseHealthEntries(entries, { headers: new Headers() });
const weights = { Weights: { Passing: 10, Warning: 3 } };

describe('parseHealthEntries', () => {
  it('reads address, port, place and metadata', () => {
    const service = { Tags: ['v1', 'blue'], Meta: { zone: 'a', version: '1.2' }, ...weights };
    expect(parse(entry(service))).toEqual([
      {
        host: '10.0.0.1',
        port: 80,
        weight: 10,
        zone: 'a',
        region: 'dc1',
        metadata: {
          'consul.id': 'web-1',
          'consul.node': 'n1',
          'consul.datacenter': 'dc1',
          'consul.tags': 'v1,blue',
          zone: 'a',
          version: '1.2',
        },
      },
    ]);
  });

  it('lets nothing that an instance says of itself pass for what Consul knows', () => {
    const Meta = { 'consul.id': 'forged', 'consul.tags': 'forged', note: '' };
    expect(parse(entry({ Meta }))[0]).toMatchObject({
      metadata: { 'consul.id': 'web-1', 'consul.node': 'n1', 'consul.datacenter': 'dc1', note: '' },
    });
    expect(parse(entry({ Meta }))[0]).not.toHaveProperty(['metadata', 'consul.tags']);
  });

  it('takes the address of the node where the service has none', () => {
    expect(parse(entry({ Address: '' }))).toMatchObject([{ host: '10.9.9.9' }]);
    expect(parse(entry({ Address: undefined }))).toMatchObject([{ host: '10.9.9.9' }]);
  });

  it('leaves the port to the URL where the service has none', () => {
    expect(parse(entry({ Port: 0 }))[0]).not.toHaveProperty('port');
  });

  it.each<[string, number | undefined]>([
    ['passing', 10],
    ['warning', 3],
    ['critical', undefined],
    ['maintenance', undefined],
    ['', undefined],
  ])('gives an instance whose worst check is %j the weight %j', (status, weight) => {
    expect(parse(entry(weights, status)).map((endpoint) => (endpoint as { weight: number }).weight)).toEqual(
      weight === undefined ? [] : [weight],
    );
  });

  it('lets the worst of the checks decide, wherever it stands', () => {
    const checks = (...statuses: string[]) => ({ ...entry(weights), Checks: statuses.map((Status) => ({ Status })) });
    expect(parse(checks('warning', 'passing'))).toMatchObject([{ weight: 3 }]);
    expect(parse(checks('critical', 'warning', 'passing'))).toEqual([]);
    expect(parse(checks())).toMatchObject([{ weight: 10 }]);
  });

  it.each([undefined, null, -1, Number.NaN, '5', 65_536, {}])('takes the weight %j for none', (Passing) => {
    expect(parse(entry({ Weights: { Passing } }))).toMatchObject([{ weight: 1 }]);
  });

  it('keeps a weight of zero', () => {
    expect(parse(entry({ Weights: { Passing: 0 } }))).toMatchObject([{ weight: 0 }]);
  });

  it('finds zone and region in the instance before its node', () => {
    const node = { Meta: { zone: 'n', region: 'nr' }, Locality: { Zone: 'nl' } };
    expect(parse(entry({}, 'passing', node))).toMatchObject([{ zone: 'n', region: 'nr' }]);
    expect(parse(entry({ Locality: { Zone: 'l', Region: 'lr' } }, 'passing', node))).toMatchObject([
      { zone: 'l', region: 'lr' },
    ]);
    expect(parse(entry({ Meta: { zone: 'x'.repeat(300) } }, 'passing', node))).toMatchObject([{ zone: 'n' }]);
    expect(parse(entry())[0]).not.toHaveProperty('zone');
  });

  it('keeps one of several at one address: the healthiest, then the smallest id, in the place of the first', () => {
    const other = entry({ ID: 'other', Port: 81 });
    const [a, b] = [entry({ ID: 'a', Meta: { is: 'a' } }), entry({ ID: 'b', Meta: { is: 'b' } })];
    const ids = (...entries: unknown[]) =>
      parse(...entries).map((endpoint) => (endpoint as { metadata: Record<string, string> }).metadata['consul.id']);
    expect(ids(b, other, a)).toEqual(['a', 'other']);
    expect(ids(a, other, b)).toEqual(['a', 'other']);
    expect(ids(entry({ ID: 'a' }, 'warning'), b)).toEqual(['b']);
    expect(ids(entry({ ID: 'a' }, 'critical'), b)).toEqual(['b']);
  });

  it('keeps the order of the answer, which `near` sorts', () => {
    expect(parse(...[83, 81, 82].map((Port) => entry({ Port })))).toMatchObject([
      { port: 83 },
      { port: 81 },
      { port: 82 },
    ]);
  });

  it('hands on what makes no endpoint, to be refused by name', () => {
    const good = entry();
    const { endpoints, refused } = readAnswer({
      endpoints: parse(good, entry({ Port: 70_000 }), entry({ Address: 'http://x/' }), null, 7, {}, { Service: [] }),
    });
    expect(endpoints).toHaveLength(1);
    expect(refused.map(({ reason }) => reason)).toEqual([
      expect.stringContaining('port must be'),
      ...Array(5).fill(expect.stringContaining('host must be')),
    ]);
  });

  it.each([null, {}, 'x', 7])('takes the body %j for no answer', (body) => {
    expect(() => parseHealthEntries(body, { headers: new Headers() })).toThrow('no array of health entries');
  });

  it('makes an answer that can be read, or an error, of whatever there is', () => {
    const odd = fc.oneof(fc.jsonValue(), fc.constantFrom(undefined, -1, 0, 1e9, '', '10.0.0.1', [], {}));
    const fields = (...names: string[]) =>
      fc.oneof(odd, fc.record(Object.fromEntries(names.map((name) => [name, odd])), { requiredKeys: [] }));
    const entries = fc.array(
      fc.oneof(
        odd,
        fc.record({
          Node: fields('Node', 'Address', 'Datacenter', 'Meta', 'Locality'),
          Service: fields('ID', 'Address', 'Port', 'Tags', 'Meta', 'Weights', 'Locality'),
          Checks: fc.oneof(odd, fc.array(fields('Status'))),
        }),
      ),
    );
    fc.assert(
      fc.property(entries, (body) => {
        const parsed = parseHealthEntries(body, { headers: new Headers() });
        expect(parsed.length).toBeLessThanOrEqual(body.length);
        try {
          const { endpoints } = readAnswer({ endpoints: parsed });
          expect(endpoints.every(({ weight }) => weight >= 0 && weight <= 65_535)).toBe(true);
        } catch (error) {
          expect((error as Error).message).toMatch(/no endpoint of the answer can be used/);
        }
      }),
      { numRuns: 500 },
    );
  });
});
