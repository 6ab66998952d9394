import { describe, expect, it } from '@jest/globals';

import type { EndpointInput } from '../../../../src/core/endpoint.js';
import { normalizeEndpoint } from '../../../../src/control/discovery/normalize-endpoint.js';
import { parseValue } from '../../../../src/control/resolvers/etcd/parse-value.js';

/** What becomes of the value in the end. */
const read = (value: unknown): unknown => {
  const parsed = parseValue(typeof value === 'string' ? value : JSON.stringify(value));
  if (parsed === undefined) return undefined;
  if (Array.isArray(parsed)) return (parsed as EndpointInput[]).map((input) => normalizeEndpoint(input));
  return normalizeEndpoint(parsed as EndpointInput);
};

const METADATA = { weight: 5, zone: 'a', canary: true, nested: { x: 1 }, none: null };

describe('a value in etcd', () => {
  it.each<[string, unknown, object]>([
    ['host:port', '10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
    ['host:port with blanks around it', ' orders-1.internal:80\n', { host: 'orders-1.internal', port: 80 }],
    ['an IPv6 address', '[2001:db8::1]:80', { host: '2001:db8::1', port: 80 }],
    ['a URL', 'https://10.0.0.1/api', { scheme: 'https', host: '10.0.0.1', basePath: '/api' }],
    ['a JSON string', '"10.0.0.1:80"', { host: '10.0.0.1', port: 80 }],
    [
      'an endpoint as Fairlead has it',
      { host: '10.0.0.1', port: 80, weight: 2, priority: 1, zone: 'a', metadata: { v: '7' } },
      { host: '10.0.0.1', port: 80, weight: 2, priority: 1, zone: 'a', metadata: { v: '7' } },
    ],
    [
      "etcd's package for Go, naming/endpoints",
      { Op: 0, Addr: '10.0.0.1:80', Metadata: METADATA },
      { host: '10.0.0.1', port: 80, weight: 5, zone: 'a', metadata: { weight: '5', zone: 'a', canary: 'true' } },
    ],
    ['the same without metadata', { Addr: '10.0.0.1:80', Metadata: null }, { port: 80, weight: 1, metadata: {} }],
    [
      'Kitex',
      { network: 'tcp', address: '10.0.0.1:80', weight: 10, tags: { zone: 'b' } },
      { host: '10.0.0.1', weight: 10, zone: 'b', metadata: { zone: 'b' } },
    ],
    ['vulcand', { URL: 'http://10.0.0.1:80' }, { scheme: 'http', host: '10.0.0.1', port: 80 }],
  ])('may be %s', (_name, value, endpoint) => {
    expect(read(value)).toMatchObject(endpoint);
  });

  it('may be several at once, of any shape', () => {
    expect(read([{ host: '10.0.0.1' }, { Addr: '10.0.0.2:80' }, '10.0.0.3:80', { Op: 1, Addr: 'x' }])).toMatchObject([
      { host: '10.0.0.1' },
      { host: '10.0.0.2' },
      { host: '10.0.0.3' },
    ]);
    expect(read(' [ "10.0.0.1:80" ]')).toMatchObject([{ port: 80 }]);
  });

  it('may say of itself that it is deleted', () => {
    expect(read({ Op: 1, Addr: '10.0.0.1:80' })).toBeUndefined();
  });

  it.each<[unknown, RegExp]>([
    ['', /must be 'host:port'/],
    ['10.0.0.1:80/path', /must be 'host:port'/],
    [{ Addr: 'no port:x' }, /must be 'host:port'/],
    [{ host: '10.0.0.1', port: '80' }, /port must be an integer/],
    [{ address: '10.0.0.1:80', weight: -1 }, /weight must be/],
  ])('that is no endpoint is refused with the reason: %j', (value, reason) => {
    expect(read(value)).toMatch(reason);
  });

  it.each<[string, RegExp]>([
    ['{"Addr":', /JSON/],
    ['{"address":{"host":"x"}}', /has no host, and none of Addr/],
    [`{"a":${'['.repeat(100)}`, /nested deeper/],
  ])('that cannot be read throws: %s', (value, message) => {
    expect(() => parseValue(value)).toThrow(message);
  });

  it('reaches no prototype', () => {
    expect(read('{"host":"10.0.0.1","__proto__":{"port":1},"constructor":1}')).toMatchObject({ port: undefined });
    expect(read('{"Addr":"10.0.0.1:80","Metadata":{"__proto__":"x"}}')).toMatchObject({ metadata: {} });
  });
});
