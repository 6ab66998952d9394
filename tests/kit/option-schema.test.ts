import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { any, boolean, durationMs, func, number, oneOf, ratio, secret, string } from '../../src/kit/option-schema.js';
import type { Schema } from '../../src/kit/option-schema.js';

function messageOf(schema: Schema<unknown>, value: unknown): string {
  try {
    schema.parse(value, 'services.orders.x');
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    expect(code).toBe('ERR_INVALID_OPTION');
    return message.replace('ERR_INVALID_OPTION: services.orders.x: ', '');
  }
  return 'accepted';
}

describe('a schema for a single value', () => {
  it.each<[string, Schema<unknown>, unknown, string]>([
    ['integer', number({ min: 1, max: 10, integer: true }), 0, 'must be an integer from 1 to 10, got 0'],
    ['integer', number({ min: 1, max: 10, integer: true }), 1, 'accepted'],
    ['integer', number({ min: 1, max: 10, integer: true }), 10, 'accepted'],
    ['integer', number({ min: 1, max: 10, integer: true }), 11, 'must be an integer from 1 to 10, got 11'],
    ['integer', number({ min: 1, max: 10, integer: true }), 1.5, 'must be an integer from 1 to 10, got 1.5'],
    ['number', number(), NaN, 'must be a number, got NaN'],
    ['number', number(), Infinity, 'must be a number, got Infinity'],
    ['number', number(), -Infinity, 'must be a number, got -Infinity'],
    ['number', number(), -1e300, 'accepted'],
    ['number', number({ min: 0 }), '5', 'must be a number, at least 0, got "5"'],
    ['number', number({ min: 0 }), null, 'must be a number, at least 0, got null'],
    ['number', number({ min: 0 }), 5n, 'must be a number, at least 0, got 5n'],
    ['exclusive', number({ exclusiveMin: 0 }), 0, 'must be a number, above 0, got 0'],
    ['exclusive', number({ exclusiveMin: 0 }), Number.MIN_VALUE, 'accepted'],
    ['exclusive', number({ exclusiveMin: 0, max: 1 }), 2, 'must be a number, above 0 and at most 1, got 2'],
    ['duration', durationMs(), 0, 'accepted'],
    ['duration', durationMs(), -1, 'must be milliseconds from 0 to 2147483647, got -1'],
    ['duration', durationMs(1, 50), 51, 'must be milliseconds from 1 to 50, got 51'],
    ['ratio', ratio(), 20, 'must be a ratio from 0 to 1, got 20'],
    ['ratio', ratio(), 1, 'accepted'],
    ['boolean', boolean(), false, 'accepted'],
    ['boolean', boolean(), 0, 'must be true or false, got 0'],
    ['string', string(), 'a', 'accepted'],
    ['string', string(), '', 'must be a non-empty string, got ""'],
    ['string', string(), ['a'], 'must be a non-empty string, got an array'],
    ['string', string(), 'y', 'accepted'],
    ['string', string({ expected: 'a path', accepts: (path) => path.startsWith('/') }), 'a', 'must be a path, got "a"'],
    [
      'string',
      string({ expected: 'short', accepts: () => false }),
      'x'.repeat(99),
      `must be short, got "${'x'.repeat(60)}…"`,
    ],
    ['one of', oneOf(['p2c', 'adaptive']), 'p2c', 'accepted'],
    ['one of', oneOf(['p2c', 'adaptive']), 'p2', `must be one of 'p2c', 'adaptive', got "p2"; did you mean 'p2c'?`],
    ['one of', oneOf(['p2c', 'adaptive']), 2, `must be one of 'p2c', 'adaptive', got 2`],
    ['one of', oneOf([1, 2]), 3, 'must be one of 1, 2, got 3'],
    ['function', func(), () => {}, 'accepted'],
    ['function', func(), {}, 'must be a function, got an object'],
    ['opaque', any('a map', (value) => value instanceof Map), new Map(), 'accepted'],
    ['opaque', any('a map', (value) => value instanceof Map), new Set(), 'must be a map, got an instance of Set'],
    ['symbol', string(), Symbol('s'), 'must be a non-empty string, got a symbol'],
  ])('%s: case %#', (_, schema, value, message) => {
    expect(messageOf(schema, value)).toBe(message);
  });

  it('never repeats a secret', () => {
    expect(secret().parse('s3cret', 'token')).toBe('s3cret');
    expect(messageOf(secret(), 12345)).toBe('must be a non-empty string');
    expect(messageOf(secret(), '')).toBe('must be a non-empty string');
  });

  it('keeps opaque values by reference', () => {
    const map = new Map();
    expect(any('a map', (value) => value instanceof Map).parse(map, 'x')).toBe(map);
  });

  it('accepts exactly the finite numbers within its bounds', () => {
    const bound = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(bound, bound, fc.double(), (a, b, value) => {
        const [min, max] = [Math.min(a, b), Math.max(a, b)];
        const accepted = messageOf(number({ min, max }), value) === 'accepted';
        expect(accepted).toBe(value >= min && value <= max);
      }),
    );
  });
});
