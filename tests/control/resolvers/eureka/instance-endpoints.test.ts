import { describe, expect, it } from '@jest/globals';

import { readApplication } from '../../../../src/control/resolvers/eureka/applications.js';
import { endpointsOf, type InstanceChoice } from '../../../../src/control/resolvers/eureka/instance-endpoints.js';
import type { EndpointInput } from '../../../../src/core/endpoint.js';

const BOTH = { port: { $: 8080, '@enabled': 'true' }, securePort: { $: 8443, '@enabled': 'true' } };
const PLAIN = { port: { $: 8080, '@enabled': 'true' }, securePort: { $: 443, '@enabled': 'false' } };
const SECURE = { port: { $: 8080, '@enabled': 'false' }, securePort: { $: 8443, '@enabled': 'true' } };

let nextId = 0;
const instance = (more: object = {}): object => ({
  instanceId: `i-${++nextId}`,
  hostName: 'h1.example',
  ipAddr: '10.0.0.1',
  app: 'ORDERS',
  status: 'UP',
  overriddenStatus: 'UNKNOWN',
  ...PLAIN,
  dataCenterInfo: { '@class': 'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo', name: 'MyOwn' },
  metadata: { '@class': 'java.util.Collections$EmptyMap' },
  ...more,
});

function endpoints(entries: readonly object[], choice: Partial<InstanceChoice> = {}): EndpointInput[] {
  const { instances } = readApplication({ application: { name: 'ORDERS', instance: entries } });
  return endpointsOf(instances, { secure: undefined, preferIp: false, ...choice });
}

const addresses = (...given: Parameters<typeof endpoints>): string[] =>
  endpoints(...given).map((input) => {
    const { scheme, host, port } = input as Exclude<EndpointInput, string>;
    return `${scheme}://${host}:${port}`;
  });

describe('an instance', () => {
  it('becomes an endpoint with what Eureka knows of it', () => {
    expect(endpoints([instance({ instanceId: 'i-x', metadata: { version: '2', zone: 'a' } })])).toEqual([
      {
        host: 'h1.example',
        port: 8080,
        scheme: 'http',
        zone: 'a',
        metadata: { 'eureka.instanceId': 'i-x', 'eureka.app': 'ORDERS', version: '2', zone: 'a' },
      },
    ]);
  });

  it('of an empty Java map has no metadata of its own', () => {
    const [endpoint] = endpoints([instance({ instanceId: 'i-x' })]);
    expect(endpoint).toMatchObject({ metadata: { 'eureka.instanceId': 'i-x', 'eureka.app': 'ORDERS' } });
    expect(Object.keys((endpoint as { metadata: object }).metadata)).toHaveLength(2);
  });

  it.each(['DOWN', 'STARTING', 'OUT_OF_SERVICE', 'UNKNOWN', 'up', ''])('that is %j is not used', (status) => {
    expect(endpoints([instance({ status })])).toEqual([]);
  });

  it.each([
    ['overriddenStatus', 'OUT_OF_SERVICE', 0],
    ['overriddenstatus', 'OUT_OF_SERVICE', 0],
    ['overriddenstatus', 'DOWN', 0],
    ['overriddenStatus', 'UP', 1],
    ['overriddenstatus', 'UNKNOWN', 1],
  ])('that is up with %s %s counts %d', (field, override, count) => {
    const { overriddenStatus: _, ...bare } = instance() as Record<string, unknown>;
    expect(endpoints([{ ...bare, [field]: override }])).toHaveLength(count);
  });

  it('that is down is not forced up by an override that the server has not worked in', () => {
    expect(endpoints([instance({ status: 'DOWN', overriddenStatus: 'UP' })])).toEqual([]);
  });
});

