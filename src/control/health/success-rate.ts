/**
 * Outliers by success rate, as gRFC A50 and Envoy find them: of the endpoints with enough attempts in an interval, those
 * whose share of successes lies further below the mean than so many standard deviations.
 *
 * It sees what no fixed threshold does: the one endpoint at 90 % among others at 99.9 %. And it is blind where one must
 * not rely on it alone: of n endpoints the worst can lie at most √(n − 1) deviations below the mean, so at a
 * factor of 1.9 one dead endpoint of four is no outlier; nor are k of n when k / n ≥ 1 / (1 + factor²), 21.7 %.
 */

/** One endpoint's attempts within an interval. */
export interface Tally<T> {
  readonly subject: T;
  readonly successes: number;
  readonly failures: number;
}

export interface SuccessRateSettings {
  /**
   * How many standard deviations below the mean of the endpoints' success rates an endpoint is an outlier.
   * Number, 0.1–100. @default 1.9 (Envoy and gRFC A50 `stdev_factor` 1900, in thousandths)
   */
  readonly stdevFactor: number;
  /** Endpoints with `minVolume` attempts before they are compared. Integer, 2–10 000. @default 5 (Envoy and gRFC A50 `minimum_hosts`) */
  readonly minEndpoints: number;
  /** Attempts at one endpoint within `windowMs` before it is compared. Integer, 1–1 000 000. @default 100 (Envoy and gRFC A50 `request_volume`) */
  readonly minVolume: number;
}

/** Far above what sums of ratios are off by, far below what one attempt makes. */
const ROUNDING = 1e-9;

export interface SuccessRateOutlier<T> {
  readonly subject: T;
  readonly detail: string;
}

export function successRateOutliers<T>(
  tallies: Iterable<Tally<T>>,
  settings: SuccessRateSettings,
): SuccessRateOutlier<T>[] {
  const compared: { subject: T; rate: number }[] = [];
  for (const { subject, successes, failures } of tallies) {
    const volume = successes + failures;
    if (volume >= settings.minVolume) compared.push({ subject, rate: successes / volume });
  }
  const count = compared.length;
  if (count < settings.minEndpoints) return [];
  const mean = compared.reduce((sum, { rate }) => sum + rate, 0) / count;
  // Of the population, as in both: these are all the endpoints, not a sample of them.
  const deviation = Math.sqrt(compared.reduce((sum, { rate }) => sum + (rate - mean) ** 2, 0) / count);
  const threshold = mean - settings.stdevFactor * deviation;
  const outliers: SuccessRateOutlier<T>[] = [];
  for (const { subject, rate } of compared) {
    // Strict, as in both: endpoints that are all alike are no outliers, nor are they by a rounding error of the mean.
    if (rate < threshold - ROUNDING)
      outliers.push({
        subject,
        detail: `${percent(rate)} of its attempts succeeded; on average ${percent(mean)} of ${count} endpoints, and below ${percent(threshold)} is an outlier`,
      });
  }
  return outliers;
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)} %`;
}
