/** What a call needs of a service, and no more: the client lays these wires, a test hands in a plain object. */

import type { Endpoint } from '../core/endpoint.js';
import type { FairleadError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { PickContext } from '../core/lease.js';
import type { Classifier } from '../core/outcome.js';
import type { Clock } from '../core/clock.js';
import type { Random } from '../core/random.js';
import type { SharedTimer } from '../kit/shared-timer.js';
import type { BalancerLease } from './balancer-lease.js';
import type { HedgePolicy } from './hedging/hedge-policy.js';
import type { PropagationSettings } from './propagation.js';
import type { RetryBudget } from './retry-budget.js';
import type { RetrySettings } from './retry-settings.js';
import type { Connections } from './transport/connections.js';
import type { DispatchHandler, DispatchOptions } from './transport/dispatcher-like.js';

export interface CallSettings {
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  /** Undefined for no limit. */
  readonly bodyIdleTimeoutMs?: number | undefined;
  readonly selectionTimeoutMs: number;
  readonly retry: RetrySettings | false;
  /** Lower-case names of request headers that no redirect takes elsewhere, besides those that fetch knows. */
  readonly credentialHeaders: readonly string[];
  /** Undefined when nothing is to be said. */
  readonly propagate?: PropagationSettings | undefined;
}

/** What a call tells the balancer about the attempt it picks for. */
export interface CallPickContext extends PickContext {
  /** The call can bear a failure of this attempt (it will be retried), so it may be the probe of a returning endpoint. */
  readonly probe: boolean;
}

export interface LeavingWatch {
  heard(id: string, status: number, closes: boolean, header: (name: string) => string | undefined, nowMs: number): void;
}

/** Where a call turns to that meets a limit. */
export interface PlaceGiver {
  /** Calls `done` once: without an argument when there is a place, to be taken at once; else with the reason why not. */
  whenFree(timeoutMs: number, done: (refusal: FairleadError | undefined) => void): Disposable;
}

/** One service, seen from a call. */
export interface ServiceRoute {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  /** For its attempts. */
  readonly timers: SharedTimer;
  readonly settings: CallSettings;
  readonly classifier: Classifier | undefined;
  /** Lower-case name of the request header whose value is the key of calls that name none. */
  readonly hashHeader?: string | undefined;
  readonly budget: RetryBudget;
  /** Undefined when no attempt ever gets company. */
  readonly hedging: HedgePolicy | undefined;
  /** Hears every answer, to learn who is leaving; undefined when nobody asks. `closes`: the endpoint ends the connection by itself. */
  readonly leaving?: LeavingWatch | undefined;
  /** Endpoints that can be picked now. */
  readonly size: number;
  readonly events: EventSink;
  /** A lease; `'none'` when nobody can be picked, `'limit'` when too much is in flight. */
  pick(context: CallPickContext): BalancerLease | 'none' | 'limit';
  /** Calls `done` once: without an argument when there is somebody to pick, with the reason when waiting is pointless or over. */
  whenPickable(timeoutMs: number, done: (refusal: FairleadError | undefined) => void): Disposable;
  readonly limits: PlaceGiver;
  /** Sends over the endpoint's own connections; `observer` learns what becomes of it. */
  dispatch(...args: Parameters<Connections['send']>): void;
  /** Why a redirect must not lead to this host, which is no service; undefined when it may, and for the address of a name. */
  refuseElsewhere(origin: string): FairleadError | undefined;
  /** Sends to a host that is no service, where a redirect led: no address that this service's policy refuses is dialled. */
  dispatchElsewhere(options: DispatchOptions, handler: DispatchHandler): boolean;
  /** An endpoint could not be reached: discovery may know better by now. */
  connectFailed(): void;
  /** Response headers arrived from this endpoint: a sign of life, long before a large body ends. */
  heard(endpoint: Endpoint, latencyMs: number, nowMs: number): void;
}
