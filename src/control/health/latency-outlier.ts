/**
 * Outliers by latency: the endpoint that still answers everything, only ten times slower than the others. No error shows
 * it, and a policy that does not look at latency keeps sending it its share.
 *
 * Compared are medians: of an endpoint's answers within an interval, so that a few slow requests prove nothing, and of
 * the others' medians, so that the slow one does not move what it is compared with. A factor, since latencies spread by
 * factors; and a difference in milliseconds, since 4 ms against 1 ms is nothing to lose a server over.
 */

/** One endpoint's good answers within an interval. */
export interface LatencySample<T> {
  readonly subject: T;
  readonly answers: number;
  readonly medianMs: number;
}

export interface LatencyOutlierSettings {
  /**
   * An endpoint is an outlier when its median latency is above so many times the median of the others' medians.
   * Number, 1.1–1000. @default 3 (ours: beyond what a busier machine or another zone does)
   */
  readonly factor: number;
  /** And above it by so much. Milliseconds, 0–3 600 000. @default 20 (ours: a wait that shows in no caller's own latency) */
  readonly minDifferenceMs: number;
  /** Endpoints with `minVolume` answers before they are compared. Integer, 3–10 000. @default 3: of two that differ nobody can say which is the odd one */
  readonly minEndpoints: number;
  /** Good answers of one endpoint within `windowMs` before it is compared. Integer, 1–1 000 000. @default 20 (ours: then the median is no accident) */
  readonly minVolume: number;
}

export function latencyOutliers<T>(
  samples: Iterable<LatencySample<T>>,
  settings: LatencyOutlierSettings,
): { readonly subject: T; readonly detail: string }[] {
  const compared: LatencySample<T>[] = [];
  for (const sample of samples) if (sample.answers >= settings.minVolume) compared.push(sample);
  if (compared.length < settings.minEndpoints) return [];
  compared.sort((a, b) => a.medianMs - b.medianMs);
  const outliers: { subject: T; detail: string }[] = [];
  for (let index = compared.length - 1; index >= 0; index--) {
    const { subject, medianMs } = compared[index] as LatencySample<T>;
    const othersMs = medianWithout(compared, index);
    if (medianMs <= othersMs * settings.factor || medianMs - othersMs < settings.minDifferenceMs) break;
    const peers = compared.length - 1;
    outliers.push({
      subject,
      detail: `its median latency is ${inMs(medianMs)}, that of the ${peers} others ${inMs(othersMs)}`,
    });
  }
  return outliers;
}

/**
 * The median of a sorted list, one of its members left out; of an even number, the higher of the two in the middle: of
 * three endpoints, two slow ones are no outliers.
 */
function medianWithout(sorted: readonly { readonly medianMs: number }[], left: number): number {
  const middle = Math.floor((sorted.length - 1) / 2);
  return (sorted[middle < left ? middle : middle + 1] as { medianMs: number }).medianMs;
}

function inMs(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}
