/** How well one priority of a service is, and which one is used. */

import type { Endpoint } from '../core/endpoint.js';

export interface PriorityLevel {
  readonly priority: number;
  /** No endpoint of the level has a weight above zero: then all count as equal (RFC 2782). */
  readonly allZeroWeight: boolean;
  /** Endpoints that could get traffic: those with a weight, or all when none has one. */
  readonly total: number;
  /** Healthy ones among these. */
  readonly healthy: number;
}

interface Count {
  total: number;
  healthy: number;
}

/** Levels by priority number, in ascending order. */
export function countLevels(
  endpoints: readonly Endpoint[],
  isHealthy: (endpoint: Endpoint) => boolean,
): ReadonlyMap<number, PriorityLevel> {
  const counts = new Map<number, { weighted: Count; zero: Count }>();
  for (const endpoint of endpoints) {
    let count = counts.get(endpoint.priority);
    if (count === undefined) {
      count = { weighted: { total: 0, healthy: 0 }, zero: { total: 0, healthy: 0 } };
      counts.set(endpoint.priority, count);
    }
    const side = endpoint.weight > 0 ? count.weighted : count.zero;
    side.total++;
    if (isHealthy(endpoint)) side.healthy++;
  }
  const levels = new Map<number, PriorityLevel>();
  for (const [priority, { weighted, zero }] of [...counts].sort(([a], [b]) => a - b)) {
    const allZeroWeight = weighted.total === 0;
    levels.set(priority, { priority, allZeroWeight, ...(allZeroWeight ? zero : weighted) });
  }
  return levels;
}

/**
 * The lowest number whose healthy share reaches the threshold. When none does, the lowest with anybody healthy, and when
 * nobody is healthy anywhere, the lowest. Undefined when there is none.
 */
export function choosePriority(
  levels: ReadonlyMap<number, PriorityLevel>,
  panicThreshold: number,
): PriorityLevel | undefined {
  let best: PriorityLevel | undefined;
  for (const level of levels.values()) {
    if (!isPanic(level, panicThreshold)) return level;
    if (best === undefined || (best.healthy === 0 && level.healthy > 0)) best = level;
  }
  return best;
}

/** Strictly below the threshold, as in Envoy; and always when nobody is healthy, or there would be nobody to pick. */
export function isPanic(level: PriorityLevel, panicThreshold: number): boolean {
  return level.healthy === 0 || level.healthy < panicThreshold * level.total;
}
