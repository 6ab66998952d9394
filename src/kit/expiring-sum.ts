/**
 * A sum over the recent past. Amounts live in slots that expire whole, and they expire by the clock: reading is enough,
 * no traffic is needed. Adding and reading cost O(1) amortized and allocate nothing.
 *
 * Slots are laid from `originMs`, so an amount counts for more than windowMs · (slots − 1) / slots and at most windowMs.
 */

export interface ExpiringSum {
  /** @param amount of any sign; sums of integers stay exact up to 2^53 */
  add(amount: number, nowMs: number): void;
  total(nowMs: number): number;
  clear(): void;
}

export interface ExpiringSumOptions {
  readonly windowMs: number;
  /** How many slots the window is cut into; more of them expire in finer steps. */
  readonly slots: number;
  /** Clock time at which the first slot begins. @default 0 */
  readonly originMs?: number;
}

export function createExpiringSum({ windowMs, slots, originMs = 0 }: ExpiringSumOptions): ExpiringSum {
  const slotMs = windowMs / slots;
  const ring = new Float64Array(slots);
  /** Number of the newest slot, counted from the origin. */
  let newest = 0;
  let sum = 0;

  /** Expires what is too old and returns where `nowMs` belongs. A clock that went back finds the newest slot still current. */
  function advance(nowMs: number): number {
    const slot = Math.floor((nowMs - originMs) / slotMs);
    if (slot - newest >= slots) {
      clear();
      newest = slot;
    }
    while (newest < slot) {
      const oldest = ++newest % slots;
      sum -= ring[oldest] as number;
      ring[oldest] = 0;
    }
    return newest % slots;
  }

  function clear(): void {
    ring.fill(0);
    sum = 0;
  }

  return {
    add(amount, nowMs) {
      const index = advance(nowMs);
      ring[index] = (ring[index] as number) + amount;
      sum += amount;
    },
    total(nowMs) {
      advance(nowMs);
      return sum;
    },
    clear,
  };
}
