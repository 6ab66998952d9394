/**
 * Who is warming up, and how far they are (Envoy `slow_start.rst`). Weights rise in steps, each a new set for the balancer; a timer
 * runs only while somebody is warming.
 *
 * The endpoints of the first answer are new to this client only, so they are not among them: it would hold back the whole service
 * alike, and then the one endpoint that is really new not at all beside the others.
 */

import type { Clock } from '../core/clock.js';
import type { SlowStartSettings } from './slow-start-settings.js';

export interface SlowStart {
  /** It is new, or back. */
  entered(id: string): void;
  /** It is gone, or out of use. */
  left(id: string): void;
  /** Id → share of its weight, below 1. Undefined while nobody is warming. */
  factors(): ReadonlyMap<string, number> | undefined;
  /** Nobody is warming any more, and no timer is left. */
  close(): void;
}

export interface SlowStartOptions {
  readonly settings: SlowStartSettings;
  readonly clock: Clock;
  /** Factors have risen. */
  readonly onStep: () => void;
}

/** Steps of a window: each rebuilds pickers, and moves a weight by a twentieth at an aggression of 1. */
export const STEPS = 20;

export function createSlowStart({ settings, clock, onStep }: SlowStartOptions): SlowStart {
  const enteredAtMs = new Map<string, number>();
  let timer: Disposable | undefined;

  function arm(): void {
    if (timer === undefined && enteredAtMs.size > 0) timer = clock.setTimer(step, settings.windowMs / STEPS);
  }

  function step(): void {
    timer = undefined;
    const now = clock.now();
    for (const [id, sinceMs] of enteredAtMs) if (now - sinceMs >= settings.windowMs) enteredAtMs.delete(id);
    arm();
    onStep();
  }

  return {
    entered(id) {
      enteredAtMs.set(id, clock.now());
      arm();
    },
    left: (id) => void enteredAtMs.delete(id),
    factors() {
      if (enteredAtMs.size === 0) return undefined;
      const now = clock.now();
      const factors = new Map<string, number>();
      for (const [id, sinceMs] of enteredAtMs) {
        const factor = slowStartFactor(now - sinceMs, settings);
        if (factor < 1) factors.set(id, factor);
      }
      return factors.size === 0 ? undefined : factors;
    },
    close() {
      timer?.[Symbol.dispose]();
      timer = undefined;
      enteredAtMs.clear();
    },
  };
}

/** Share of its weight that an endpoint has so long after it entered. */
export function slowStartFactor(
  elapsedMs: number,
  { windowMs, aggression, minWeightRatio }: SlowStartSettings,
): number {
  if (elapsedMs >= windowMs) return 1;
  return Math.max(minWeightRatio, (Math.max(elapsedMs, 1) / windowMs) ** (1 / aggression));
}
