import { describe, expect, it } from '@jest/globals';

import { readInstanceList } from '../../../../src/control/resolvers/nacos/instance-list.js';

const instance = (more: object = {}): object => ({
  instanceId: '10.0.0.1#8080#DEFAULT#DEFAULT_GROUP@@orders',
  ip: '10.0.0.1',
  port: 8080,
  weight: 1,
  healthy: true,
  enabled: true,
  ephemeral: true,
  clusterName: 'DEFAULT',
  serviceName: 'DEFAULT_GROUP@@orders',
  metadata: {},
  ...more,
});
const list = (hosts: unknown, more: object = {}): object => ({
  name: 'DEFAULT_GROUP@@orders',
  hosts,
  cacheMillis: 10_000,
  lastRefTime: 1_700_000_000_000,
  ...more,
});
const endpointsOf = (...hosts: unknown[]) => readInstanceList(list(hosts), 'v1').endpoints;

describe('a list of instances', () => {
  const endpoint = {
    host: '10.0.0.1',
    port: 8080,
    weight: 1,
    metadata: { 'nacos.instanceId': '10.0.0.1#8080#DEFAULT#DEFAULT_GROUP@@orders', 'nacos.cluster': 'DEFAULT' },
  };

  it('is the body in v1, wrapped in v2, and without anything around it in v3', () => {
    const whole = { endpoints: [endpoint], madeAtMs: 1_700_000_000_000, keepForMs: 10_000 };
    expect(readInstanceList(list([instance()]), 'v1')).toEqual(whole);
    expect(readInstanceList({ code: 0, message: 'success', data: list([instance()]) }, 'v2')).toEqual(whole);
    expect(readInstanceList({ code: 0, message: 'success', data: [instance()] }, 'v3')).toEqual({
      endpoints: [endpoint],
      madeAtMs: undefined,
      keepForMs: undefined,
    });
  });

  it('may be empty, and silent about times', () => {
    expect(readInstanceList(list([], { cacheMillis: 0, lastRefTime: 'now' }), 'v1')).toEqual({
      endpoints: [],
      madeAtMs: undefined,
      keepForMs: undefined,
    });
  });

  it.each([
    [null, 'v1', 'the body is no object'],
    [[], 'v1', 'the body is no object'],
    [{}, 'v1', 'the body holds no list of instances'],
    [{ hosts: {} }, 'v1', 'the body holds no list of instances'],
    [{ hosts: ['10.0.0.1'] }, 'v1', 'the body holds an instance that is none'],
    [{ hosts: [] }, 'v2', 'the body holds no result'],
    [{ code: 30_000, message: 'server error', data: null }, 'v2', 'code 30000: server error'],
    [{ code: 10_000, message: 'x'.repeat(1_000) }, 'v3', `code 10000: ${'x'.repeat(200)}`],
    [{ code: 1 }, 'v3', 'code 1'],
    [{ code: 0, data: null }, 'v2', 'the body holds no list of instances'],
    [{ code: 0, data: { hosts: [] } }, 'v3', 'the body holds no list of instances'],
  ] as const)('cannot be %j in %s: %s', (body, version, message) => {
    let thrown: unknown;
    try {
      readInstanceList(body, version);
    } catch (error) {
      thrown = error;
    }
    expect((thrown as Error).message).toBe(message);
  });
});

describe('an instance', () => {
  it.each([
    [{ healthy: false }],
    [{ enabled: false }],
    [{ weight: 0 }],
    [{ weight: -1 }],
    [{ healthy: 'true' }],
    [{ enabled: null }],
    [{ healthy: undefined, valid: false }],
  ])('with %j is not used', (more) => {
    expect(endpointsOf(instance(more))).toEqual([]);
  });

  it('has by default what it has in Nacos', () => {
    expect(endpointsOf({ ip: '10.0.0.1', port: 8080 })).toEqual([{ host: '10.0.0.1', port: 8080, metadata: {} }]);
  });

  it('brings its weight and its metadata', () => {
    expect(endpointsOf(instance({ weight: 2.5, metadata: { version: '2', 'nacos.cluster': 'mine', n: 1 } }))).toEqual([
      {
        host: '10.0.0.1',
        port: 8080,
        weight: 2.5,
        metadata: {
          'nacos.instanceId': '10.0.0.1#8080#DEFAULT#DEFAULT_GROUP@@orders',
          'nacos.cluster': 'DEFAULT',
          version: '2',
        },
      },
    ]);
  });

  it.each([
    ['of its metadata', { metadata: { zone: 'a' }, clusterName: 'east' }, 'a'],
    ['its cluster', { clusterName: 'east' }, 'east'],
    ['none in the default cluster', { clusterName: 'DEFAULT' }, undefined],
    ['its cluster when its own is empty', { metadata: { zone: '' }, clusterName: 'east' }, 'east'],
    ['none when it is too long', { clusterName: 'z'.repeat(256) }, undefined],
  ])('has as its zone %s', (_, more, zone) => {
    expect((endpointsOf(instance(more))[0] as { zone?: string }).zone).toBe(zone);
  });

  it('in several clusters counts once', () => {
    expect(endpointsOf(instance({ clusterName: 'east' }), instance({ clusterName: 'west' }))).toMatchObject([
      { zone: 'east' },
    ]);
  });

  it('without an address is handed on as it is, to be refused with a reason', () => {
    expect(endpointsOf(instance({ ip: 7, port: 'x' }))).toMatchObject([{ host: 7, port: 'x' }]);
  });
});
