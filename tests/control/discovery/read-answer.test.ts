import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { EndpointInput } from '../../../src/core/endpoint.js';
import { readAnswer } from '../../../src/control/discovery/read-answer.js';
import { keepKnown } from '../../../src/control/discovery/same-endpoints.js';

/** Few hosts, so that answers repeat each other, and ids that are an address's own or somebody else's. */
const input: fc.Arbitrary<EndpointInput> = fc.oneof(
  fc.constantFrom('h:0', 'h:1', 'h:2', '[::1]:1', 'http://h:2', 'no endpoint'),
  fc.record(
    {
      host: fc.constantFrom('h', 'i', 'H'),
      port: fc.constantFrom(1, 2, 3),
      id: fc.constantFrom('http://h:1', 'own', 'http://i:3'),
      weight: fc.constantFrom(1, 2),
      metadata: fc.constantFrom({}, { a: '1' }, { a: '2' }),
    },
    { requiredKeys: ['host', 'port'] },
  ),
);

describe('readAnswer after another answer', () => {
  it('says what it would say of the answer alone, and makes nothing anew of which nothing new is said', () => {
    const course = fc.array(fc.array(input, { maxLength: 12 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(course, (answers) => {
        let known = readAnswer({ endpoints: [] }).known;
        for (const endpoints of answers) {
          let alone;
          try {
            alone = readAnswer({ endpoints });
          } catch (error) {
            expect(() => readAnswer({ endpoints }, known)).toThrow((error as Error).message);
            continue;
          }
          const read = readAnswer({ endpoints }, known);
          expect(read).toEqual(alone);
          expect(read.known.list).toBe(read.endpoints);
          expect([...read.known.byId.values()]).toEqual(read.endpoints);
          for (const [id, endpoint] of read.known.byId) expect(endpoint.id).toBe(id);
          // Once more: everything is known by now, also what is written in another form than ours.
          expect(keepKnown(read.known, readAnswer({ endpoints }, read.known).known)).toBe(read.known);
          known = read.known;
        }
      }),
      { numRuns: 100 },
    );
  });

  it('finds who stays among many who come and go', () => {
    const range = (from: number, count: number): EndpointInput[] =>
      Array.from({ length: count }, (_, index) => ({
        host: 'h',
        port: from + index,
        metadata: { n: String(index % 7) },
      }));
    const first = readAnswer({ endpoints: range(1, 1_000) });
    for (const endpoints of [
      range(1, 1_000).slice(100),
      [...range(1, 1_000).filter((_, index) => index % 10 > 0), 'new:1'],
      ['new:1', ...range(1, 1_000)],
      range(1, 1_000).reverse(),
    ]) {
      const { endpoints: read } = readAnswer({ endpoints }, first.known);
      expect(read).toHaveLength(endpoints.length);
      const stayed = new Set(first.endpoints);
      expect(read.filter((endpoint) => !stayed.has(endpoint)).map(({ host }) => host)).toEqual(
        endpoints.includes('new:1') ? ['new'] : [],
      );
    }
  });
});
