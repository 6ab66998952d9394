/** What the layer above learns about one exchange with one endpoint, in this order; each at most once, but for `bodySent`. */
export interface ExchangeObserver {
  /**
   * A connection is there and the first byte is about to be written. Until this call nothing of the request has left
   * the process and its body is untouched, so another endpoint may be tried for every method and body. May call
   * `abort` at once: then the caller's handler does not learn that this exchange began.
   */
  started(abort: (reason?: unknown) => void): void;
  /** A part of the request body went to the connection. Called for each part; the only callback that repeats. */
  bodySent(): void;
  /** Final response headers (not 1xx). `header` takes a lower-case name and decodes only what is asked for; `closes`: the server ends the connection with this answer. */
  responded(status: number, header: (name: string) => string | undefined, closes?: boolean): void;
  /** The body is complete (or, after an upgrade, the socket is the caller's now). */
  ended(): void;
  /**
   * The exchange broke off, before or after it started. True: the observer has taken over (it tries another endpoint,
   * or has told the handler itself), and the caller's handler is not told. False: the error goes to the handler.
   */
  failed(error: unknown): boolean;
  /** Before `failed`: the handler itself broke the exchange off. A request body that failed does so, and it is no endpoint's fault. */
  givenUp?(): void;
  /** Before `failed`, where it is known only then: `started` was said too early, the request never left. */
  neverLeft?(): void;
}
