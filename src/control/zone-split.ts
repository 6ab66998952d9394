/** In which priorities zones count, and which part of its calls each zone gets there. */

import type { Endpoint } from '../core/endpoint.js';
import type { Locality } from './locality-settings.js';
import { rankOf, type PriorityLevel, type PriorityLevels } from './priority-level.js';
import { zoneShares, type ZoneCount } from './zone-shares.js';

/** Zone → share of the calls of its level. An endpoint may name no zone. */
export type ZoneShares = ReadonlyMap<string | undefined, number>;

/** By rank, for levels in which zones count. */
export type ZoneSplits = ReadonlyMap<number, ZoneShares>;

export const NO_SPLITS: ZoneSplits = new Map();

interface Zone {
  total: number;
  capacity: number;
}

/** @param endpoints those that are counted in the levels */
export function splitLevels(
  endpoints: readonly Endpoint[],
  levels: PriorityLevels,
  locality: Locality,
  isHealthy: (endpoint: Endpoint) => boolean,
): ZoneSplits {
  const { place, minEndpoints } = locality;
  if (place.zone === undefined) return NO_SPLITS;
  const zones = new Map<number, Map<string | undefined, Zone>>();
  for (const level of levels.values())
    if (level.load > 0 && !level.panic && !level.far && level.healthy >= minEndpoints) zones.set(level.rank, new Map());
  if (zones.size === 0) return NO_SPLITS;

  for (const endpoint of endpoints) {
    const rank = rankOf(endpoint, place.region);
    const inLevel = zones.get(rank);
    if (inLevel === undefined) continue;
    const weight = (levels.get(rank) as PriorityLevel).allZeroWeight ? 1 : endpoint.weight;
    let zone = inLevel.get(endpoint.zone);
    if (zone === undefined) inLevel.set(endpoint.zone, (zone = { total: 0, capacity: 0 }));
    if (weight > 0) zone.total++;
    if (isHealthy(endpoint)) zone.capacity += weight;
  }

  const splits = new Map<number, ZoneShares>();
  for (const [rank, inLevel] of zones) {
    const shares = sharesOf(inLevel, place.zone, locality);
    if (shares !== undefined) splits.set(rank, shares);
  }
  return splits;
}

/** Undefined where there is nobody in the client's own zone, or nobody elsewhere. */
function sharesOf(
  zones: ReadonlyMap<string | undefined, Zone>,
  own: string,
  { callers, preferRatio }: Locality,
): ZoneShares | undefined {
  const capable = [...zones].filter(([, { capacity }]) => capacity > 0);
  if (capable.length < 2 || !capable.some(([zone]) => zone === own)) return undefined;
  const names = [...zones.keys()];
  // A zone whose endpoints are all out still has its callers, who now call elsewhere. One that nobody names calls nobody.
  for (const zone of Object.keys(callers ?? {})) if (!zones.has(zone)) names.push(zone);
  const counts: readonly ZoneCount[] = names.map((zone) => ({
    zone,
    capacity: zones.get(zone)?.capacity ?? 0,
    callers: callersIn(zone, zones.get(zone), callers),
  }));
  const shares = zoneShares(counts, names.indexOf(own), preferRatio);
  return new Map(names.map((zone, index) => [zone, shares[index] as number]));
}

function callersIn(zone: string | undefined, endpoints: Zone | undefined, callers: Locality['callers']): number {
  if (zone === undefined) return 0;
  if (callers !== undefined) return Object.hasOwn(callers, zone) ? (callers[zone] as number) : 0;
  return endpoints !== undefined && endpoints.total > 0 ? 1 : 0;
}
