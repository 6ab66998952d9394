/**
 * How long answers of discovery live. One set per service; every duration in milliseconds.
 *
 * The numbers lean on DNS, whose operators have learned these lessons for forty years: RFC 2308 (negative caching),
 * RFC 8767 (serving stale data), and on what Envoy, gRPC and httplb do for service discovery.
 */

export interface CacheSettings {
  /**
   * Shortest life of an answer, whatever time to live it states: the floor under how often a source is asked. Range
   * 100–3_600_000.
   * @default 5_000 (httplb's re-resolve floor; Envoy's `dns_refresh_rate` default)
   */
  readonly minTtlMs: number;
  /**
   * Longest life of an answer, so that a time to live of a day does not hide a deploy. Range `minTtlMs`–86_400_000.
   * @default 300_000 (httplb's default time to live)
   */
  readonly maxTtlMs: number;
  /**
   * Life of an answer that states none (most registries). Clamped like any other. Range 100–86_400_000.
   * @default 30_000 (Prometheus' and gRPC's usual re-resolution interval)
   */
  readonly defaultTtlMs: number;
  /**
   * Life of "nobody serves this": short, because the next deploy changes it. Not clamped by `minTtlMs`. Range
   * 100–3_600_000.
   * @default 5_000 (RFC 2308 allows hours; services come back within seconds)
   */
  readonly negativeTtlMs: number;
  /**
   * How long the last good answer is served while asking fails, counted from when it was last confirmed; 0 serves
   * none. Does not touch answers that succeed. Range 0–604_800_000.
   * @default 86_400_000 (RFC 8767 §5: between one and three days)
   */
  readonly staleMs: number;
  /**
   * How long an empty answer after a non-empty one is kept back, and the most a sharply shrunk one is. 0 applies both
   * at once. Range 0–3_600_000.
   * @default 30_000 (longer than a registry needs to restart and hear its services again)
   */
  readonly emptyGraceMs: number;
  /**
   * An answer with fewer than this share of the endpoints in use is suspect. 0 suspects none; empty ones are still
   * kept back. Range 0–1.
   * @default 0.5 (a rolling deploy replaces a quarter at a time; losing more than half at once is rarely meant)
   */
  readonly shrinkThreshold: number;
  /**
   * Every life varies by up to this share either way, so that a fleet that started together does not ask together.
   * Range 0–0.5.
   * @default 0.1
   */
  readonly jitterRatio: number;
  /**
   * Least time between a question and the next that `refresh` causes. Range 0–3_600_000.
   * @default 5_000 (gRPC's DNS resolver takes 30 s; a client that sees connections fail should not wait that long)
   */
  readonly minRefreshIntervalMs: number;
  /**
   * A question without an answer for this long is given up; a watcher without a first answer is reported. Range
   * 1–600_000.
   * @default 10_000
   */
  readonly askTimeoutMs: number;
  /**
   * First step of the full-jitter backoff after a question failed; it doubles with each failure in a row. Range
   * 1–600_000.
   * @default 250 (a first resolution that fails is worth trying again within a caller's patience)
   */
  readonly retryBaseMs: number;
  /**
   * Most that backoff waits. Range `retryBaseMs`–3_600_000.
   * @default 30_000 (RFC 8767 §5: retry a failed source no more than every 30 s)
   */
  readonly retryMaxMs: number;
  /**
   * Where the last known list is kept on disk: a process that starts while discovery is down begins with it. A path, in
   * which `{service}` stands for the service's name; each service needs a file of its own, and a folder that only this
   * user may write to. Written in the background, whole or not at all.
   * @default none
   */
  readonly file?: string | undefined;
  /**
   * How old a list on disk may be, counted from when discovery last confirmed it. Range 1–`staleMs`.
   * @default `staleMs`
   */
  readonly fileMaxAgeMs?: number | undefined;
}

/** What the client starts from, and what a combinator uses when it is watched by something else than a feed. */
export const DEFAULT_CACHE_SETTINGS: CacheSettings = Object.freeze({
  minTtlMs: 5_000,
  maxTtlMs: 300_000,
  defaultTtlMs: 30_000,
  negativeTtlMs: 5_000,
  staleMs: 86_400_000,
  emptyGraceMs: 30_000,
  shrinkThreshold: 0.5,
  jitterRatio: 0.1,
  minRefreshIntervalMs: 5_000,
  askTimeoutMs: 10_000,
  retryBaseMs: 250,
  retryMaxMs: 30_000,
});
