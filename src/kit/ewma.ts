/**
 * An average that forgets by time, not by number of samples: a sample's share halves every tau · ln 2, whether a
 * thousand others followed it or none. A pure function, so that callers keep averages and times in typed arrays.
 */

/** What to keep before the first sample. */
export const NO_AVERAGE: number = NaN;

/**
 * The average after one more sample. The first sample sets it. Samples at one and the same instant are one sample to a
 * time-decayed average: the earliest of them counts.
 *
 * @param average the last result, or {@link NO_AVERAGE}
 * @param elapsedMs since the last sample; negative counts as 0
 * @param tauMs time constant, > 0: a sample that old has 1/e of its weight left
 */
export function ewma(average: number, sample: number, elapsedMs: number, tauMs: number): number {
  if (Number.isNaN(average)) return sample;
  if (elapsedMs <= 0) return average;
  const kept = Math.exp(-elapsedMs / tauMs);
  return average * kept + sample * (1 - kept);
}
