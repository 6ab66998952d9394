import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Endpoint } from '../../src/core/endpoint.js';
import { targetOf } from '../../src/data/target.js';

function endpoint(fields: Partial<Endpoint> = {}): Endpoint {
  return {
    id: 'e',
    host: '10.0.0.1',
    port: 8080,
    scheme: undefined,
    basePath: '',
    weight: 1,
    priority: 0,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: {},
    ...fields,
  };
}

describe('targetOf', () => {
  it.each<[string, Partial<Endpoint>, string, string, string]>([
    ["takes the URL's scheme", {}, 'http://orders', 'http://10.0.0.1:8080', 'orders'],
    ["takes the URL's scheme", {}, 'https://orders', 'https://10.0.0.1:8080', 'orders'],
    [
      "takes the URL's port when it has none",
      { port: undefined },
      'http://orders:99',
      'http://10.0.0.1:99',
      'orders:99',
    ],
    ["takes http's port when there is none", { port: undefined }, 'http://orders', 'http://10.0.0.1:80', 'orders'],
    ["takes https' port when there is none", { port: undefined }, 'https://orders', 'https://10.0.0.1:443', 'orders'],
    [
      'takes the port of its own scheme',
      { port: undefined, scheme: 'https' },
      'http://orders',
      'https://10.0.0.1:443',
      'orders',
    ],
    ['may add encryption', { scheme: 'https' }, 'http://orders', 'https://10.0.0.1:8080', 'orders'],
    ['writes IPv6 in brackets', { host: '::1' }, 'http://orders', 'http://[::1]:8080', 'orders'],
    ['keeps a host name', { host: 'pod-1.local' }, 'http://orders', 'http://pod-1.local:8080', 'orders'],
    [
      'has a Host of its own',
      { hostname: 'shard-1.orders' },
      'http://orders:99',
      'http://10.0.0.1:8080',
      'shard-1.orders',
    ],
  ])('%s', (_, fields, logicalOrigin, origin, host) => {
    const target = targetOf(endpoint(fields), logicalOrigin);
    expect(target).toMatchObject({ logicalOrigin, origin, host, refusal: undefined });
    expect(target.address).toBe(origin.slice(origin.indexOf('//') + 2));
  });

  it('keeps the base path', () => {
    expect(targetOf(endpoint({ basePath: '/api' }), 'http://orders').basePath).toBe('/api');
  });

  it('refuses to take away the encryption that the caller asked for', () => {
    expect(targetOf(endpoint({ scheme: 'http' }), 'https://orders').refusal).toBe(
      '10.0.0.1:8080 offers http where https was asked for',
    );
    expect(targetOf(endpoint({ scheme: 'http' }), 'http://orders').refusal).toBeUndefined();
  });

  it('is made once for an endpoint and an origin, and anew for another', () => {
    const one = endpoint();
    const first = targetOf(one, 'http://orders');
    expect(targetOf(one, 'http://orders')).toBe(first);
    expect(targetOf(one, 'http://orders:99').host).toBe('orders:99');
    expect(targetOf(one, 'http://orders')).toEqual(first);
    expect(targetOf(endpoint(), 'http://orders')).not.toBe(first);
  });

  it('is an origin that the URL parser gives back as it is, but for a default port', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain());
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'https'), (name, port, scheme) => {
        const { origin, address } = targetOf(endpoint({ host: name.toLowerCase(), port }), `${scheme}://orders`);
        const parsed = new URL(origin);
        expect(parsed.protocol).toBe(`${scheme}:`);
        expect(Number(parsed.port === '' ? (scheme === 'https' ? 443 : 80) : parsed.port)).toBe(port);
        expect(address.endsWith(`:${port}`)).toBe(true);
      }),
    );
  });
});
