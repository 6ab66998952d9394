import type { Endpoint } from '../../core/endpoint.js';
import type { Random } from '../../core/random.js';

/** Uniform over 0 … count - 1. */
export function randomIndex(random: Random, count: number): number {
  return Math.floor(random.next() * count);
}

/** A call has seldom tried more than a few of many endpoints, so that a draw nearly always finds another one. */
const DRAWS = 8;

/** An endpoint that the call has not tried: uniform while such endpoints are many. -1 when it has tried them all. */
export function randomUntried(random: Random, endpoints: readonly Endpoint[], tried: ReadonlySet<string>): number {
  const count = endpoints.length;
  if (count === 0) return -1;
  let index = 0;
  for (let draw = 0; draw < DRAWS; draw++) {
    index = randomIndex(random, count);
    if (!isTried(endpoints, index, tried)) return index;
  }
  for (let step = 1; step < count; step++) {
    const next = (index + step) % count;
    if (!isTried(endpoints, next, tried)) return next;
  }
  return -1;
}

export function isTried(endpoints: readonly Endpoint[], index: number, tried: ReadonlySet<string>): boolean {
  return tried.has((endpoints[index] as Endpoint).id);
}
