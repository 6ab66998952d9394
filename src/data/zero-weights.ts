import type { Endpoint } from '../core/endpoint.js';

/** Weight 0 means no traffic, except when everybody has it (RFC 2782): somebody has to answer. */
export function withoutZeroWeights(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  if (endpoints.every(({ weight }) => weight > 0)) return endpoints;
  const weighted = endpoints.filter(({ weight }) => weight > 0);
  return weighted.length === 0 ? endpoints : weighted;
}
