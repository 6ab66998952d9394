/** What a registry server can be told, and what it tells. */

/** What the registry does, until told otherwise. Open event streams are told at once what a new request would be. */
export type RegistryMode =
  | { readonly kind: 'ok' }
  /** Refuses connections, and resets the open ones. */
  | { readonly kind: 'down' }
  /** Answers with this status and an error text. */
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** Answers correctly, this much later. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Reads requests and never answers. */
  | { readonly kind: 'hang' }
  /** Says 200, JSON, and then something that is not. */
  | { readonly kind: 'garbage' }
  /** Lies: an empty list with status 200, for every service. */
  | { readonly kind: 'empty' }
  /** The right bytes under this media type. */
  | { readonly kind: 'content-type'; readonly contentType: string }
  /** Valid JSON of at least this many bytes. */
  | { readonly kind: 'huge'; readonly bytes: number }
  /** Begins an answer, and goes on with one byte at a time, for ever. */
  | { readonly kind: 'drip'; readonly everyMs: number };

/** One target: an address, or an address with Prometheus labels. */
export type RegistryTarget = string | { readonly target: string; readonly labels: Readonly<Record<string, string>> };

export interface RegistryStats {
  readonly requests: number;
  /** Answers with status 304. */
  readonly notModified: number;
  /** Requests that are held until something changes. */
  readonly waiting: number;
  /** Event streams that are open. */
  readonly streams: number;
  /** Event streams that began with a `Last-Event-ID` that was up to date, and so without an event. */
  readonly resumed: number;
  /** Requests refused for want of the token. */
  readonly unauthorized: number;
  readonly connections: number;
}
