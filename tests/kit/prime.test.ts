import { describe, expect, it } from '@jest/globals';

import { isPrime, primeFrom } from '../../src/kit/prime.js';

describe('primes', () => {
  it('are told from other numbers', () => {
    const first = [...Array(32).keys()].filter(isPrime);
    expect(first).toEqual([2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31]);
    expect([65_537, 5_000_011, 65_535, 65_537 * 3, 2.5, -3].map(isPrime)).toEqual([
      true,
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('are found from a number upwards', () => {
    expect([0, 2, 8, 65_537, 65_538].map(primeFrom)).toEqual([2, 2, 11, 65_537, 65_539]);
  });
});
