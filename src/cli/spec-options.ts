/**
 * Options of a resolver, written as the query of a spec: `consul:orders?dc=a&passing=false&tags=blue&tags=green`.
 *
 * Names are those of the resolver's own options, and the resolver checks them, so there is no second list here to fall
 * behind. Values are texts; `true` and `false` are what they say; numbers are told by the option's name.
 *
 * `$NAME` stands for an environment variable and `@path` for the contents of a file: what is secret should not be on a
 * command line, where every user of the machine can read it.
 */

import { isPlainObject } from '../kit/option-error.js';

export interface SpecSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** @throws the error of reading */
  readonly readFile: (path: string) => string;
}

export interface SpecForms {
  /** Options that are lists, also when there is one value. */
  readonly lists?: readonly string[];
  /** Options that are numbers, besides those that end in `Ms` or `Bytes`. */
  readonly numbers?: readonly string[];
}

/** @throws Error for a variable or a file that is not there */
export function specOptions(query: string, sources: SpecSources, forms: SpecForms = {}): Record<string, unknown> {
  const options: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  const parameters = new URLSearchParams(query);
  for (const name of new Set(parameters.keys())) {
    const values = parameters.getAll(name).map((text) => valueOf(name, text, sources, forms));
    put(options, name.split('.'), values.length > 1 || forms.lists?.includes(name) === true ? values : values[0]);
  }
  return options;
}

/** The part before the first `?`, and the part after it. */
export function splitQuery(text: string): readonly [rest: string, query: string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** A spec as it may be printed: without options, user and password, among which there may be secrets. */
export function publicSpec(spec: string): string {
  return splitQuery(spec)[0].replace(/\/\/[^/@]*@/, '//');
}

/** What `$NAME` or `@path` stands for; any other text as it is. @throws Error for what is not there */
export function substituted(name: string, text: string, { env, readFile }: SpecSources): string {
  if (text.startsWith('@')) return readFile(text.slice(1)).trimEnd();
  if (!/^\$\w+$/.test(text)) return text;
  const value = env[text.slice(1)];
  if (value === undefined) throw new Error(`${name}: the environment variable ${text.slice(1)} is not set`);
  return value;
}

function valueOf(name: string, text: string, sources: SpecSources, { numbers = [] }: SpecForms): unknown {
  const value = substituted(name, text, sources);
  if (value !== text) return value;
  if (text === 'true' || text === 'false') return text === 'true';
  const isNumber = /(?:Ms|Bytes)$/.test(name) || numbers.includes(name);
  return isNumber && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** `tls.ca` is the member `ca` of `tls`. */
function put(options: Record<string, unknown>, [name = '', ...members]: readonly string[], value: unknown): void {
  if (members.length === 0) {
    options[name] = value;
    return;
  }
  const known = options[name];
  const inner = isPlainObject(known) ? known : (Object.create(null) as Record<string, unknown>);
  options[name] = inner;
  put(inner, members, value);
}
