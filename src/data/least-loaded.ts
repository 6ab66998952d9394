import type { PickGroup } from './pick-group.js';

/** Of a group's endpoints with fewer than so many attempts in flight the one with the least to do, an untried one first; -1 for none. */
export function leastLoaded(
  { endpoints, loads }: PickGroup,
  maxInFlight: number,
  tried: ReadonlySet<string> | undefined,
  nowMs: number,
): number {
  loads.nowMs = nowMs;
  let best = -1;
  let bestTried = true;
  let least = Infinity;
  for (let index = 0; index < endpoints.length; index++) {
    const inFlight = loads.inFlight(index);
    if (inFlight >= maxInFlight) continue;
    const isTried = tried?.has(endpoints[index]?.id ?? '') === true;
    const load = inFlight + loads.failureScore(index);
    if (isTried === bestTried ? load >= least : isTried) continue;
    best = index;
    bestTried = isTried;
    least = load;
  }
  return best;
}
