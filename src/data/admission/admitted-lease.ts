import type { Clock } from '../../core/clock.js';
import type { Endpoint } from '../../core/endpoint.js';
import type { Lease } from '../../core/lease.js';
import { IGNORED, type Outcome } from '../../core/outcome.js';
import type { BalancerLease } from '../balancer-lease.js';
import { leave } from './admission.js';
import type { BreakerPermit } from './breaker.js';

/** A lease by which somebody else sends: for the breaker it is a call of one attempt, and ends as its owner says. */
export class AdmittedLease implements Lease {
  readonly endpoint: Endpoint;
  private readonly lease: BalancerLease;
  private readonly clock: Clock;
  private permit: BreakerPermit | undefined;

  constructor(lease: BalancerLease, permit: BreakerPermit, clock: Clock) {
    this.endpoint = lease.endpoint;
    this.lease = lease;
    this.permit = permit;
    this.clock = clock;
  }

  settle(outcome: Outcome, latencyMs?: number): void {
    this.lease.settle(outcome, latencyMs);
    this.left(outcome, latencyMs);
  }

  [Symbol.dispose](): void {
    this.lease[Symbol.dispose]();
    this.left(IGNORED, undefined);
  }

  private left(outcome: Outcome, latencyMs: number | undefined): void {
    const { permit } = this;
    if (permit === undefined) return;
    this.permit = undefined;
    const nowMs = this.clock.now();
    leave(permit, outcome, latencyMs ?? nowMs - this.lease.startedAtMs, nowMs);
  }
}
