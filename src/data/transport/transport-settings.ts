/** How connections to endpoints are made and kept: what is set, once defaults are applied. */

import type { Pem } from '../../kit/pem.js';

export interface TransportSettings {
  /**
   * Until a connection is ready, TLS included. Milliseconds, > 0; accurate to about half a second above 1 s.
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
}

/** Key material of the client's side, PEM. Certificates of servers are always verified. */
export interface TlsSettings {
  /** Trusted instead of the well-known authorities. */
  readonly ca?: Pem;
  /** The client's certificate chain and its private key, for mutual TLS. */
  readonly cert?: Pem;
  readonly key?: Pem;
}
