import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { maxEjected } from '../../../src/control/health/ejection-cap.js';

describe('the ejection cap', () => {
  it.each([
    [0, 0],
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [10, 5],
    [10_000, 5_000],
  ])('of %i endpoints lets %i go at a ratio of one half', (total, most) => {
    expect(maxEjected(total, 0.5)).toBe(most);
  });

  it('lets one go of two or more even where the ratio says less (Envoy with 10 % ejects nobody of nine)', () => {
    expect([1, 2, 9, 10, 19, 20].map((total) => maxEjected(total, 0.1))).toEqual([0, 1, 1, 1, 1, 2]);
  });

  it('takes a ratio of 0 at its word', () => {
    expect(maxEjected(100, 0)).toBe(0);
  });

  it('never lets the last one go', () => {
    expect([1, 2, 3, 10].map((total) => maxEjected(total, 1))).toEqual([0, 1, 2, 9]);
  });

  it('does not lose one to floating point: 0.29 × 100 is 29', () => {
    expect(maxEjected(100, 0.29)).toBe(29);
  });

  it('leaves somebody, and stays within the ratio or at one', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (total, ratio) => {
        const most = maxEjected(total, ratio);
        expect(Number.isInteger(most)).toBe(true);
        if (total > 0) expect(most).toBeLessThan(total);
        expect(most).toBeLessThanOrEqual(Math.max(1, ratio * total + 1e-6));
      }),
    );
  });
});
