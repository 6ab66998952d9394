/** What a fleet server can be told, and what it tells. */

/** What a server does to requests, until told otherwise. */
export type ServerMode =
  /** Answers as the paths say; see `fleet.ts`. */
  | { readonly kind: 'ok' }
  /** Answers everything with this status, at once. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answers correctly, this much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Reads requests and never answers. */
  | { readonly kind: 'hang' }
  /**
   * TCP reset: `before` reading anything (new connections at once, open ones at their next request), `after` the request
   * was read, or in the middle of the response `body`.
   */
  | { readonly kind: 'reset'; readonly when: 'before' | 'after' | 'body' }
  /** Answers this share (0–1) of requests with `status` (default 503), the others correctly. Drawn from a seed. */
  | { readonly kind: 'flaky'; readonly ratio: number; readonly status?: number }
  /** Answers with bytes that are not HTTP. */
  | { readonly kind: 'garbage' };

/** One request that carried an `x-request-id` header. */
export interface ReceivedRequest {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly bodyBytes: number;
  /** Hex; undefined until the whole body has arrived, and for ever if it did not. */
  readonly bodySha256: string | undefined;
}

export interface ServerStats {
  readonly requests: number;
  readonly byMethod: Readonly<Record<string, number>>;
  /** Requests that have not been answered and whose connection still stands. */
  readonly inFlight: number;
  readonly maxInFlight: number;
  /** Connections accepted so far. */
  readonly connections: number;
  readonly openSockets: number;
  /** In order of arrival; only requests that carried an `x-request-id` header. */
  readonly received: readonly ReceivedRequest[];
}

/** PEM texts. */
export interface ServerTls {
  readonly key: string;
  readonly cert: string;
  /** Verifies client certificates; together with `requestCert`. */
  readonly ca?: string;
  /** Demands a client certificate. @default false */
  readonly requestCert?: boolean;
  /** Offers HTTP/2 beside HTTP/1.1. @default false */
  readonly http2?: boolean;
}
