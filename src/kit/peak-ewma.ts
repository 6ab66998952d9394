/**
 * An average that believes bad news at once and good news slowly: a sample above the estimate replaces it, one below is
 * averaged in by how much time has passed (Finagle `PeakEwma`, tower `load/peak_ewma.rs`). Without samples it fades
 * towards 0, so that whoever once was slow is tried again. Pure functions: callers keep the numbers.
 */

/** The estimate after one more sample. Negative `elapsedMs` counts as 0. */
export function observePeak(estimate: number, sample: number, elapsedMs: number, tauMs: number): number {
  if (sample > estimate) return sample;
  const kept = Math.exp(-Math.max(0, elapsedMs) / tauMs);
  return estimate * kept + sample * (1 - kept);
}

/** What is left of an estimate that had no sample for so long. */
export function fadePeak(estimate: number, elapsedMs: number, tauMs: number): number {
  return elapsedMs > 0 ? estimate * Math.exp(-elapsedMs / tauMs) : estimate;
}
