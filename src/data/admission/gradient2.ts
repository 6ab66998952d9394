/**
 * Netflix' Gradient2 (`concurrency-limits-core/…/limit/Gradient2Limit.java`): a limit on what is in flight that grows
 * while latency is flat and falls when it rises above its own long average, which is what a queue at the service looks
 * like from here. Pure arithmetic; see {@link createAdaptiveLimit} for what feeds it.
 */

import type { AdaptiveLimitSettings } from './gradient-settings.js';

/** Samples whose plain mean begins the long average. */
const WARM_UP = 10;

/** The long average is an exponential one over so many samples: 2 / (n + 1) of each goes in. */
const LONG_WINDOW = 600;

export class Gradient2 {
  limit: number;
  private readonly settings: AdaptiveLimitSettings;
  private samples = 0;
  private longMs = 0;

  constructor(settings: AdaptiveLimitSettings) {
    this.settings = settings;
    this.limit = settings.initial;
  }

  /** @param inFlight at the time of the sample: a limit that nobody comes near is not moved */
  update(latencyMs: number, inFlight: number): void {
    // A latency of nothing would divide by it.
    const shortMs = Math.max(latencyMs, 0.001);
    this.learn(shortMs);
    const longMs = this.longMs;
    // Latency has fallen for good: the average of worse times is unlearned faster.
    if (longMs / shortMs > 2) this.longMs *= 0.95;
    const { limit } = this;
    if (inFlight < limit / 2) return;
    const { smoothing, queue, tolerance } = this.settings;
    const gradient = Math.max(0.5, Math.min(1, (tolerance * longMs) / shortMs));
    this.set(limit * (1 - smoothing) + (limit * gradient + queue) * smoothing);
  }

  /** The service has said that it is too much, without a latency to show for it: a step down, after Netflix' `AIMDLimit`. */
  back(): void {
    this.set(this.limit * 0.9);
  }

  private learn(shortMs: number): void {
    if (this.samples < WARM_UP) {
      this.samples++;
      this.longMs += (shortMs - this.longMs) / this.samples;
    } else {
      this.longMs += ((shortMs - this.longMs) * 2) / (LONG_WINDOW + 1);
    }
  }

  private set(limit: number): void {
    const { min, max } = this.settings;
    this.limit = Math.max(min, Math.min(max, limit));
  }
}
