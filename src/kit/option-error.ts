/** The error for a bad option, and the words in it: the option's full path, what it must be, and what it was. */

import { FairleadError } from '../core/errors.js';

/** Longest excerpt of an offending string in a message. */
const MAX_EXCERPT = 60;

/** `ERR_INVALID_OPTION: <path>: <problem>`. */
export function invalidOption(path: string, problem: string): FairleadError {
  return new FairleadError('ERR_INVALID_OPTION', path === '' ? problem : `${path}: ${problem}`);
}

/** `<path>: must be <expected>, got <value>`. */
export function mustBe(path: string, expected: string, value: unknown): FairleadError {
  return invalidOption(path, `must be ${expected}, got ${describeValue(value)}`);
}

/** A problem with the name that was probably meant, when there is one. */
export function withGuess(problem: string, guess: string | undefined): string {
  return guess === undefined ? problem : `${problem}; did you mean '${guess}'?`;
}

/** The path of a member: `services.orders`, but `services["orders:8080"]` where a dot would mislead. */
export function memberPath(path: string, key: string | number): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (!/^[\w$-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** A value as a message may show it: short, on one line, and never the inside of an object. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > MAX_EXCERPT ? `${value.slice(0, MAX_EXCERPT)}…` : value);
  }
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'symbol') return 'a symbol';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) {
    return isPlainObject(value) ? 'an object' : `an instance of ${constructorName(value)}`;
  }
  return String(value);
}

/**
 * An object written as a literal (or parsed, or without a prototype), in whatever realm: the root prototype is the one
 * that has none itself. Class instances are not: what they inherit would be lost in a copy.
 */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function constructorName(value: object): string {
  const { constructor } = value as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class';
}
