import type { Endpoint } from '../../core/endpoint.js';

/**
 * The factor that turns an endpoint's load into its cost: 1 / weight. Undefined when all weights are equal, the usual
 * case, in which there is nothing to multiply.
 */
export function costPerWeight(endpoints: readonly Endpoint[]): Float64Array | undefined {
  const first = endpoints[0]?.weight;
  if (endpoints.every((endpoint) => endpoint.weight === first)) return undefined;
  return Float64Array.from(endpoints, (endpoint) => 1 / endpoint.weight);
}
