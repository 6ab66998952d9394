/** How an endpoint is believed that says it is leaving, and for how long. */

export interface DrainSettings {
  /**
   * Whether an endpoint is leaving that kept connections alive and now ends them all (`Connection: close`): with three
   * answers in a row, and with more of them than it had connections. A single one means nothing: servers bound the
   * requests of a connection.
   * @default true
   */
  readonly connectionClose: boolean;
  /**
   * Whether an endpoint is leaving that sends GOAWAY over HTTP/2 and has no other connection left. Servers also renew
   * their connections in this way: a new one is opened at once, and when it is still there after a second, the endpoint is
   * back in use.
   * @default true
   */
  readonly goAway: boolean;
  /**
   * Name of a response header by which an endpoint says that it is leaving, for example `'x-draining'`; one answer is
   * enough. Any value but `false` and `0` says so.
   * @default undefined: none (Envoy knows `x-envoy-immediate-health-check-fail`)
   */
  readonly header?: string | undefined;
  /**
   * How long it gets no new requests, unless discovery removes it before. Named again after that, it is used at once.
   * Milliseconds, 1–86 400 000.
   * @default 30 000 (Kubernetes' `terminationGracePeriodSeconds`: by then it is gone, or it has stayed)
   */
  readonly holdMs: number;
}
