/**
 * Which part of the calls each priority gets (Envoy `load_balancer_impl.cc`, `priority.rst`, `panic_threshold.rst`; to the rounding).
 *
 * A priority with fewer than all of its endpoints healthy does not fail over as a whole, nor only when nobody is left: it is taken
 * to carry 1.4 times its healthy share, and what it cannot carry goes to the next. So 72 healthy of 100 still get everything, and 50 get 70 %.
 *
 * - Panic: when all priorities together cannot carry everything, one whose healthy share is below the threshold uses everybody, since
 *   the few would be overrun and the verdicts are likely wrong.
 * - Total panic: when that is so of every priority, health says nothing any more, and calls go by the number of endpoints.
 *
 * One thing is not Envoy's: where it would send everything to a priority without a healthy endpoint and let the pick fail (no panic
 * by a threshold of 0), health is ignored there.
 */

export interface LevelCount {
  /** Endpoints that could get calls, were they healthy. */
  readonly total: number;
  /** Healthy ones among these. */
  readonly healthy: number;
}

export interface LevelLoad {
  /** Percent of all calls, 0–100. They add up to 100. */
  readonly load: number;
  /** Health is ignored: everybody is used. */
  readonly panic: boolean;
}

/** Percent of its healthy share that a priority is taken to carry (Envoy `overprovisioning_factor`). */
export const OVERPROVISIONING = 140;

/** @param levels in the order in which they are to be used */
export function spreadOverLevels(
  levels: readonly LevelCount[],
  panicThreshold: number,
  overprovisioning: number = OVERPROVISIONING,
): readonly LevelLoad[] {
  const carries = levels.map(({ total, healthy }) =>
    total === 0 ? 0 : Math.min(100, Math.floor((overprovisioning * healthy) / total)),
  );
  const together = Math.min(
    100,
    carries.reduce((sum, carry) => sum + carry, 0),
  );
  const panics = levels.map(({ total, healthy }) => together < 100 && isBelow(healthy, total, panicThreshold));
  if (panics.every((panic) => panic)) return byNumber(levels);
  if (together === 0) return allTo(carriers(levels), levels);

  let left = 100;
  const loads = carries.map((carry) => {
    const load = Math.min(left, Math.floor((carry * 100) / together));
    left -= load;
    return load;
  });
  addTo(
    loads,
    carries.findIndex((carry) => carry > 0),
    left,
  );
  return loads.map((load, index) => ({ load, panic: panics[index] as boolean }));
}

/** Strictly below, as in Envoy; a threshold of 0 is never reached. Nobody of nobody is below any other. */
function isBelow(healthy: number, total: number, threshold: number): boolean {
  return threshold > 0 && (total === 0 || healthy < threshold * total);
}

function byNumber(levels: readonly LevelCount[]): readonly LevelLoad[] {
  const all = levels.reduce((sum, { total }) => sum + total, 0);
  const loads = levels.map(({ total }) => (all === 0 ? 0 : Math.floor((100 * total) / all)));
  const first = levels.findIndex(({ total }) => total > 0);
  addTo(loads, Math.max(0, first), 100 - loads.reduce((sum, load) => sum + load, 0));
  return loads.map((load) => ({ load, panic: true }));
}

/** Nobody carries a whole percent, and nobody panics: the first with anybody healthy, or else the first with anybody. */
function carriers(levels: readonly LevelCount[]): number {
  const healthy = levels.findIndex((level) => level.healthy > 0);
  return healthy >= 0 ? healthy : levels.findIndex(({ total }) => total > 0);
}

function allTo(chosen: number, levels: readonly LevelCount[]): readonly LevelLoad[] {
  return levels.map(({ healthy }, index) => ({
    load: index === chosen ? 100 : 0,
    panic: index === chosen && healthy === 0,
  }));
}

function addTo(loads: number[], index: number, percent: number): void {
  if (index >= 0) loads[index] = (loads[index] as number) + percent;
}
