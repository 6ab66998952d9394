import type { Endpoint } from '../core/endpoint.js';

/** The endpoints as a picker is to see them: those that warm up with a part of their weight. Weights are all above 0, or all 0. */
export function warmed(
  endpoints: readonly Endpoint[],
  warming: ReadonlyMap<string, number> | undefined,
): readonly Endpoint[] {
  if (warming === undefined || !endpoints.some(({ id }) => warming.has(id))) return endpoints;
  const allZero = endpoints[0]?.weight === 0;
  return endpoints.map((endpoint) => {
    const factor = warming.get(endpoint.id);
    if (factor === undefined && !allZero) return endpoint;
    return { ...endpoint, weight: (allZero ? 1 : endpoint.weight) * (factor ?? 1) };
  });
}
