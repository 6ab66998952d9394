import type { EjectionView } from '../eligibility-facts.js';
import type { HealthChecks } from './health-checks.js';
import { HEALTHY } from './ejection-state.js';

/** What checks and ejection say together. A failed check comes first: it would be in vain to probe with a call. */
export function combinedHealth(
  ejection: EjectionView | undefined,
  checks: Pick<HealthChecks, 'state' | 'unhealthyCount'> | undefined,
): EjectionView | undefined {
  if (checks === undefined) return ejection;
  return {
    state: (id) => checks.state(id) ?? ejection?.state(id) ?? HEALTHY,
    get ejectedCount() {
      return checks.unhealthyCount + (ejection?.ejectedCount ?? 0);
    },
  };
}
