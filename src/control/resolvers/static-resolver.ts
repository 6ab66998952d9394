/**
 * A list that is known in advance: for fixed addresses, for tests, and as the last resort of `firstOf`.
 *
 * It answers while it is being watched, so that a client can pick at once after it was created.
 */

import type { EndpointInput } from '../../core/endpoint.js';
import type { Watcher } from '../../core/resolver.js';
import { invalidOption, memberPath, mustBe } from '../../kit/option-error.js';
import { normalizeEndpoint } from '../discovery/normalize-endpoint.js';
import { describeInput } from '../discovery/read-answer.js';

/**
 * @param endpoints everybody who serves the name; may be empty. Copied, so that later changes to the list change nothing
 * @throws FairleadError `ERR_INVALID_OPTION` for an endpoint that cannot be used, or is there twice; it names the endpoint
 */
export function staticResolver(endpoints: readonly EndpointInput[]): Watcher {
  if (!Array.isArray(endpoints)) throw mustBe('staticResolver', 'an array of endpoints', endpoints);
  const ids = new Set<string>();
  const known = (endpoints as readonly EndpointInput[]).map((input, index) => {
    const endpoint = normalizeEndpoint(input);
    const path = memberPath('staticResolver', index);
    if (typeof endpoint === 'string') throw invalidOption(path, `${describeInput(input)}: ${endpoint}`);
    if (ids.has(endpoint.id)) throw invalidOption(path, `another endpoint has the id ${endpoint.id}`);
    ids.add(endpoint.id);
    return endpoint as EndpointInput;
  });
  return {
    kind: 'static',
    watch: (receiver) => receiver.update({ endpoints: known, authoritative: true }),
  };
}
