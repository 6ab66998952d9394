/** How a service chooses, and how much of it may be in flight. */

import type { AdaptiveLimitSettings } from './admission/gradient-settings.js';
import type { LimitQueueSettings } from './admission/limit-queue-settings.js';
import type { PickerFactory } from './picker.js';
import type { BalancerName, BalancerOptions } from './policy-options.js';

export interface LimitSettings {
  /**
   * Attempts of one service in flight; more are refused at once, and count against no endpoint. A body that is still
   * being read is in flight. Integer, >= 1. @default 1024 (Envoy `circuit_breakers` `max_requests`)
   */
  readonly maxInFlight: number;
  /**
   * Attempts in flight to one endpoint; further ones go to others, and are refused when all others are full. It does not
   * bind while only one endpoint can be picked: that one's limit is the service's. Integer, >= 1.
   * @default 512, half of the service's limit: one endpoint that hangs cannot fill it alone
   */
  readonly maxInFlightPerEndpoint: number;
  /** Lets calls wait for a place instead of refusing them at once; `{}` for a queue with its own defaults. @default false */
  readonly queue: false | LimitQueueSettings;
  /** A lower limit than `maxInFlight` that follows the service's latency; `{}` for one with its own defaults. @default false */
  readonly adaptive: false | AdaptiveLimitSettings;
}

export const DEFAULT_LIMITS: LimitSettings = Object.freeze({
  maxInFlight: 1_024,
  maxInFlightPerEndpoint: 512,
  queue: false,
  adaptive: false,
});

/** A named policy, one with options, or one's own. @default 'adaptive' */
export type BalancerSetting = BalancerName | BalancerOptions | PickerFactory;

export const DEFAULT_BALANCER: BalancerName = 'adaptive';
