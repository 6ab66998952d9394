import type { Endpoint } from './endpoint.js';
import type { Outcome } from './outcome.js';

/** One attempt's claim on one endpoint. Counted in flight until settled; only the first settle counts; disposed unsettled means 'ignored'. */
export interface Lease extends Disposable {
  readonly endpoint: Endpoint;
  /** Ends the claim. `latencyMs` is the time to the first response byte; @default the time since the lease was taken */
  settle(outcome: Outcome, latencyMs?: number): void;
}

/** What a caller may say about the attempt it picks for. */
export interface PickContext {
  /** Key for affinity. */
  readonly hashKey?: string | undefined;
  /** Ids of endpoints that this call has tried; they are avoided while there is another. */
  readonly tried?: ReadonlySet<string> | undefined;
  /** The attempt's number within its call, counted from 1. */
  readonly attempt?: number;
  readonly signal?: AbortSignal;
}
