import type { Endpoint } from '../../core/endpoint.js';
import type { EjectionView } from '../eligibility-facts.js';
import type { Leaving } from './drain-watch.js';

const NOBODY: ReadonlyMap<string, Leaving> = new Map();

/** Who is not to be used because it is leaving: nobody when no other endpoint is left that is well and takes traffic. */
export function heeded(
  leaving: ReadonlyMap<string, Leaving>,
  endpoints: readonly Endpoint[],
  ejection: EjectionView | undefined,
): ReadonlyMap<string, Leaving> {
  if (leaving.size === 0) return leaving;
  const allZeroWeight = endpoints.every(({ weight }) => weight === 0);
  const staysAndIsWell = ({ id, weight }: Endpoint): boolean =>
    (weight > 0 || allZeroWeight) && !leaving.has(id) && (ejection?.state(id).kind ?? 'healthy') === 'healthy';
  return endpoints.some(staysAndIsWell) ? leaving : NOBODY;
}
