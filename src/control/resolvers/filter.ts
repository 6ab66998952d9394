/** Some of the endpoints of a source: those of one version, of one zone, of one owner. */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import type { Resolver } from '../../core/resolver.js';
import { describeValue, mustBe } from '../../kit/option-error.js';
import { childResolver } from './children.js';
import { transformAnswers } from './transform-answers.js';

/**
 * Keeps the endpoints for which `predicate` returns true. An answer of which none is left is an empty one, and doubted
 * like any that comes after a full one. A predicate that throws, or returns no boolean, is reported as "could not ask".
 *
 * @param predicate is asked about every endpoint of every answer, and must be quick and free of side effects
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function filter(resolver: Resolver, predicate: (endpoint: Endpoint) => boolean): Resolver {
  if (typeof predicate !== 'function') throw mustBe('filter.predicate', 'a function', predicate);
  return transformAnswers('filter', childResolver('filter', resolver), (endpoint) => {
    const keep: unknown = predicate(endpoint);
    // A promise would be taken for a yes to everybody.
    if (typeof keep !== 'boolean')
      throw new Error(`the predicate must return true or false, it returned ${describeValue(keep)}`);
    return keep ? (endpoint as EndpointInput) : undefined;
  });
}
