/** What a call is made of, and whom it turns to. */

import type { FairleadError } from '../core/errors.js';
import type { Attempt } from './attempt.js';
import type { RetrySettings } from './retry-settings.js';
import type { ServiceRoute } from './service-route.js';
import type { DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';

/** Finds the service of another origin, for redirects. */
export interface Router {
  /** The service for an origin such as `http://orders:8080`; undefined when its host is none. */
  route(origin: string): ServiceRoute | undefined;
  /** Why a host that is no service must not be called; undefined when it may. */
  refuse(origin: string): FairleadError | undefined;
  /** Sends to a host that is no service, or refuses. */
  passThrough(options: DispatchOptions, handler: DispatchHandler): boolean;
}

/** Whoever may send another attempt beside one that waits. */
export interface CallWatcher {
  attemptOverdue(attempt: Attempt): void;
}

/** What a call has of its own, in place of what its service says. */
export interface CallOverrides {
  readonly attemptTimeoutMs?: number | undefined;
  readonly retry?: RetrySettings | false | undefined;
  /** The call serves a request that is a retry already: nothing is tried again, and the next service is told. */
  readonly noRetry?: boolean | undefined;
  /** No attempt gets company. */
  readonly hedge?: false | undefined;
}

export interface CallInput {
  readonly router: Router;
  readonly route: ServiceRoute;
  /** Scheme, host and port as the caller wrote them, normalised: `http://orders`. */
  readonly origin: string;
  readonly method: string;
  /** Whether a failure of the first attempt could be retried: then it may be the probe of a returning endpoint. */
  readonly recoverable: boolean;
  readonly timeoutMs: number;
  readonly hashKey: string | undefined;
  readonly overrides?: CallOverrides | undefined;
}
