/** Texts that are almost right: what a fuzz test feeds to whoever reads answers of others. */

import type { Random } from '../../src/core/random.js';

/** Pieces that change the meaning of JSON, or are odd values in it. */
const PIECES = [
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u0000', '\u0000', '\ud800', '\ufeff', '', ' '],
  ...['null', 'true', '0', '-1', '1e999', '-0', '70000', '0.5', '9007199254740993', '""', '[]', '{}', '[null]', '[[]]'],
  ...['"__proto__":{"host":"x"}', '"constructor":1', '"169.254.169.254"', '"0.0.0.0"', '"::ffff:169.254.169.254"'],
  ...[
    '"host name"',
    '"a/b"',
    '"user@host"',
    '"a\\r\\nb: c"',
    '"http://evil/"',
    `"${'x'.repeat(2_000)}"`,
    '['.repeat(200),
  ],
];

/** The text with one to six faults: pieces put in, stretches cut, doubled, swapped for others, characters changed. */
export function mutate(text: string, random: Random): string {
  const upTo = (n: number): number => Math.floor(random.next() * n);
  let mutated = text;
  for (let faults = 1 + upTo(6); faults > 0; faults--) {
    const at = upTo(mutated.length + 1);
    const end = Math.min(mutated.length, at + upTo(upTo(10) === 0 ? mutated.length : 20));
    const [before, stretch, after] = [mutated.slice(0, at), mutated.slice(at, end), mutated.slice(end)];
    const piece = PIECES[upTo(PIECES.length)] ?? '';
    switch (upTo(9)) {
      case 0:
        mutated = before + piece + stretch + after;
        break;
      case 1:
        mutated = before + after;
        break;
      case 2:
        mutated = before + stretch + stretch + after;
        break;
      case 3:
        mutated = before + String.fromCharCode(upTo(65_536)) + after;
        break;
      case 4:
        mutated = after + stretch + before;
        break;
      default:
        mutated = withAnotherValue(mutated, piece, upTo);
    }
  }
  return mutated;
}

/** One value of the JSON replaced, so that the whole can still be read. */
function withAnotherValue(text: string, piece: string, upTo: (n: number) => number): string {
  const values = [...text.matchAll(/(?<=[:,[]\s*)(?:"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null)(?=\s*[,\]}])/g)];
  const value = values[upTo(values.length)];
  if (value === undefined) return text;
  return text.slice(0, value.index) + piece + text.slice(value.index + value[0].length);
}
