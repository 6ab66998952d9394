/**
 * Quantiles of recent durations, in a fixed amount of memory and without keeping samples. Buckets grow by a sixth of an
 * octave, so an answer is at most 12.3 % above the truth and never below it. Two windows take turns: an answer rests on
 * between one and two window lengths of samples, and goes by time, whether samples come or not.
 */

/** 2^(1/6) = 1.122 from one bucket's edge to the next. */
const BUCKETS_PER_OCTAVE = 6;

/** Upper edge of the first bucket, in milliseconds. */
const FINEST_MS = 0.125;

/** 26 octaves from 0.125 ms: up to two hours. */
const BUCKETS: number = 26 * BUCKETS_PER_OCTAVE;

export class RotatingHistogram {
  private readonly windowMs: number;
  private current: Uint32Array = new Uint32Array(BUCKETS);
  private previous: Uint32Array = new Uint32Array(BUCKETS);
  private currentCount = 0;
  private previousCount = 0;
  private beganMs: number | undefined;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  /** Takes a sample. Negative durations count as 0, longer ones than two hours as two hours. */
  add(durationMs: number, nowMs: number): void {
    this.rotate(nowMs);
    const bucket = bucketOf(durationMs);
    this.current[bucket] = (this.current[bucket] as number) + 1;
    this.currentCount++;
  }

  /** How many samples the next answer rests on. */
  count(nowMs: number): number {
    this.rotate(nowMs);
    return this.currentCount + this.previousCount;
  }

  /**
   * The duration that a share of the samples does not exceed, rounded up to its bucket's edge; undefined without samples.
   * @param q above 0, at most 1
   */
  quantile(q: number, nowMs: number): number | undefined {
    const total = this.count(nowMs);
    if (total === 0) return undefined;
    let left = Math.max(1, Math.ceil(q * total));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= (this.current[bucket] as number) + (this.previous[bucket] as number);
      if (left <= 0) return edgeOf(bucket);
    }
    return edgeOf(BUCKETS - 1);
  }

  private rotate(nowMs: number): void {
    this.beganMs ??= nowMs;
    const windows = Math.floor((nowMs - this.beganMs) / this.windowMs);
    if (windows < 1) return;
    this.beganMs += windows * this.windowMs;
    const emptied = this.previous.fill(0);
    if (windows === 1) {
      this.previous = this.current;
      this.previousCount = this.currentCount;
      this.current = emptied;
    } else {
      this.current.fill(0);
      this.previousCount = 0;
    }
    this.currentCount = 0;
  }
}

function bucketOf(durationMs: number): number {
  if (!(durationMs > FINEST_MS)) return 0;
  return Math.min(BUCKETS - 1, Math.ceil(Math.log2(durationMs / FINEST_MS) * BUCKETS_PER_OCTAVE));
}

function edgeOf(bucket: number): number {
  return FINEST_MS * 2 ** (bucket / BUCKETS_PER_OCTAVE);
}
