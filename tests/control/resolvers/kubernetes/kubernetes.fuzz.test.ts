import { describe, expect, it } from '@jest/globals';

import { readAnswer, type CheckedAnswer } from '../../../../src/control/discovery/read-answer.js';
import { selectEndpoints } from '../../../../src/control/resolvers/kubernetes/slice-endpoints.js';
import { readSlicePage } from '../../../../src/control/resolvers/kubernetes/slice-page.js';
import { readWatchEvent } from '../../../../src/control/resolvers/kubernetes/watch-event.js';
import { parseJson } from '../../../../src/kit/safe-json.js';
import { createSeededRandom } from '../../../../src/testing/seeded-random.js';
import { apiSlice, LEAVING, pod } from '../../../support/kubernetes-api/slice-fixtures.js';
import { mutate } from '../../../support/mutate.js';
import { event, list } from './scripted-api.js';

const MUTANTS = 20_000;
const RULES = { port: undefined, scheme: undefined, family: undefined, zone: 'a' };

const SLICES = [
  apiSlice({
    name: 'orders-1',
    ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'https' }],
    endpoints: [pod(1, { zone: 'a', hints: { forZones: [{ name: 'a' }] } }), pod(2, { conditions: LEAVING })],
  }),
  apiSlice({ name: 'orders-2', addressType: 'IPv6', endpoints: [pod(1, { addresses: ['2001:db8::1'] })] }),
];
const LIST = JSON.stringify(list('41', SLICES));
const EVENTS = [event('MODIFIED', '42', SLICES[0]), event('DELETED', '43', SLICES[1]), event('BOOKMARK', '44')].map(
  (each) => JSON.stringify(each),
);

/** Of the parser, of the readers, or of the check after them: never a slip of the code, such as reading of undefined. */
function refuses(error: unknown, text: string): void {
  const { name, message } = error as Error;
  if (name === 'SyntaxError' || name === 'KubernetesFailure') return;
  if (/nested deeper|EndpointSlice|resourceVersion|the watch told of|no endpoint of the answer/.test(message)) return;
  throw new Error(`${name}: ${message}\n${text}`);
}

describe('what an API server says, tampered with', () => {
  it(`is a list or an error, ${MUTANTS} times over, and never more than it says`, () => {
    const random = createSeededRandom(20_261_124);
    let answers = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const text = mutate(LIST, random);
      let answer: CheckedAnswer;
      try {
        answer = readAnswer(selectEndpoints(readSlicePage(parseJson(text)).slices, RULES));
      } catch (error) {
        refuses(error, text);
        continue;
      }
      answers++;
      for (const { host, port, scheme, zone, priority, weight, basePath } of answer.endpoints) {
        const isFine =
          /^[\w.:-]{1,253}$/.test(host) &&
          (port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)) &&
          (scheme === undefined || scheme === 'https') &&
          (zone ?? 'z').length <= 253 &&
          priority <= 1 &&
          weight === 1 &&
          basePath === '';
        if (!isFine) throw new Error(`${host} ${port} ${scheme} ${zone} ${priority}\n${text}`);
      }
    }
    // Otherwise the mutants are so broken that nothing but the JSON parser is tested.
    expect(answers).toBeGreaterThan(MUTANTS / 20);
  });

  it(`is an event or an error, ${MUTANTS} times over`, () => {
    const random = createSeededRandom(20_261_125);
    let events = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const text = mutate(EVENTS[n % EVENTS.length] as string, random);
      try {
        expect(readWatchEvent(parseJson(text)).version).toMatch(/^[\w.:-]{1,128}$/);
        events++;
      } catch (error) {
        refuses(error, text);
      }
    }
    expect(events).toBeGreaterThan(MUTANTS / 20);
  });
});
