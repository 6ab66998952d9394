import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { EndpointInput } from '../../../src/core/endpoint.js';
import { readAnswer } from '../../../src/control/discovery/read-answer.js';
import { dnsResolver } from '../../../src/control/resolvers/dns-resolver.js';
import { isDecidedlyUnavailable, srvEndpoints } from '../../../src/control/resolvers/srv-endpoints.js';

const signal = new AbortController().signal;
const srv = (name: string, priority: number, weight: number, port = 80) => ({ name, priority, weight, port });
const at = (...addresses: string[]) => addresses.map((address) => ({ address, ttlMs: 1_000 }));

describe('dnsResolver', () => {
  it.each([
    ['127.0.0.1', { host: '127.0.0.1', port: 80 }],
    ['::1', { host: '::1', port: 80 }],
  ])('does not ask about the address %s', async (name, endpoint) => {
    expect(await dnsResolver(name, { port: 80 }).resolve({ signal })).toEqual({
      endpoints: [endpoint],
      authoritative: true,
    });
  });

  it('knows localhost as the system does', async () => {
    const { endpoints } = await dnsResolver('localhost', { family: 4 }).resolve({ signal });
    expect(endpoints).toEqual([{ host: '127.0.0.1' }]);
  });

  it.each<[string, object, RegExp]>([
    ['', {}, /dnsResolver: must be a host name/],
    ['a b', {}, /dnsResolver: must be a host name/],
    ['a:80', {}, /dnsResolver: must be a host name/],
    ['a', { port: 0 }, /dnsResolver\.port/],
    ['a', { family: 5 }, /dnsResolver\.family/],
    ['a', { type: 'mx' }, /dnsResolver\.type: must be one of/],
    ['a', { servers: ['dns.example'] }, /dnsResolver\.servers: must be IP addresses/],
    ['a', { tries: 0 }, /dnsResolver\.tries/],
    ['a', { timeout: 1 }, /dnsResolver\.timeout: unknown option/],
    ['_http._tcp.a', { port: 80 }, /dnsResolver\.port: not for SRV/],
  ])('refuses %j with %j', (name, options, message) => {
    expect(() => dnsResolver(name, options)).toThrow(message);
  });
});

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

  it('knows the target that says that nobody is there', () => {
    expect(isDecidedlyUnavailable([srv('.', 0, 0)])).toBe(true);
    expect(isDecidedlyUnavailable([srv('', 0, 0)])).toBe(true);
    expect(isDecidedlyUnavailable([srv('a', 0, 0)])).toBe(false);
    expect(isDecidedlyUnavailable([])).toBe(false);
  });

  it('always makes usable endpoints with distinct identities', () => {
    const uint16 = fc.integer({ min: 0, max: 65_535 });
    const record = fc.record({
      name: fc.constantFrom('a', 'b', 'unresolved'),
      priority: uint16,
      weight: uint16,
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    fc.assert(
      fc.property(fc.array(record), (records) => {
        const inputs: EndpointInput[] = srvEndpoints(records, addresses);
        const { endpoints, refused } = readAnswer({ endpoints: inputs });
        expect(refused).toEqual([]);
        expect(endpoints.every(({ weight }) => weight > 0)).toBe(true);
      }),
    );
  });
});
