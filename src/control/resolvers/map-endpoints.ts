/** The endpoints of a source, each changed: another port, the zone out of a label, a host name for TLS. */

import type { Endpoint, EndpointInput } from '../../core/endpoint.js';
import type { Resolver } from '../../core/resolver.js';
import { describeValue, mustBe } from '../../kit/option-error.js';
import { defaultId } from '../discovery/default-id.js';
import { childResolver } from './children.js';
import { transformAnswers } from './transform-answers.js';

/**
 * Replaces every endpoint by what `change` makes of it. An id that was made from the address follows the address; one
 * that the source gave stays. A function that throws, or returns nothing, is reported as "could not ask".
 *
 * @param change is called with every endpoint of every answer, and must be quick and free of side effects
 * @throws FairleadError `ERR_INVALID_OPTION`
 */
export function mapEndpoints(resolver: Resolver, change: (endpoint: Endpoint) => EndpointInput | Endpoint): Resolver {
  if (typeof change !== 'function') throw mustBe('mapEndpoints.change', 'a function', change);
  return transformAnswers('mapEndpoints', childResolver('mapEndpoints', resolver), (endpoint) => {
    const changed: unknown = change(endpoint);
    if (typeof changed === 'string') return changed;
    if (typeof changed !== 'object' || changed === null || typeof (changed as PromiseLike<unknown>).then === 'function')
      throw new Error(`the function must return an endpoint, it returned ${describeValue(changed)}`);
    const { id } = changed as { id?: unknown };
    if (id !== endpoint.id || id !== defaultId(endpoint.scheme, endpoint.host, endpoint.port, endpoint.basePath))
      return changed as EndpointInput;
    return { ...changed, id: undefined } as unknown as EndpointInput;
  });
}
