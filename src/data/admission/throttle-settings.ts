/** When a client sheds its own calls, so that an overloaded service comes back. */

export interface ThrottleSettings {
  /**
   * How many times what the service accepted may be sent to it. With 2 nothing is shed while half of the calls or more
   * are accepted; a smaller factor sheds sooner, and finds out later that the service is back. Number, 1.1–10.
   * @default 2 (Site Reliability Engineering, ch. 21)
   */
  readonly factor: number;
  /**
   * How far back the throttle looks. Milliseconds, 1000–600 000.
   * @default 5000 (the book says two minutes; what was shed counts as well, so it takes a client once and a half this long to send everything again to a service that is back)
   */
  readonly windowMs: number;
  /** Calls within `windowMs` before any is shed: a client with less traffic than that does no harm. Integer, 1–1 000 000. @default 50 */
  readonly minVolume: number;
  /**
   * Largest share of calls that is shed; the others find out whether the service is back. Ratio, 0.01–0.99.
   * @default 0.8: what is sent can double twice, from a fifth to all, within some eight seconds
   */
  readonly maxRatio: number;
}

export const DEFAULT_THROTTLE_SETTINGS: ThrottleSettings = Object.freeze({
  factor: 2,
  windowMs: 5_000,
  minVolume: 50,
  maxRatio: 0.8,
});
