/** What `createClient` gives. */

import type { BreakerStateName, EventName } from '../core/events.js';
import type { Lease, PickContext } from '../core/lease.js';
import type { DispatcherLike } from '../data/transport/dispatcher-like.js';
import type { ResponseData } from '../data/transport/request-exchange.js';
import type { ClientSnapshot, Explanation } from './client-snapshot.js';
import type { Listener } from './event-hub.js';
import type { FetchInit } from './fetch-input.js';
import type { RequestInput } from './request-call.js';

export interface Client extends AsyncDisposable {
  /** Drop-in for `globalThis.fetch`: bound, and it returns a real global Response. Per-call options ride in `init.fairlead`. */
  readonly fetch: (input: string | URL | Request, init?: FetchInit) => Promise<Response>;
  /**
   * The same calls without WHATWG machinery, shaped like undici's `request`: `{ statusCode, headers, body }`.
   * Redirects are not followed. Needs the platform's own undici (Node); elsewhere it rejects.
   */
  request(url: string | URL, options?: RequestInput): Promise<ResponseData>;
  /**
   * The routing alone as an undici-compatible dispatcher: pick, send, account, and move on while nothing was sent; no
   * retries after that. For `undici.request`, `setGlobalDispatcher` and libraries that take a dispatcher.
   */
  readonly dispatcher: DispatcherLike;
  /**
   * Bring your own transport: settle the lease with what happened.
   * @throws NoEndpointsError when nothing is known yet, or nobody is there
   */
  pick(service: string, context?: PickContext): Lease;
  /** As `pick`, but waits for the first endpoints, within the service's `selectionTimeoutMs` and the context's signal. */
  acquire(service: string, context?: PickContext): Promise<Lease>;
  /** Resolves when the named services have endpoints. @default all that are known */
  ready(services?: readonly string[], options?: ReadyOptions): Promise<void>;
  /** Asks discovery again now; rate-limited by the service's `cache.minRefreshIntervalMs`. */
  refresh(service: string): void;
  /**
   * The breaker of a service, or of one key, to take it out of use and back by hand.
   * @throws ERR_INVALID_OPTION when the service has no `breaker`
   */
  breaker(service: string, key?: string): BreakerControl;
  /** Plain JSON: for each service its resolution, endpoints, load, ejections and budget. */
  snapshot(): ClientSnapshot;
  /** Why each endpoint would or would not be picked now, in words. */
  explain(service: string): Explanation;
  on<N extends EventName>(name: N, listener: Listener<N>): this;
  once<N extends EventName>(name: N, listener: Listener<N>): this;
  off<N extends EventName>(name: N, listener: Listener<N>): this;
  /**
   * Stops timers, refuses new calls, waits for what is in flight, closes connections. Idempotent. A client that is idle
   * and was never closed does not hold the process open either.
   */
  close(options?: CloseOptions): Promise<void>;
}

export interface BreakerControl {
  /** `isolated` is open by hand. */
  readonly state: BreakerStateName;
  /** Refuses every call from now on, until `release`. Calls that were let in go on. */
  isolate(): void;
  /** Closes the breaker, also one that opened by itself, and forgets what it counted. */
  release(): void;
}

export interface ReadyOptions {
  /** Milliseconds. @default 30 000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface CloseOptions {
  /** How long calls in flight may go on; then they fail. Milliseconds; 0 fails them at once. @default 30 000 */
  readonly timeoutMs?: number;
}
