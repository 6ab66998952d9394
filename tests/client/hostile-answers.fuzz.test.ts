/** Answers that were tampered with, all the way to where calls would go. The parsers have fuzz tests of their own. */

import { BlockList, isIP } from 'node:net';
import { describe, expect, it } from '@jest/globals';

import { parseHttpSd } from '../../src/control/resolvers/http-sd.js';
import { parseJson } from '../../src/kit/safe-json.js';
import { createSeededRandom } from '../../src/testing/seeded-random.js';
import { mutate } from '../support/mutate.js';
import { createBench } from './bench.js';

const MUTANTS = 8_000;

/** With addresses that are refused, and neighbours of them that a changed digit turns into such. */
const LIST = JSON.stringify([
  {
    targets: ['10.0.0.1:80', '169.254.169.254:80', '169.253.169.254:80', '[::ffff:10.0.0.2]:80'],
    labels: { zone: 'a' },
  },
  { targets: ['[2001:db8::1]:8080', '[fe80::1]:80', 'orders.example:443', '1.0.0.0:80', '223.1.1.1:80'] },
]);

/** Node's own arithmetic, not ours. */
const forbidden = new BlockList();
for (const [prefix, length] of [
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['0.0.0.0', 8],
] as const)
  // prettier-ignore
  forbidden.addSubnet(prefix, length, 'ipv4');
for (const [prefix, length] of [['fe80::', 10], ['ff00::', 8]] as const) forbidden.addSubnet(prefix, length, 'ipv6'); // prettier-ignore

describe('a client whose registry was tampered with', () => {
  it(`uses no address that it must not, ${MUTANTS} times over, and keeps nothing of them`, () => {
    const random = createSeededRandom(20_261_123);
    const bench = createBench({ service: { cache: { emptyGraceMs: 0 } } });
    let answers = 0;
    let refused = 0;
    for (let n = 0; n < MUTANTS; n++) {
      let endpoints;
      try {
        endpoints = parseHttpSd(parseJson(mutate(LIST, random)));
      } catch {
        continue;
      }
      answers++;
      bench.resolver.set(endpoints);
      const { endpoints: known } = bench.snapshot();
      // No more than the list has, doubled by a mutation or two: what was before is gone.
      expect(known.length).toBeLessThan(100);
      for (const { host, state } of known) {
        if (state === 'refused') refused++;
        const family = isIP(host);
        if (family === 0 || state === 'refused') continue;
        expect([host, forbidden.check(host, family === 4 ? 'ipv4' : 'ipv6')]).toEqual([host, false]);
      }
    }
    expect(answers).toBeGreaterThan(MUTANTS / 20);
    expect(refused).toBeGreaterThan(MUTANTS / 20);
  }, 60_000);
});
