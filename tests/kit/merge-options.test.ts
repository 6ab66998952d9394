import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { mergeOptions } from '../../src/kit/merge-options.js';

type Loose = Record<string, unknown>;

const merge = (defaults: Loose | undefined, options: Loose | undefined, whole?: string[]): Loose =>
  mergeOptions<Loose>(defaults, options, whole === undefined ? {} : { whole: new Set(whole) });

describe('options over defaults', () => {
  it.each<[Loose | undefined, Loose | undefined, Loose]>([
    [undefined, undefined, {}],
    [{ a: 1 }, undefined, { a: 1 }],
    [
      { a: 1, b: 2 },
      { b: 3, c: 4 },
      { a: 1, b: 3, c: 4 },
    ],
    [{ retry: { max: 3, base: 50 } }, { retry: { max: 5 } }, { retry: { max: 5, base: 50 } }],
    [{ retry: { max: 3 } }, { retry: false }, { retry: false }],
    [{ retry: false }, { retry: { max: 3 } }, { retry: { max: 3 } }],
    [{ retry: { max: 3 } }, { retry: undefined }, { retry: { max: 3 } }],
    [{ retry: { max: 3 } }, { retry: { max: undefined } }, { retry: { max: 3 } }],
    [{ max: 3 }, { max: 0 }, { max: 0 }],
    [{ list: [1, 2, 3] }, { list: [4] }, { list: [4] }],
    [{ list: { 0: 1 } }, { list: [4] }, { list: [4] }],
  ])('%j under %j', (defaults, options, merged) => {
    expect(merge(defaults, options)).toStrictEqual(merged);
  });

  it('does not blend values that stand for themselves', () => {
    const one = { kind: 'a', resolve: () => {} };
    const other = { kind: 'b', watch: () => {} };
    const merged = merge({ resolver: one }, { resolver: other }, ['resolver']);
    expect(merged['resolver']).toBe(other);
    expect(merge({ resolver: one }, {}, ['resolver'])['resolver']).toBe(one);
  });

  it('replaces class instances and keeps them by reference', () => {
    const instance = new Map();
    expect(merge({ a: { b: 1 } }, { a: instance })['a']).toBe(instance);
    expect(merge({ a: instance }, { a: { b: 1 } })).toEqual({ a: { b: 1 } });
  });

  it('does not let a parsed key replace a prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}, "a": {"__proto__": {"polluted": true}}}') as Loose;
    const merged = merge({}, hostile);
    expect(merged['polluted']).toBeUndefined();
    expect((merged['a'] as Loose)['polluted']).toBeUndefined();
    expect(({} as Loose)['polluted']).toBeUndefined();
  });

  const tree = fc.letrec<{ tree: unknown; branch: Loose }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom(0, 1, false, undefined, null, 'x'),
      fc.array(fc.nat(3)),
      tie('branch'),
    ),
    branch: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('tree'), { noNullPrototype: true }),
  })).branch;

  it('mutates neither side and shares no plain object with them', () => {
    fc.assert(
      fc.property(tree, tree, (defaults, options) => {
        const before = fc.stringify([defaults, options]);
        const merged = merge(defaults, options);
        scribble(merged);
        expect(fc.stringify([defaults, options])).toBe(before);
      }),
    );
  });

  it('says of every path what the options say, else what the defaults say', () => {
    fc.assert(fc.property(tree, tree, (defaults, options) => compare(merge(defaults, options), defaults, options)));
  });
});

const isBranch = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function scribble(branch: Loose): void {
  for (const value of Object.values(branch)) if (isBranch(value)) scribble(value);
  branch['scribbled'] = true;
}

function compare(merged: Loose, defaults: Loose, options: Loose): void {
  for (const key of new Set([...Object.keys(merged), ...Object.keys(defaults), ...Object.keys(options)])) {
    const [result, under, over] = [merged[key], defaults[key], options[key]];
    if (isBranch(over)) compare(result as Loose, isBranch(under) ? under : {}, over);
    else if (over !== undefined) expect(result).toBe(over);
    else if (isBranch(under)) compare(result as Loose, under, {});
    else expect(result).toBe(under);
  }
}