describe('the zone', () => {
  const amazon = (zone: unknown): object => ({
    dataCenterInfo: { name: 'Amazon', metadata: { 'availability-zone': zone } },
  });

  it.each([
    ['of its metadata', { metadata: { zone: 'a' } }, 'a'],
    ['of Amazon', amazon('us-east-1c'), 'us-east-1c'],
    ['of its metadata before that of Amazon', { metadata: { zone: 'a' }, ...amazon('us-east-1c') }, 'a'],
    ['of Amazon when its own is empty', { metadata: { zone: '' }, ...amazon('us-east-1c') }, 'us-east-1c'],
    ['nowhere', {}, undefined],
    ['of a strange type', amazon(7), undefined],
    ['of a strange length', amazon('z'.repeat(256)), undefined],
  ])('is that %s', (_, more, zone) => {
    expect((endpoints([instance(more)])[0] as { zone?: string }).zone).toBe(zone);
  });
});

describe('the port', () => {
  it.each([
    [undefined, PLAIN, 'http://h1.example:8080'],
    [undefined, BOTH, 'http://h1.example:8080'],
    [undefined, SECURE, 'https://h1.example:8443'],
    [true, BOTH, 'https://h1.example:8443'],
    [true, SECURE, 'https://h1.example:8443'],
    [false, BOTH, 'http://h1.example:8080'],
    [false, PLAIN, 'http://h1.example:8080'],
  ])('with secure %p of %j gives %s', (secure, ports, address) => {
    expect(addresses([instance(ports)], { secure })).toEqual([address]);
  });

  it('that is not enabled costs the endpoint, and is an error when nobody has one that is', () => {
    expect(addresses([instance(PLAIN), instance(SECURE)], { secure: true })).toEqual(['https://h1.example:8443']);
    expect(() => endpoints([instance(PLAIN), instance(PLAIN)], { secure: true })).toThrow(
      '2 instances are up, and none of them has its secure port enabled',
    );
    expect(() => endpoints([instance(SECURE)], { secure: false })).toThrow('its plain port');
    expect(() => endpoints([instance({ port: 8080, securePort: undefined })])).toThrow('none of them has a port');
  });

  it('is read whether its number is a text, and its state none', () => {
    expect(addresses([instance({ port: { $: '8081', '@enabled': true } })])).toEqual(['http://h1.example:8081']);
  });
});

describe('the host', () => {
  it('is the host name, or the address if that is preferred', () => {
    expect(addresses([instance()])).toEqual(['http://h1.example:8080']);
    expect(addresses([instance()], { preferIp: true })).toEqual(['http://10.0.0.1:8080']);
  });

  it('is the other one when the preferred one is none', () => {
    expect(addresses([instance({ hostName: 'not a host' })])).toEqual(['http://10.0.0.1:8080']);
    expect(addresses([instance({ ipAddr: '' })], { preferIp: true })).toEqual(['http://h1.example:8080']);
  });

  it('goes with its name for TLS, if it has one', () => {
    expect(endpoints([instance(SECURE)], { preferIp: true })).toMatchObject([
      { host: '10.0.0.1', hostname: 'h1.example' },
    ]);
    expect(endpoints([instance({ ...SECURE, hostName: '10.0.0.1' })])[0]).not.toHaveProperty('hostname');
    expect(endpoints([instance(PLAIN)], { preferIp: true })[0]).not.toHaveProperty('hostname');
  });

  it('is handed on as it is when it is none, to be refused with a reason', () => {
    expect(endpoints([instance({ hostName: 'not a host', ipAddr: undefined })])).toMatchObject([
      { host: 'not a host' },
    ]);
  });

  it('that was registered twice counts once, as it was told last', () => {
    const older = instance({ instanceId: 'old', lastUpdatedTimestamp: '1600000000000' });
    const newer = instance({ instanceId: 'new', lastUpdatedTimestamp: '1600000000001' });
    for (const entries of [
      [older, newer],
      [newer, older],
    ]) {
      expect(endpoints(entries)).toMatchObject([{ metadata: { 'eureka.instanceId': 'new' } }]);
    }
  });
});
