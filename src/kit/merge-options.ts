/**
 * Defaults under options. What the options say wins, field by field: plain objects merge, everything else (arrays,
 * `false`, functions, class instances) replaces. `undefined` counts as absent. Nothing is mutated, and plain objects in
 * the result are fresh, so that a later change to either side changes nothing here.
 */

import { isPlainObject } from './option-error.js';

export interface MergeRules {
  /**
   * Names of fields, at any depth, whose values replace each other whole although they may be plain objects: opaque
   * ones (two resolvers must not become one with both methods) and variants (a ring's size is no option of another balancer).
   * @default none
   */
  readonly whole?: ReadonlySet<string>;
}

const NONE: ReadonlySet<string> = new Set();

export function mergeOptions<T extends object>(
  defaults: Partial<T> | undefined,
  options: T | undefined,
  rules: MergeRules = {},
): T {
  return mergeInto(copyOf(defaults ?? {}, rules), options ?? {}, rules) as T;
}

function mergeInto(result: Record<string, unknown>, over: object, rules: MergeRules): Record<string, unknown> {
  const { whole = NONE } = rules;
  for (const [key, value] of Object.entries(over) as [string, unknown][]) {
    // Assigning it would replace the result's prototype.
    if (value === undefined || key === '__proto__') continue;
    if (!isPlainObject(value) || whole.has(key)) {
      result[key] = value;
      continue;
    }
    const under = Object.hasOwn(result, key) ? result[key] : undefined;
    result[key] = isPlainObject(under) ? mergeInto(under, value, rules) : copyOf(value, rules);
  }
  return result;
}

function copyOf(value: object, rules: MergeRules): Record<string, unknown> {
  // A record without a prototype stays one: callers rely on its finding nothing inherited.
  const empty = Object.getPrototypeOf(value) === null ? (Object.create(null) as Record<string, unknown>) : {};
  return mergeInto(empty, value, rules);
}
