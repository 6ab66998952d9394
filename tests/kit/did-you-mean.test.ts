import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { didYouMean, editDistance } from '../../src/kit/did-you-mean.js';

/** The textbook recursion: slow, and plainly right. */
function reference(a: string, b: string, i = a.length, j = b.length): number {
  if (i === 0 || j === 0) return i + j;
  const options = [
    reference(a, b, i - 1, j) + 1,
    reference(a, b, i, j - 1) + 1,
    reference(a, b, i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
  ];
  if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) options.push(reference(a, b, i - 2, j - 2) + 1);
  return Math.min(...options);
}

const shortWord = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 5 });

describe('edit distance', () => {
  it.each([
    ['', '', 0],
    ['retry', 'retry', 0],
    ['', 'abc', 3],
    ['retires', 'retry', 3],
    ['tiemoutMs', 'timeoutMs', 1],
    ['kitten', 'sitting', 3],
    // Optimal string alignment edits no part twice: the unrestricted distance would be 2.
    ['ca', 'abc', 3],
  ])('from %j to %j is %d', (from, to, distance) => {
    expect(editDistance(from, to)).toBe(distance);
  });

  it('equals the recursive definition', () => {
    fc.assert(fc.property(shortWord, shortWord, (a, b) => expect(editDistance(a, b)).toBe(reference(a, b))));
  });
});

describe('did you mean', () => {
  const options = ['resolver', 'retry', 'hedge', 'timeoutMs', 'ttlMs'];

  it.each([
    ['retires', 'retry'],
    ['Retry', 'retry'],
    ['timeout', 'timeoutMs'],
    ['resolvers', 'resolver'],
    ['edgeh', 'hedge'],
    ['completelyDifferent', undefined],
    ['x', undefined],
    ['', undefined],
  ])('for %j guesses %j', (word, guess) => {
    expect(didYouMean(word, options)).toBe(guess);
  });

  it('does not spend time on absurdly long words', () => {
    expect(didYouMean('retry'.repeat(100_000), options)).toBeUndefined();
  });

  it('finds every candidate by its own name', () => {
    fc.assert(
      fc.property(fc.uniqueArray(shortWord, { minLength: 1 }), fc.nat(), (words, pick) => {
        const word = words[pick % words.length]!;
        expect(didYouMean(word, words)).toBe(word);
      }),
    );
  });
});
