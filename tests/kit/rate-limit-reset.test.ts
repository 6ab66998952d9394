import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { parseRateLimitReset } from '../../src/kit/rate-limit-reset.js';

/** 2026-01-01T00:00:00Z. */
const NOW_MS = 1_767_225_600_000;

describe('parseRateLimitReset', () => {
  it.each<[string | undefined, number | undefined]>([
    ['30', 30_000],
    [' 30 ', 30_000],
    ['0', 0],
    ['1767225660', 60_000],
    ['1767225600', 0],
    ['1767225599', 0],
    ['999999999', 999_999_999_000],
    ['1000000000', 0],
    ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
    ['-1', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('reads %j as %j', (value, waitMs) => {
    expect(parseRateLimitReset(value, NOW_MS)).toBe(waitMs);
  });

  it('never asks for less than nothing, nor for ever', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (value, now) => {
        const waitMs = parseRateLimitReset(value, now);
        expect(waitMs === undefined || (waitMs >= 0 && Number.isSafeInteger(waitMs))).toBe(true);
      }),
    );
  });
});
