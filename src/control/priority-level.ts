/** How well each priority of a service is, and which part of the calls it gets. */

import type { Endpoint } from '../core/endpoint.js';
import { spreadOverLevels, type LevelCount, type LevelLoad } from './priority-load.js';

/** The endpoints of one priority; where the client knows its region, those of its own and those of others are a level each. */
export interface PriorityLevel extends LevelCount, LevelLoad {
  /** Levels are used in this order. */
  readonly rank: number;
  readonly priority: number;
  /** In other regions than the client's. */
  readonly far: boolean;
  /** No endpoint of the priority has a weight above zero: then all count as equal (RFC 2782). */
  readonly allZeroWeight: boolean;
}

/** Levels by rank, in ascending order. */
export type PriorityLevels = ReadonlyMap<number, PriorityLevel>;

/** An endpoint that names no region is not known to be far. */
export function isFar(endpoint: Endpoint, region: string | undefined): boolean {
  return region !== undefined && endpoint.region !== undefined && endpoint.region !== region;
}

/** Where its endpoint stands among the levels. @param region the client's own; undefined when regions do not count */
export function rankOf(endpoint: Endpoint, region: string | undefined): number {
  return endpoint.priority * 2 + (isFar(endpoint, region) ? 1 : 0);
}

export function standingOf(rank: number): { readonly priority: number; readonly far: boolean } {
  return { priority: rank >> 1, far: rank % 2 === 1 };
}

/** @param region the client's own; undefined when regions do not count */
export function levelsOf(
  endpoints: readonly Endpoint[],
  isHealthy: (endpoint: Endpoint) => boolean,
  panicThreshold: number,
  region: string | undefined,
): PriorityLevels {
  const counts = [...countByRank(endpoints, isHealthy, region)].sort(([a], [b]) => a - b);
  const weighted = new Set<number>();
  for (const [rank, { weight }] of counts) if (weight.total > 0) weighted.add(rank >> 1);
  const chosen = counts.map(([rank, { weight, zero }]) => (weighted.has(rank >> 1) ? weight : zero));
  const loads = spreadOverLevels(chosen, panicThreshold);

  const levels = new Map<number, PriorityLevel>();
  counts.forEach(([rank], index) => {
    levels.set(rank, {
      rank,
      ...standingOf(rank),
      allZeroWeight: !weighted.has(rank >> 1),
      ...(chosen[index] as Count),
      ...(loads[index] as LevelLoad),
    });
  });
  return levels;
}

interface Count {
  total: number;
  healthy: number;
}

function countByRank(
  endpoints: readonly Endpoint[],
  isHealthy: (endpoint: Endpoint) => boolean,
  region: string | undefined,
): ReadonlyMap<number, { readonly weight: Count; readonly zero: Count }> {
  const counts = new Map<number, { weight: Count; zero: Count }>();
  for (const endpoint of endpoints) {
    const rank = rankOf(endpoint, region);
    let count = counts.get(rank);
    if (count === undefined) {
      count = { weight: { total: 0, healthy: 0 }, zero: { total: 0, healthy: 0 } };
      counts.set(rank, count);
    }
    const side = endpoint.weight > 0 ? count.weight : count.zero;
    side.total++;
    if (isHealthy(endpoint)) side.healthy++;
  }
  return counts;
}
