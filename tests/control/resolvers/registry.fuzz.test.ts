import { describe, expect, it } from '@jest/globals';

import { readAnswer, type CheckedAnswer } from '../../../src/control/discovery/read-answer.js';
import { entryReader } from '../../../src/control/resolvers/registry-entries.js';
import { createAddressPolicy } from '../../../src/kit/address-policy.js';
import { createEventStreamParser } from '../../../src/kit/event-stream.js';
import { parseJson } from '../../../src/kit/safe-json.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';
import { mutate } from '../../support/mutate.js';

const MUTANTS = 20_000;
const STREAMS = 5_000;

const LIST = JSON.stringify([
  { targets: ['10.0.0.1:80', '10.0.0.2:80'], labels: { zone: 'a', weight: '3', priority: '1', region: 'eu' } },
  { targets: ['[2001:db8::1]:8080', 'orders.example:443', 'https://10.0.0.3/base'] },
]);

const headers = new Headers();
const read = entryReader({ parse: undefined, map: undefined, maxEndpoints: 1_000 });
const policy = createAddressPolicy();

/** Of the parser, of the reader, or of the check after it: never a slip of the code, such as reading of undefined. */
const EXPECTED = /nested deeper|no array of target|no endpoint of the answer|the answer has \d+ endpoints/;

/** What is made of a text; undefined when it is refused. */
function answerTo(text: string): CheckedAnswer | undefined {
  try {
    return readAnswer({ endpoints: read(parseJson(text), { headers }) });
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'SyntaxError' || EXPECTED.test(message)) return undefined;
    throw new Error(`${name}: ${message}\n${text}`);
  }
}

function check({ endpoints }: CheckedAnswer, text: string): void {
  for (const { host, port, weight, priority, zone, region, scheme, basePath } of endpoints) {
    const isFine =
      /^[\w.:-]{1,253}$/.test(host) &&
      (port === undefined || (Number.isInteger(port) && port >= 1 && port <= 65_535)) &&
      weight >= 0 &&
      Number.isFinite(weight) &&
      Number.isInteger(priority) &&
      priority >= 0 &&
      (zone ?? 'z').length <= 255 &&
      (region ?? 'r').length <= 255 &&
      (scheme === undefined || scheme === 'http' || scheme === 'https') &&
      /^(?:\/[^\s?#]*)?$/.test(basePath);
    if (!isFine) throw new Error(`${host} ${port} ${weight} ${priority} ${zone} ${region} ${basePath}\n${text}`);
    // Where such an answer would lead to, the gate before every connection does not let through.
    if (/^(?:169\.254\.|0\.0\.0\.0$|fe80:)/.test(host)) expect(policy.refuse(host, port)).toBeDefined();
  }
}

describe('a list of endpoints that was tampered with', () => {
  it(`is an answer or an error, ${MUTANTS} times over, and never more than it says`, () => {
    const random = createSeededRandom(20_261_125);
    let answers = 0;
    for (let n = 0; n < MUTANTS; n++) {
      const text = mutate(LIST, random);
      const answer = answerTo(text);
      if (answer === undefined) continue;
      answers++;
      check(answer, text);
    }
    // Otherwise the mutants are so broken that nothing but the JSON parser is tested.
    expect(answers).toBeGreaterThan(MUTANTS / 20);
  });

  it(`is that in a stream of events as well, ${STREAMS} times over, in any pieces`, () => {
    const random = createSeededRandom(20_261_126);
    const stream = `: hello\nretry: 10\nid: 7\ndata: ${LIST}\n\n:\n\nevent: message\r\nid: 8\r\ndata: ${LIST}\r\n\r\n`;
    let answers = 0;
    for (let n = 0; n < STREAMS; n++) {
      const text = mutate(stream, random);
      const bytes = Buffer.from(text);
      const events: string[] = [];
      const parser = createEventStreamParser({ maxBytes: 4_000, onEvent: ({ data }) => events.push(data) });
      try {
        for (let at = 0; at < bytes.length;) {
          const length = 1 + Math.floor(random.next() * 200);
          parser.push(bytes.subarray(at, at + length));
          at += length;
        }
      } catch (error) {
        expect((error as Error).message).toBe('an event is larger than 4000 bytes');
      }
      for (const data of events) {
        const answer = answerTo(data);
        if (answer === undefined) continue;
        answers++;
        check(answer, text);
      }
    }
    expect(answers).toBeGreaterThan(STREAMS / 4);
  });
});
