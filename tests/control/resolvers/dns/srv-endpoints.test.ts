import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { readAnswer } from '../../../../src/control/discovery/read-answer.js';
import type { FoundAddress } from '../../../../src/control/resolvers/dns/found-endpoint.js';
import {
  isDecidedlyUnavailable,
  srvEndpoints as foundEndpoints,
  type Service,
} from '../../../../src/control/resolvers/dns/srv-endpoints.js';

const srv = (target: string, priority: number, weight: number, port = 80): Service => ({
  name: '_http._tcp.test',
  target,
  priority,
  weight,
  port,
  ttlSeconds: 9,
});
const at = (...addresses: string[]): FoundAddress[] =>
  addresses.map((address) => ({ address, ttlMs: 7_000, record: 'A x', server: '10.0.0.2' }));
const srvEndpoints = (...given: Parameters<typeof foundEndpoints>) =>
  foundEndpoints(...given).map(({ endpoint }) => endpoint);

describe('srvEndpoints', () => {
  const addresses = new Map([
    ['a', at('10.0.0.1', '::1')],
    ['b', at('10.0.0.2')],
  ]);

  it('gives each address of each target the record its port, priority and weight, and names the target', () => {
    expect(srvEndpoints([srv('a', 10, 60, 81), srv('b', 20, 5, 82)], addresses)).toEqual([
      { host: '10.0.0.1', port: 81, priority: 10, weight: 60, metadata: { target: 'a' } },
      { host: '::1', port: 81, priority: 10, weight: 60, metadata: { target: 'a' } },
      { host: '10.0.0.2', port: 82, priority: 20, weight: 5, metadata: { target: 'b' } },
    ]);
  });

  it('takes weights that are all zero for equal, and one among others for a very small chance', () => {
    const weights = (...records: Parameters<typeof srvEndpoints>[0]) =>
      srvEndpoints(records, addresses).map((endpoint) => (endpoint as { weight: number }).weight);
    expect(weights(srv('b', 0, 0), srv('a', 0, 0))).toEqual([1, 1, 1]);
    expect(weights(srv('a', 0, 10), srv('b', 0, 0))).toEqual([10, 10, 0.01]);
  });

  it('keeps priorities as they are, or their order when they are beyond what an endpoint can say', () => {
    const levels = (...priorities: number[]) =>
      srvEndpoints(
        priorities.map((priority, i) => srv('b', priority, 1, 80 + i)),
        addresses,
      ).map((endpoint) => (endpoint as { priority: number }).priority);
    expect(levels(5, 127)).toEqual([5, 127]);
    expect(levels(1_000, 10, 65_535, 10)).toEqual([0, 0, 1, 2]);
  });

  it('takes two targets on one machine for one endpoint, by the better record', () => {
    const shared = new Map([['a', at('10.0.0.1')], ['b', at('10.0.0.1')]]); // prettier-ignore
    expect(srvEndpoints([srv('b', 1, 9), srv('a', 0, 3)], shared)).toMatchObject([
      { weight: 3, metadata: { target: 'a' } },
    ]);
  });

  it('says of each endpoint where it comes from, and how long it may be believed', () => {
    const long = { ...srv('a', 0, 1), ttlSeconds: 60 };
    expect(foundEndpoints([long], new Map([['a', at('10.0.0.1')]]))).toMatchObject([
      { record: 'SRV _http._tcp.test → A x', server: '10.0.0.2', ttlMs: 7_000 },
    ]);
  });

  it('does not care for the order of the records', () => {
    const shared = new Map([['a', at('10.0.0.1')], ['b', at('10.0.0.1')]]); // prettier-ignore
    const records = [srv('a', 0, 1), srv('b', 0, 1)];
    expect(srvEndpoints(records, shared)).toEqual(srvEndpoints([...records].reverse(), shared));
  });

  it('knows the target that says that nobody is there', () => {
    expect(isDecidedlyUnavailable([srv('.', 0, 0)])).toBe(true);
    expect(isDecidedlyUnavailable([srv('a', 0, 0)])).toBe(false);
    expect(isDecidedlyUnavailable([])).toBe(false);
  });

  it('always makes usable endpoints with distinct identities', () => {
    const uint16 = fc.integer({ min: 0, max: 65_535 });
    const record = fc.record({
      name: fc.constant('_http._tcp.test'),
      ttlSeconds: fc.nat(),
      target: fc.constantFrom('a', 'b', 'unresolved'),
      priority: uint16,
      weight: uint16,
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const { endpoints, refused } = readAnswer({ endpoints: srvEndpoints(records, addresses) });
        expect(refused).toEqual([]);
        expect(endpoints.every(({ weight }) => weight > 0)).toBe(true);
      }),
    );
  });
});
