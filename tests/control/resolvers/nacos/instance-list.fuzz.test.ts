import { describe, expect, it } from '@jest/globals';

import { readAnswer, type CheckedAnswer } from '../../../../src/control/discovery/read-answer.js';
import { readInstanceList, type InstanceList } from '../../../../src/control/resolvers/nacos/instance-list.js';
import { parseJson } from '../../../../src/kit/safe-json.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { mutate } from '../../../support/mutate.js';

const MUTANTS = 7_000;

const hosts = [1, 2, 3].map((id) => ({
  instanceId: `10.0.0.${id}#8080#DEFAULT#DEFAULT_GROUP@@orders`,
  ip: `10.0.0.${id}`,
  port: 8080,
  weight: id,
  healthy: id !== 3,
  enabled: true,
  ephemeral: true,
  clusterName: id === 2 ? 'east' : 'DEFAULT',
  metadata: { zone: 'a' },
}));
const list = { name: 'DEFAULT_GROUP@@orders', cacheMillis: 10_000, hosts, lastRefTime: 1_700_000_000_000 };

const ANSWERS = {
  v1: list,
  v2: { code: 0, message: 'success', data: list },
  v3: { code: 0, message: 'success', data: hosts },
} as const;

describe.each(['v1', 'v2', 'v3'] as const)('an answer of Nacos in %s that was tampered with', (version) => {
  it(`is an answer or an error, ${MUTANTS} times over, and never more than it says`, () => {
    const random = createSeededRandom(20_261_125);
    const whole = JSON.stringify(ANSWERS[version]);
    let answers = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const text = mutate(whole, random);
      let read: InstanceList;
      let answer: CheckedAnswer;
      try {
        read = readInstanceList(parseJson(text), version);
        answer = readAnswer({ endpoints: read.endpoints, ttlMs: read.keepForMs });
      } catch (error) {
        // Of the parser, of the reader, or of the check after it: never a slip of the code, such as reading of undefined.
        const { name, message } = error as Error;
        const isFine = /nested deeper|the body (?:holds|is)|no endpoint of the answer|^code -?\d/.test(message);
        if (name === 'SyntaxError' || isFine) continue;
        throw new Error(`${name}: ${message}\n${text}`);
      }
      answers++;
      for (const { host, port = 0, scheme, zone = 'z', basePath, priority, weight } of answer.endpoints) {
        const isFine =
          /^[\w.:-]{1,253}$/.test(host) &&
          Number.isInteger(port) &&
          port >= 0 &&
          port <= 65_535 &&
          weight > 0 &&
          weight <= 1_000_000 &&
          scheme === undefined &&
          zone.length <= 255 &&
          basePath === '' &&
          priority === 0;
        if (!isFine) throw new Error(`${host} ${port} ${weight} ${zone}\n${text}`);
      }
    }
    // Otherwise the mutants are so broken that nothing but the JSON parser is tested.
    expect(answers).toBeGreaterThan(MUTANTS / 20);
  });
});
