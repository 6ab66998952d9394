/**
 * Which part of a client's calls each zone gets (Envoy `zone_aware.rst` and `load_balancer_impl.cc`, to the rounding).
 *
 * Calls stay in their own zone as far as that zone can take what its callers send: a zone with a third of the callers and a third
 * of the endpoints takes all of it, one with a sixth of the endpoints takes half. The rest goes to zones that have endpoints
 * to spare, in proportion to what they have to spare. So every endpoint gets the same load, and no more calls cross zones than that takes.
 */

export interface ZoneCount {
  readonly zone: string | undefined;
  /** Healthy endpoints, or their weight. */
  readonly capacity: number;
  /** How much is called from there. */
  readonly callers: number;
}

export interface ZoneSplit {
  /** Of the calls that stay, out of {@link WHOLE}. */
  readonly local: number;
  /** What each zone has to spare, out of {@link WHOLE}, in order: the others get what does not stay in these proportions. */
  readonly residuals: readonly number[];
}

/** Envoy reckons in integers of a ten-thousandth. */
export const WHOLE = 10_000;

/** @param own index of the client's own zone; its capacity is above 0 */
export function splitZones(zones: readonly ZoneCount[], own: number): ZoneSplit {
  const capacities = partsOf(zones.map(({ capacity }) => capacity));
  const callers = partsOf(zones.map(({ callers: count }) => count));
  const [capacity, called] = [capacities[own] as number, callers[own] as number];
  if (capacity >= called) return { local: WHOLE, residuals: zones.map(() => 0) };
  return {
    local: Math.floor((capacity * WHOLE) / called),
    residuals: zones.map((_, index) =>
      index === own ? 0 : Math.max(0, (capacities[index] as number) - (callers[index] as number)),
    ),
  };
}

/**
 * Shares of the zones, in order; they add up to 1.
 * @param preferRatio share of the calls that prefer their zone; the others go by capacity alone
 */
export function zoneShares(zones: readonly ZoneCount[], own: number, preferRatio: number): readonly number[] {
  const { local, residuals } = splitZones(zones, own);
  const spare = residuals.reduce((sum, residual) => sum + residual, 0);
  const capacity = zones.reduce((sum, zone) => sum + zone.capacity, 0);
  return zones.map((zone, index) => {
    const preferred = index === own ? local / WHOLE : 0;
    // Nobody has a whole ten-thousandth to spare: rounding alone sends anything away, and any zone will do.
    const rest = spare > 0 ? (residuals[index] as number) / spare : zone.capacity / capacity;
    return preferRatio * (preferred + (1 - local / WHOLE) * rest) + (1 - preferRatio) * (zone.capacity / capacity);
  });
}

function partsOf(counts: readonly number[]): readonly number[] {
  const sum = counts.reduce((total, count) => total + count, 0);
  return counts.map((count) => (sum === 0 ? 0 : Math.floor((count * WHOLE) / sum)));
}
