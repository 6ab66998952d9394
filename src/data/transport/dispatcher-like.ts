/**
 * The dispatcher contract that the platform's fetch, undici.request and our own transport share, reduced to what we
 * use. Types only: nothing of undici is imported, because importing it would replace the platform's own dispatcher.
 */

/**
 * Which generation of callbacks a handler has: `legacy` is `onConnect`, `onHeaders`, `onData`, `onComplete`, `onError`
 * (undici 4–7, the fetch of Node 20–24); `modern` is `onRequestStart`, `onResponseStart`, … (undici 7 and later, the
 * fetch of Node 26).
 */
export type HandlerShape = 'legacy' | 'modern';

/** One exchange, as a caller hands it to `dispatch`. Keys that we do not know are passed on. */
export interface DispatchOptions {
  origin?: string | URL;
  path: string;
  method: string;
  /** An object, a flat array, an array of pairs, `Headers`, a `Map`, any iterable of pairs, or nothing. */
  headers?: unknown;
  /** Null, bytes, a string, a stream or an iterable. */
  body?: unknown;
  /** Milliseconds until response headers; 0 means no limit. Coarse: undici checks about twice a second. */
  headersTimeout?: number | null;
  /** Milliseconds between two body chunks; 0 means no limit. */
  bodyTimeout?: number | null;
  [key: string]: unknown;
}

/** A handler of either {@link HandlerShape}. */
export type DispatchHandler = object;

/** What `fetch(url, { dispatcher })` and `undici.request(url, { dispatcher })` accept. */
export interface DispatcherLike {
  /** False asks the caller to wait for a drain; errors go to the handler. */
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean;
  /** Lets what runs finish, then closes the connections. */
  close?(): Promise<void>;
  /** Fails what runs and closes the connections. */
  destroy?(error?: Error): Promise<void>;
}
