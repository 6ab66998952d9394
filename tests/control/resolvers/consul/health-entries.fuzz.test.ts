import { describe, expect, it } from '@jest/globals';

import { readAnswer, type CheckedAnswer } from '../../../../src/control/discovery/read-answer.js';
import { parseHealthEntries } from '../../../../src/control/resolvers/consul/health-entries.js';
import { parseJson } from '../../../../src/kit/safe-json.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { mutate } from '../../../support/mutate.js';
import { entry } from './agent-double.js';

const MUTANTS = 20_000;

const ANSWER = JSON.stringify([
  entry({ ID: 'web-1', Tags: ['v1', 'blue'], Meta: { zone: 'a' }, Weights: { Passing: 10, Warning: 1 } }),
  entry({ ID: 'web-2', Address: '', Port: 81 }, 'warning', { Meta: { zone: 'b' } }),
  entry({ ID: 'web-3', Address: '2001:db8::1', Port: 82 }, 'critical', { Locality: { Region: 'r', Zone: 'z' } }),
]);

const headers = new Headers();

describe('an answer of Consul that was tampered with', () => {
  it(`is an answer or an error, ${MUTANTS} times over, and never more than it says`, () => {
    const random = createSeededRandom(20_261_123);
    let answers = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const text = mutate(ANSWER, random);
      let answer: CheckedAnswer;
      try {
        answer = readAnswer({ endpoints: parseHealthEntries(parseJson(text), { headers }) });
      } catch (error) {
        // Of the parser, of the reader, or of the check after it: never a slip of the code, such as reading of undefined.
        const { name, message } = error as Error;
        if (name === 'SyntaxError' || /nested deeper|no array of health|no endpoint of the answer/.test(message))
          continue;
        throw new Error(`${name}: ${message}\n${text}`);
      }
      answers++;
      for (const { host, port, weight, zone, region, priority, scheme, basePath } of answer.endpoints) {
        const isFine =
          /^[\w.:-]{1,253}$/.test(host) &&
          (port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)) &&
          weight >= 0 &&
          weight <= 65_535 &&
          (zone ?? 'z').length <= 255 &&
          (region ?? 'r').length <= 255 &&
          priority === 0 &&
          scheme === undefined &&
          basePath === '';
        if (!isFine) throw new Error(`${host} ${port} ${weight} ${zone} ${region}\n${text}`);
      }
    }
    // Otherwise the mutants are so broken that nothing but the JSON parser is tested.
    expect(answers).toBeGreaterThan(MUTANTS / 20);
  });
});
