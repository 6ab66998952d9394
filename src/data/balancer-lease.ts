/** What the balancer hands out: one attempt's claim on one endpoint. One object per pick, and no closure. */

import type { Endpoint } from '../core/endpoint.js';
import type { Lease } from '../core/lease.js';
import { IGNORED, type Outcome } from '../core/outcome.js';
import { NO_TICKET } from './policy.js';

/** Value of a response header by its lower-case name. */
export type HeaderLookup = (name: string) => string | undefined;

export interface BalancerLease extends Lease {
  readonly startedAtMs: number;
  /** This attempt is the one probe of an endpoint whose sentence is over. */
  readonly probe: boolean;
  /** Whether there were response headers. */
  answered: boolean;
  /** Set by whoever keeps the timeout: how much later than due it fired, in milliseconds. The event loop may have been at fault. */
  lateMs: number;
  /** Said by whoever sends, at the response's headers. */
  heard(header: HeaderLookup): void;
}

/** How one attempt ended, for whoever judges endpoints. */
export interface SettledAttempt {
  readonly endpoint: Endpoint;
  readonly outcome: Outcome;
  readonly startedAtMs: number;
  readonly endedAtMs: number;
  /** Until response headers, or until the end when there were none. */
  readonly latencyMs: number;
  readonly probe: boolean;
  readonly answered: boolean;
  /** How much later than due the attempt's timeout fired. */
  readonly lateMs: number;
}

/** Whom a lease tells about its end. */
export interface LeaseOwner {
  /** Response headers arrived, before the end. */
  heard(lease: SlotLease, header: HeaderLookup): void;
  /** Called once per lease. `outcome` is undefined for a lease that was disposed unsettled: nothing is known of the attempt. */
  ended(lease: SlotLease, outcome: Outcome | undefined, latencyMs: number | undefined): void;
}

export class SlotLease implements BalancerLease, SettledAttempt {
  readonly endpoint: Endpoint;
  readonly startedAtMs: number;
  readonly probe: boolean;
  readonly slot: number;
  answered = false;
  lateMs = 0;
  /** These three are known once it is settled. */
  outcome: Outcome = IGNORED;
  endedAtMs = 0;
  latencyMs = 0;
  /** What the policy's learner knows the attempt by. */
  ticket: number = NO_TICKET;
  private owner: LeaseOwner | undefined;

  constructor(owner: LeaseOwner, endpoint: Endpoint, slot: number, startedAtMs: number, probe: boolean) {
    this.owner = owner;
    this.endpoint = endpoint;
    this.slot = slot;
    this.startedAtMs = startedAtMs;
    this.probe = probe;
  }

  heard(header: HeaderLookup): void {
    this.answered = true;
    this.owner?.heard(this, header);
  }

  settle(outcome: Outcome, latencyMs?: number): void {
    this.end(outcome, latencyMs);
  }

  [Symbol.dispose](): void {
    this.end(undefined, undefined);
  }

  private end(outcome: Outcome | undefined, latencyMs: number | undefined): void {
    const owner = this.owner;
    if (owner === undefined) return;
    this.owner = undefined;
    owner.ended(this, outcome, latencyMs);
  }
}
