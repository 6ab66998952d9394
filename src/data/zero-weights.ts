import type { Endpoint } from '../core/endpoint.js';

/** Weight 0 means no traffic, except when everybody has it (RFC 2782): somebody has to answer. */
export function withoutZeroWeights(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  const weighted = endpoints.filter((endpoint) => endpoint.weight > 0);
  return weighted.length === 0 || weighted.length === endpoints.length ? endpoints : weighted;
}
