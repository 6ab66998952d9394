/** When calls of a service are refused without being sent. */

/** What a breaker's key may be made of. */
export interface BreakerRequest {
  /** Upper case. */
  readonly method: string;
  /** As the caller wrote it. */
  readonly url: string;
}

export interface BreakerSettings {
  /** How far back the breaker looks; what is older is forgotten, whether calls come or not. Milliseconds, 100–3 600 000. @default 10 000 */
  readonly windowMs: number;
  /** Looks at no more than the last so many calls of `windowMs`. Integer, 1–100 000. @default all of them */
  readonly windowCalls?: number;
  /**
   * Calls within the window before anything is concluded from them; with a smaller `windowCalls`, that many.
   * Integer, 1–100 000. @default 20
   */
  readonly minVolume: number;
  /** Share of failed calls at or above which the breaker opens. Ratio, 0.01–1. @default 0.5 (resilience4j) */
  readonly failureThreshold: number;
  /** A call that took longer, to its response headers or its error, was slow. Milliseconds, 1–86 400 000. @default none is */
  readonly slowCallMs?: number;
  /** Share of slow calls at or above which the breaker opens. Ratio, 0.01–1. @default 0.5 */
  readonly slowThreshold: number;
  /**
   * How long the breaker stays open at first. It is twice as long after each probing that failed, and when it opens
   * again sooner after it closed than it had been open. Milliseconds, 1–86 400 000. @default 10 000
   */
  readonly openMs: number;
  /** Longest time open, before jitter; no less than `openMs`. Milliseconds, 1–86 400 000. @default 60 000 */
  readonly maxOpenMs: number;
  /** Each time open is up to this share shorter or longer, so that many clients do not probe at the same moment. Ratio, 0–1. @default 0.1 */
  readonly jitterRatio: number;
  /** Calls that are let through, in all, to find out whether the service is back. Integer, 1–1000. @default 5 */
  readonly probes: number;
  /** A probe that has not ended after this counts as failed, and nothing waits for it any longer. Milliseconds, 1–3 600 000. @default 30 000 (the default `timeoutMs` of a call) */
  readonly probeTimeoutMs: number;
  /**
   * Gives a breaker of its own to every key, for example to each route: `({ url }) => new URL(url).pathname.split('/')[1]`.
   * A call whose key is undefined goes by the breaker of the service. @default one breaker for the service
   */
  readonly key?: (request: BreakerRequest) => string | undefined;
  /** Breakers kept at a time; the one that was not used for longest goes first. Integer, 1–100 000. @default 1000 */
  readonly maxKeys: number;
}

/** For a service that asks for a breaker; by default it has none. */
export const DEFAULT_BREAKER_SETTINGS: BreakerSettings = {
  windowMs: 10_000,
  minVolume: 20,
  failureThreshold: 0.5,
  slowThreshold: 0.5,
  openMs: 10_000,
  maxOpenMs: 60_000,
  jitterRatio: 0.1,
  probes: 5,
  probeTimeoutMs: 30_000,
  maxKeys: 1_000,
};
