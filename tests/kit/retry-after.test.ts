import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { parseRetryAfter } from '../../src/kit/retry-after.js';

/** RFC 9110's own example date. */
const NOW = Date.UTC(1994, 10, 6, 8, 49, 37);

describe('Retry-After', () => {
  it.each<[string | undefined, number | undefined]>([
    ['120', 120_000],
    ['0', 0],
    ['007', 7_000],
    [' 120', 120_000],
    ['120 ', 120_000],
    ['\t120\t', 120_000],
    ['301', 301_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
    ['Sun, 06 Nov 1994 08:51:37 GMT', 120_000],
    ['Sun, 06 Nov 1994 08:49:36 GMT', 0],
    ['Fri, 31 Dec 1993 23:59:59 GMT', 0],
    ['Sunday, 06-Nov-94 08:49:47 GMT', 10_000],
    [undefined, undefined],
    ['', undefined],
    [' ', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['1 2', undefined],
    ['120s', undefined],
    ['Infinity', undefined],
    ['NaN', undefined],
    ['invalid', undefined],
    ['٣', undefined],
    ['2030-01-01', undefined],
  ])('of %j is %p ms', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });

  it('is finite for any number of digits', () => {
    expect(parseRetryAfter('9'.repeat(400), NOW)).toBe(Number.MAX_SAFE_INTEGER);
  });

  it('reads every date that the platform writes, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const at = new Date(seconds * 1_000);
        expect(parseRetryAfter(at.toUTCString(), NOW)).toBe(Math.max(0, seconds * 1_000 - NOW));
      }),
    );
  });

  it('is undefined or a finite wait that is not negative, whatever the header says', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const wait = parseRetryAfter(value, NOW);
        expect(wait === undefined || (wait >= 0 && Number.isFinite(wait))).toBe(true);
      }),
    );
  });
});
