import { describe, expect, it } from '@jest/globals';

import { createPaint } from '../../src/cli/paint.js';
import { durationInWords, printable, table } from '../../src/cli/words.js';

describe('words', () => {
  it.each([
    [0.4, '0 ms'],
    [999, '999 ms'],
    [1_000, '1 s'],
    [1_550, '1.6 s'],
    [59_940, '59.9 s'],
    [60_000, '1 min'],
    [125_000, '2 min 5 s'],
    [119_900, '2 min'],
    [3_600_000, '1 h'],
    [3_599_900, '1 h'],
    [5_400_000, '1 h 30 min'],
    [86_400_000, '24 h'],
  ])('say %d ms as %s', (ms, words) => {
    expect(durationInWords(ms)).toBe(words);
  });

  it('stand in columns, without those that are empty', () => {
    expect(
      table([
        ['a', 'b', 'c'],
        ['longer', '', 'x'],
        ['y', '', ''],
      ]),
    ).toEqual(['a       c', 'longer  x', 'y']);
    expect(table([['a', 'b']])).toEqual(['']);
  });

  it('show control characters instead of sending them', () => {
    expect(printable('a\u001b[2Jb\u202ec\nd')).toBe('a\\u001b[2Jb\\u202ec d');
  });

  it('have colours at a terminal only, and not where they are not wanted', () => {
    expect(createPaint(true, {})('bad', 'x')).toBe('\u001b[31mx\u001b[39m');
    for (const paint of [
      createPaint(false, {}),
      createPaint(true, { NO_COLOR: '1' }),
      createPaint(true, { TERM: 'dumb' }),
    ])
      expect(paint('bad', 'x')).toBe('x');
    expect(createPaint(true, { NO_COLOR: '' })('faint', 'x')).not.toBe('x');
  });
});
