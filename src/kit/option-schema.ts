/**
 * Options, checked once at `createClient` time. A wrong option that is silently ignored is found in an outage, so
 * everything is refused that is not known to be right: unknown keys, values out of range, NaN and infinities; and the
 * error says where, what would be right and what was given.
 *
 * A schema copies while it checks. What comes out shares nothing with the caller's object but opaque values (functions,
 * resolvers, buffers), holds known fields only, and no field that was `undefined`. Defaults are not filled in here.
 *
 * Here are single values; `option-structures.ts` has what holds others.
 */

import { didYouMean } from './did-you-mean.js';
import { describeValue, invalidOption, mustBe, withGuess } from './option-error.js';

export interface Schema<T> {
  /** What is accepted, in words that continue "must be …". */
  readonly expected: string;
  /** Whether the value is of this kind at all, right or wrong: the schema whose errors make sense for it. */
  matches(value: unknown): boolean;
  /**
   * A checked copy.
   * @param path where the value stands, for example `services.orders.retry`
   * @throws FairleadError `ERR_INVALID_OPTION`
   */
  parse(value: unknown, path: string): T;
}

/** A schema for values that are kept as they are. */
function leaf<T>(expected: string, matches: (value: unknown) => boolean, accepts: (value: T) => boolean): Schema<T> {
  return {
    expected,
    matches,
    parse(value, path) {
      if (!matches(value) || !accepts(value as T)) throw mustBe(path, expected, value);
      return value as T;
    },
  };
}

export interface NumberBounds {
  /** Lowest accepted value. */
  readonly min?: number;
  /** The value must be above this one. */
  readonly exclusiveMin?: number;
  /** Highest accepted value. */
  readonly max?: number;
  /** @default false */
  readonly integer?: boolean;
}

/** A finite number within bounds. */
export function number(bounds: NumberBounds = {}): Schema<number> {
  return boundedNumber(bounds.integer === true ? 'an integer' : 'a number', bounds);
}

/** Longest delay that the platform's timers take: 24.8 days. */
const LONGEST_DURATION_MS = 2_147_483_647;

/** A duration in milliseconds. */
export function durationMs(min: number = 0, max: number = LONGEST_DURATION_MS): Schema<number> {
  return boundedNumber('milliseconds', { min, max });
}

/** A share from 0 to 1. */
export function ratio(): Schema<number> {
  return boundedNumber('a ratio', { min: 0, max: 1 });
}

function boundedNumber(noun: string, bounds: NumberBounds): Schema<number> {
  const { min = -Infinity, exclusiveMin = -Infinity, max = Infinity, integer = false } = bounds;
  return leaf<number>(
    noun + describeRange(bounds),
    (value) => typeof value === 'number',
    (value) =>
      Number.isFinite(value) &&
      value >= min &&
      value > exclusiveMin &&
      value <= max &&
      (!integer || Number.isInteger(value)),
  );
}

function describeRange({ min, exclusiveMin, max }: NumberBounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  const bounds: string[] = [];
  if (min !== undefined) bounds.push(`at least ${min}`);
  if (exclusiveMin !== undefined) bounds.push(`above ${exclusiveMin}`);
  if (max !== undefined) bounds.push(`at most ${max}`);
  return bounds.length === 0 ? '' : `, ${bounds.join(' and ')}`;
}

export function boolean(): Schema<boolean> {
  return leaf<boolean>(
    'true or false',
    (value) => typeof value === 'boolean',
    () => true,
  );
}

export interface StringRules {
  /** What is accepted, in words. @default 'a non-empty string' */
  readonly expected?: string;
  /** @default not empty */
  readonly accepts?: (value: string) => boolean;
}

export function string(rules: StringRules = {}): Schema<string> {
  const { expected = 'a non-empty string', accepts = (value) => value !== '' } = rules;
  return leaf<string>(expected, (value) => typeof value === 'string', accepts);
}

/** Of values that may be secret: no message repeats one. */
export function unshown<T>(inner: Schema<T>): Schema<T> {
  return {
    ...inner,
    parse(value, path) {
      try {
        return inner.parse(value, path);
      } catch {
        throw invalidOption(path, `must be ${inner.expected}`);
      }
    },
  };
}

/** As {@link string}, for tokens and passwords. */
export function secret(): Schema<string> {
  return unshown(string());
}

/** One of the given literals. */
export function oneOf<const T extends string | number>(literals: readonly T[]): Schema<T> {
  const expected = `one of ${literals.map((literal) => (typeof literal === 'string' ? `'${literal}'` : literal)).join(', ')}`;
  const names = literals.filter((literal) => typeof literal === 'string');
  return {
    expected,
    matches: (value) => literals.some((literal) => typeof literal === typeof value),
    parse(value, path) {
      if (literals.includes(value as T)) return value as T;
      const guess = typeof value === 'string' ? didYouMean(value, names) : undefined;
      throw invalidOption(path, withGuess(`must be ${expected}, got ${describeValue(value)}`, guess));
    },
  };
}

/** A function, kept by reference. */
export function func<T extends (...args: never) => unknown>(): Schema<T> {
  return leaf<T>(
    'a function',
    (value) => typeof value === 'function',
    () => true,
  );
}

/** Something opaque that `accepts` recognizes (a resolver, a buffer), kept by reference. */
export function any<T>(expected: string, accepts: (value: unknown) => boolean): Schema<T> {
  return leaf<T>(expected, accepts, () => true);
}
