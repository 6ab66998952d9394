import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { endOfPrefix, prefixRange } from '../../../../src/control/resolvers/etcd/key-range.js';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe('the range of a prefix', () => {
  it('is what the documentation of etcd says for "foo"', () => {
    expect(prefixRange('foo')).toEqual({ key: 'Zm9v', range_end: 'Zm9w' });
  });

  it('ends where the names end that begin so', () => {
    expect(prefixRange('/services/orders/').range_end).toBe(Buffer.from('/services/orders0').toString('base64'));
    expect(prefixRange('/süß').range_end).toBe(Buffer.from([...Buffer.from('/sü'), 0xc3, 0xa0]).toString('base64'));
  });

  it.each([
    [bytes(1, 2), bytes(1, 3)],
    [bytes(1, 0xff), bytes(2)],
    [bytes(1, 0xfe, 0xff, 0xff), bytes(1, 0xff)],
    [bytes(0), bytes(1)],
    [bytes(0xff), bytes(0)],
    [bytes(0xff, 0xff), bytes(0)],
    [bytes(), bytes(0)],
  ])('of %j ends at %j', (prefix, end) => {
    expect([...endOfPrefix(prefix)]).toEqual([...end]);
  });

  it('holds every key that begins with the prefix and no other', () => {
    // Few different bytes, so that keys and prefixes meet; the highest among them, where the arithmetic is.
    const key = fc.uint8Array({ maxLength: 5 }).map((raw) => raw.map((byte) => [0, 1, 0x2f, 0xfe, 0xff][byte % 5]!));
    fc.assert(
      fc.property(key, key, fc.boolean(), (prefix, other, isExtended) => {
        const candidate = isExtended ? Buffer.concat([prefix, other]) : Buffer.from(other);
        const end = Buffer.from(endOfPrefix(prefix));
        const isOpen = end.equals(bytes(0));
        const isIn = Buffer.compare(candidate, prefix) >= 0 && (isOpen || Buffer.compare(candidate, end) < 0);
        expect(isIn).toBe(candidate.subarray(0, prefix.length).equals(prefix));
      }),
      { numRuns: 2_000 },
    );
  });
});
