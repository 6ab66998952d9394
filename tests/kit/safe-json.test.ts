import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { parseJson } from '../../src/kit/safe-json.js';

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('JSON from outside', () => {
  it.each([
    ['{"__proto__": {"a": 1}, "b": 2}', { b: 2 }],
    ['{"constructor": {"prototype": {}}, "b": 2}', { b: 2 }],
    ['{"\\u005f_proto__": 1, "\\u0063onstructor": 2, "b": 3}', { b: 3 }],
    ['[{"x": [{"__proto__": 1}]}]', [{ x: [{}] }]],
    ['{"a": "__proto__", "prototype": 1}', { a: '__proto__', prototype: 1 }],
    ['null', null],
    ['"constructor"', 'constructor'],
    ['{"a": "\\u20ac"}', { a: '€' }],
  ])('%s gives %j', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value);
  });

  it('leaves no own prototype key behind', () => {
    const value = parseJson('{"__proto__": {"polluted": true}}') as Record<string, unknown>;
    expect(Object.keys(value)).toEqual([]);
    expect(value['polluted']).toBeUndefined();
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  it('takes exactly the depth that it may have', () => {
    expect(parseJson(nested(64))).toBeDefined();
    expect(() => parseJson(nested(65))).toThrow('nested deeper than 64');
    expect(() => parseJson('{"a":'.repeat(3) + '1' + '}'.repeat(3), 2)).toThrow('nested deeper than 2');
    expect(() => parseJson('['.repeat(1e6))).toThrow('nested deeper than 64');
    expect(parseJson('[[],[],[[]]]', 3)).toEqual([[], [], [[]]]);
  });

  it.each(['hunter2 is no JSON', '{"a": hunter2}', ' "hunter2" hunter2', '[1,hunter2', '"hunter2', '{"hunter2"}'])(
    'says of %j that it is none, and repeats nothing of it',
    (text) => {
      let said: unknown;
      try {
        parseJson(text);
      } catch (error) {
        said = error;
      }
      expect(said).toMatchObject({ name: 'SyntaxError', message: expect.stringContaining('JSON') });
      expect(inspect(said)).not.toContain('hunter2');
    },
  );

  it('does not count brackets within strings', () => {
    expect(parseJson('["[[[[", "{\\"{{", "\\\\", "]"]', 1)).toEqual(['[[[[', '{"{{', '\\', ']']);
  });

  it('reads very long strings', () => {
    const long = 'a['.repeat(1_000_000);
    expect(parseJson(JSON.stringify([long]))).toEqual([long]);
  });

  it.each(['', '{', '[1,]', '"open', '"\\', '{"a" 1}', ']]', 'undefined'])('throws a SyntaxError for %j', (text) => {
    expect(() => parseJson(text)).toThrow(expect.objectContaining({ name: 'SyntaxError' }));
  });

  it('equals JSON.parse for everything without such keys', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 10 }), (text) => {
        fc.pre(!/__proto__|constructor/.test(text));
        expect(parseJson(text)).toStrictEqual(JSON.parse(text));
      }),
    );
  });
});
