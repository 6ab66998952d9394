/** How connections to endpoints are made and kept: what is set, once defaults are applied. */

export interface TransportSettings {
  /**
   * Until a connection is ready, TLS included. Milliseconds, > 0.
   * @default 2000: a lost SYN is sent again after 1 s (RFC 6298 §2.1), and that second one must still have a chance
   */
  readonly connectTimeoutMs: number;
  /** Open connections to one endpoint, >= 1; requests beyond wait for one. @default 512 */
  readonly maxConnections: number;
  /**
   * How long an idle connection is kept when the server states no time of its own. Milliseconds, > 0.
   * @default 4000: less than the 5 s after which a Node server closes, so that the client closes first and no request meets a closing socket
   */
  readonly keepAliveTimeoutMs: number;
  /**
   * The most that an idle connection is kept when the server does state a time (`Keep-Alive: timeout=60`), of which two
   * seconds are left to spare. Milliseconds, > 0. @default 600 000 (undici)
   */
  readonly keepAliveMaxTimeoutMs: number;
  /**
   * Age at which a connection is replaced, each one up to a tenth earlier or later; `false` for never. It ends after the
   * request that it carries, and none fails. Behind one address there may be many servers, some of them new, and
   * connections that live for ever know only the old ones. Milliseconds, 100–86 400 000.
   * @default 300 000 (ten in an hour cost nothing, and a new server is in use within minutes)
   */
  readonly maxConnectionAgeMs: number | false;
  /**
   * After how long without a request or a connection an endpoint's pool is given up, with the TLS sessions it remembers.
   * The next request makes a new one. Milliseconds, 100–86 400 000. @default 300 000
   */
  readonly idlePoolTimeoutMs: number;
  /**
   * Speaks HTTP/2 with endpoints that offer it in the TLS handshake (ALPN), and HTTP/1.1 with the others. Without TLS it
   * has no effect. @default false
   */
  readonly http2: boolean;
  /**
   * How many connections to each endpoint `client.ready()` opens, so that the first calls need no handshake. They are
   * closed when nobody uses them within ten seconds. Integer, 0–1000. @default 0
   */
  readonly prewarm: number;
  /** Only addresses of this IP version, 4 or 6. @default both, the second when the first does not connect soon (RFC 8305) */
  readonly family?: 4 | 6;
}
