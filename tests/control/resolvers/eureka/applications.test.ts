import { describe, expect, it } from '@jest/globals';

import {
  readApplication,
  readApplications,
  type EurekaInstance,
} from '../../../../src/control/resolvers/eureka/applications.js';

const instance = (more: object = {}): object => ({
  instanceId: 'i-1',
  hostName: 'h1',
  app: 'ORDERS',
  status: 'UP',
  ...more,
});
const keysOf = ({ instances }: { instances: readonly EurekaInstance[] }): string[] => instances.map(({ key }) => key);

describe('the applications of an answer', () => {
  it('are lists', () => {
    const read = readApplications({
      applications: {
        versions__delta: '7',
        apps__hashcode: 'UP_3_',
        application: [
          { name: 'ORDERS', instance: [instance(), instance({ instanceId: 'i-2' })] },
          { name: 'STOCK', instance: [instance({ app: 'STOCK' })] },
        ],
      },
    });
    expect(keysOf(read)).toEqual(['ORDERS/i-1', 'ORDERS/i-2', 'STOCK/i-1']);
    expect(read.hashcode).toBe('UP_3_');
  });

  it('are lone objects where older servers have one entry', () => {
    const read = readApplications({
      applications: { apps_hashcode: 'UP_1_', application: { name: 'ORDERS', instance: instance() } },
    });
    expect(keysOf(read)).toEqual(['ORDERS/i-1']);
    expect(read.hashcode).toBe('UP_1_');
    expect(keysOf(readApplication({ application: { name: 'ORDERS', instance: instance() } }))).toEqual(['ORDERS/i-1']);
  });

  it.each([{ application: [] }, {}, { application: null }, { application: [{ name: 'ORDERS' }] }])(
    'are nobody in %j',
    (applications) => {
      expect(readApplications({ applications }).instances).toEqual([]);
    },
  );

  it('are known by id, by what Amazon calls them, or by host name, and by application in upper case', () => {
    const amazon = { dataCenterInfo: { name: 'Amazon', metadata: { 'instance-id': 'i-aws' } } };
    const read = readApplication({
      application: {
        name: 'orders',
        instance: [
          instance({ app: undefined }),
          instance({ instanceId: undefined, ...amazon }),
          instance({ instanceId: '', app: 'orders' }),
        ],
      },
    });
    expect(keysOf(read)).toEqual(['ORDERS/i-1', 'ORDERS/i-aws', 'ORDERS/h1']);
  });

  it.each([
    [undefined],
    [null],
    ['applications'],
    [[]],
    [{}],
    [{ applications: [] }],
    [{ applications: { application: 'ORDERS' } }],
    [{ applications: { application: [{ name: 'ORDERS', instance: ['i-1'] }] } }],
    [{ applications: { application: [{ name: 'ORDERS', instance: [{ instanceId: 'i-1' }] }] } }],
  ])('cannot be read from %j', (body) => {
    expect(() => readApplications(body)).toThrow('the body holds');
  });

  it.each([[{}], [{ application: [] }], [{ application: { instance: [1] } }]])(
    'of one name cannot be read from %j',
    (body) => {
      expect(() => readApplication(body)).toThrow('the body holds');
    },
  );
});
