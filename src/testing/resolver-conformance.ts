/**
 * What the library expects of a resolver, as tests that any resolver can run against its own source: a real server, a
 * double, a temporary file. They need no test framework: each case has a name and a function that rejects with an error
 * in words when the resolver breaks the contract.
 *
 * ```ts
 * for (const { name, run } of resolverConformance({ create, backend })) test(name, run);
 * ```
 *
 * Time is real, since sources are; a case takes a few seconds at most when the resolver behaves. One at a time: they
 * share the backend.
 */

import { conformanceCases } from './conformance-cases.js';
import type { ConformanceCase, ResolverConformanceOptions } from './conformance-options.js';

/** The cases that apply, in order. */
export function resolverConformance(options: ResolverConformanceOptions): readonly ConformanceCase[] {
  return conformanceCases({ fixed: false, timeoutMs: 10_000, ...options });
}
