/**
 * Options that hold others. Object schemas are written against the interface that they check,
 * `object<RetryOptions>({ … })`: the compiler then asks for every field of the interface, and for `required(…)` where
 * the interface has no `?`.
 */

import { didYouMean } from './did-you-mean.js';
import { invalidOption, isPlainObject, memberPath, mustBe, withGuess } from './option-error.js';
import { oneOf } from './option-schema.js';
import type { Schema } from './option-schema.js';

export interface RequiredSchema<T> extends Schema<T> {
  readonly required: true;
}

export type Fields<T> = {
  readonly [K in keyof T]-?: Record<never, never> extends Pick<T, K>
    ? Schema<Exclude<T[K], undefined>>
    : RequiredSchema<T[K]>;
};

export interface ObjectSchema<T> extends Schema<T> {
  readonly fields: Fields<T>;
}

/** An object with the given fields and no others. An `undefined` field counts as absent. */
export function object<T>(fields: Fields<T>): ObjectSchema<T> {
  return {
    fields,
    expected: 'an object',
    matches: isPlainObject,
    parse(value, path) {
      if (!isPlainObject(value)) throw mustBe(path, 'an object', value);
      refuseUnknown(value, Object.keys(fields), path);
      const copy: Partial<T> = {};
      for (const key of Object.keys(fields) as (keyof T & string)[]) {
        const schema: Schema<unknown> & { required?: true } = fields[key];
        // An own field only: 'constructor' in an options interface must not find the inherited one.
        const member = Object.hasOwn(value, key) ? value[key] : undefined;
        if (member !== undefined) copy[key] = schema.parse(member, memberPath(path, key)) as T[typeof key];
        else if (schema.required === true)
          throw invalidOption(memberPath(path, key), `is required: ${schema.expected}`);
      }
      return copy as T;
    },
  };
}

/** Marks a field of an {@link object} that may not be absent. */
export function required<T>(schema: Schema<T>): RequiredSchema<T> {
  return { ...schema, required: true };
}

/** The same fields, none of them required: for defaults that lie under other options. */
export function partial<T>(schema: ObjectSchema<T>): ObjectSchema<Partial<T>> {
  const fields: Record<string, unknown> = {};
  for (const [key, field] of Object.entries<Schema<unknown>>(schema.fields))
    fields[key] = { ...field, required: false };
  return object<Partial<T>>(fields as Fields<Partial<T>>);
}

/** One of several objects, told apart by the literal that each has in its `tag` field. */
export function tagged<T>(tag: string, variants: Readonly<Record<string, Schema<T>>>): Schema<T> {
  const names = Object.keys(variants);
  const expected = `an object with ${tag} ${names.map((name) => `'${name}'`).join(', ')}`;
  return {
    expected,
    matches: isPlainObject,
    parse(value, path) {
      if (!isPlainObject(value)) throw mustBe(path, expected, value);
      const name = Object.hasOwn(value, tag) ? value[tag] : undefined;
      const variant = oneOf(names).parse(name, memberPath(path, tag));
      return (variants[variant] as Schema<T>).parse(value, path);
    },
  };
}

export function arrayOf<T>(item: Schema<T>): Schema<T[]> {
  return {
    expected: 'an array',
    matches: Array.isArray,
    parse(value, path) {
      if (!Array.isArray(value)) throw mustBe(path, 'an array', value);
      return value.map((member, index) => item.parse(member, memberPath(path, index)));
    },
  };
}

/** Any keys, one kind of value. The copy has no prototype: looking up a caller's string finds nothing inherited. */
export function record<T>(item: Schema<T>): Schema<Record<string, T>> {
  return {
    expected: 'an object',
    matches: isPlainObject,
    parse(value, path) {
      if (!isPlainObject(value)) throw mustBe(path, 'an object', value);
      const copy = Object.create(null) as Record<string, T>;
      for (const [key, member] of Object.entries(value)) {
        if (key === '__proto__') throw invalidOption(memberPath(path, key), 'unknown option');
        if (member !== undefined) copy[key] = item.parse(member, memberPath(path, key));
      }
      return copy;
    },
  };
}

/** The schema, or `false` for "off". */
export function offOr<T>(schema: Schema<T>): Schema<T | false> {
  const expected = `false or ${schema.expected}`;
  return {
    expected,
    matches: (value) => value === false || schema.matches(value),
    parse(value, path) {
      if (value === false) return false;
      if (!schema.matches(value)) throw mustBe(path, expected, value);
      return schema.parse(value, path);
    },
  };
}

/** Either of the schemas: the first whose kind matches decides, so the narrower ones come first. */
export function union<const S extends readonly Schema<unknown>[]>(
  ...members: S
): Schema<S[number] extends Schema<infer T> ? T : never> {
  const expected = members.map((member) => member.expected).join(' or ');
  return {
    expected,
    matches: (value) => members.some((member) => member.matches(value)),
    parse(value, path) {
      const member = members.find((candidate) => candidate.matches(value));
      if (member === undefined) throw mustBe(path, expected, value);
      return member.parse(value, path) as never;
    },
  };
}

function refuseUnknown(value: Readonly<Record<string, unknown>>, known: readonly string[], path: string): void {
  for (const [key, member] of Object.entries(value)) {
    if (known.includes(key) || (member === undefined && key !== '__proto__')) continue;
    throw invalidOption(memberPath(path, key), withGuess('unknown option', didYouMean(key, known)));
  }
}
