import { describe, expect, it } from '@jest/globals';

import { readAnswer, type CheckedAnswer } from '../../../../src/control/discovery/read-answer.js';
import { readApplications, type Applications } from '../../../../src/control/resolvers/eureka/applications.js';
import { endpointsOf } from '../../../../src/control/resolvers/eureka/instance-endpoints.js';
import { copyOf, hashcodeOf, wantedOf, withDelta } from '../../../../src/control/resolvers/eureka/registry-copy.js';
import { parseJson } from '../../../../src/kit/safe-json.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { mutate } from '../../../support/mutate.js';

const MUTANTS = 20_000;

const instance = (id: number, more: object = {}): object => ({
  instanceId: `h${id}:orders:8080`,
  hostName: `h${id}.example`,
  app: 'ORDERS',
  ipAddr: `10.0.0.${id}`,
  status: 'UP',
  overriddenStatus: 'UNKNOWN',
  port: { $: 8080, '@enabled': 'true' },
  securePort: { $: 8443, '@enabled': 'false' },
  dataCenterInfo: {
    '@class': 'com.netflix.appinfo.AmazonInfo',
    name: 'Amazon',
    metadata: { 'availability-zone': 'c' },
  },
  metadata: { zone: 'a' },
  vipAddress: 'orders',
  lastUpdatedTimestamp: '1700000000000',
  actionType: 'ADDED',
  ...more,
});

const ANSWER = JSON.stringify({
  applications: {
    versions__delta: '1',
    apps__hashcode: 'DOWN_1_UP_2_',
    application: [
      { name: 'ORDERS', instance: [instance(1), instance(2, { port: { $: 1, '@enabled': 'false' } })] },
      { name: 'STOCK', instance: instance(3, { app: 'STOCK', status: 'DOWN' }) },
    ],
  },
});

describe('an answer of Eureka that was tampered with', () => {
  it(`is an answer or an error, ${MUTANTS} times over, and never more than it says`, () => {
    const random = createSeededRandom(20_261_124);
    const whole = readApplications(parseJson(ANSWER));
    const wanted = (): boolean => true;
    let answers = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const text = mutate(ANSWER, random);
      let applications: Applications;
      let answer: CheckedAnswer;
      try {
        applications = readApplications(parseJson(text));
        answer = readAnswer({ endpoints: endpointsOf(applications.instances, { secure: undefined, preferIp: false }) });
      } catch (error) {
        // Of the parser, of the reader, or of the check after it: never a slip of the code, such as reading of undefined.
        const { name, message } = error as Error;
        const isFine = /nested deeper|the body holds|no endpoint of the answer|none of them has a port/.test(message);
        if (name === 'SyntaxError' || isFine) continue;
        throw new Error(`${name}: ${message}\n${text}`);
      }
      answers++;
      const copy = withDelta(copyOf(whole, wanted), applications, wanted);
      expect(copy.size).toBeLessThan(10);
      expect(typeof hashcodeOf(copy)).toBe('string');
      expect(wantedOf(copy)).toHaveLength(copy.size);
      for (const { host, port = 0, scheme, zone = 'z', basePath, priority, weight } of answer.endpoints) {
        const isFine =
          /^[\w.:-]{1,253}$/.test(host) &&
          port >= 1 &&
          port <= 65_535 &&
          (scheme === 'http' || scheme === 'https') &&
          zone.length <= 255 &&
          basePath === '' &&
          priority === 0 &&
          weight === 1;
        if (!isFine) throw new Error(`${host} ${port} ${scheme} ${zone}\n${text}`);
      }
    }
    // Otherwise the mutants are so broken that nothing but the JSON parser is tested.
    expect(answers).toBeGreaterThan(MUTANTS / 20);
  });
});
