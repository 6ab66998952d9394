/**
 * What stands between a call and a picker: it keeps what was learned about endpoints while pickers come and go, holds
 * the limits, gives out probes, and counts every attempt in flight until its lease is settled.
 *
 * Everything here is synchronous, and a pick allocates one object, the lease.
 */

import type { Clock } from '../core/clock.js';
import type { EligibleSet } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import type { PickContext } from '../core/lease.js';
import type { Outcome } from '../core/outcome.js';
import { IGNORED } from '../core/outcome.js';
import type { Random } from '../core/random.js';
import { SlotLease, type BalancerLease, type HeaderLookup, type LeaseOwner } from './balancer-lease.js';
import type { BalancerSetting, LimitSettings } from './balancer-settings.js';
import { LoadTable } from './load-table.js';
import type { Picker } from './picker.js';
import { createPolicy } from './pickers/create-policy.js';
import { NO_TICKET, type Policy } from './policy.js';
import { ProbeQueue } from './probe-queue.js';
import { SlotLoads } from './slot-loads.js';
import { withoutZeroWeights } from './zero-weights.js';

/** What a call says about the attempt it picks for. */
export interface CallContext extends PickContext {
  /** The call can bear a failure of this attempt, so it may be the probe of a returning endpoint. */
  readonly probe?: boolean;
}

/** How one attempt ended, for whoever judges endpoints. */
export interface SettledAttempt {
  readonly endpoint: Endpoint;
  readonly outcome: Outcome;
  readonly startedAtMs: number;
  /** Until response headers, or until the end when there were none. */
  readonly latencyMs: number;
  readonly probe: boolean;
  readonly answered: boolean;
  /** How much later than due the attempt's timeout fired. */
  readonly lateMs: number;
}

/** What this client has seen of one endpoint. */
export interface EndpointLoad {
  readonly inFlight: number;
  /** Average time to response headers; undefined before the first. */
  readonly latencyMs: number | undefined;
  /** 0 for no recent failure, 10 for one just now, at most 30. */
  readonly failureScore: number;
}

export interface BalancerInput {
  readonly balancer: BalancerSetting;
  readonly limits: LimitSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Claims the one probe of an endpoint whose sentence is over; false when it is not to be had (any more). */
  takeProbe(id: string): boolean;
  onSettled(attempt: SettledAttempt): void;
  /** The last attempt on an endpoint that cannot be picked now has ended: if it was removed, its connections can go. */
  onIdle?(id: string): void;
}

export interface Balancer {
  /** From now on, choose from this set. */
  update(set: EligibleSet): void;
  /** The endpoint is gone for good: drops what was learned about it, unless it is in the current set. */
  forget(id: string): void;
  /** `'none'` when nobody can be picked; `'limit'` when too much is in flight. */
  pick(context: CallContext): BalancerLease | 'none' | 'limit';
  /** An endpoint has come back by a probe: its old failures count no more, or it would be avoided for as long again. */
  forgive(id: string): void;
  /** Undefined when nothing is known of this id. */
  load(id: string): EndpointLoad | undefined;
  inFlightOf(id: string): number;
  /** Attempts in flight to all endpoints, removed ones included. */
  readonly inFlight: number;
}

export function createBalancer(options: BalancerInput): Balancer {
  return new LoadBalancer(options);
}

class LoadBalancer implements Balancer, LeaseOwner {
  inFlight = 0;
  private readonly options: BalancerInput;
  private readonly clock: Clock;
  private readonly maxInFlight: number;
  private readonly maxInFlightPerEndpoint: number;
  private readonly policy: Policy;
  private readonly table = new LoadTable();
  private readonly probes: ProbeQueue;
  /** As they came, before those of weight 0 were left out: to see whether an update changes them at all. */
  private published: readonly Endpoint[] | undefined;
  private endpoints: readonly Endpoint[] = [];
  private loads = new SlotLoads(this.table, new Int32Array(0));
  private picker: Picker | undefined;
  /** Counts updates: slots that bear the last number belong to endpoints that can be picked now. */
  private setNumber = 0;

  constructor(options: BalancerInput) {
    this.options = options;
    this.clock = options.clock;
    this.maxInFlight = options.limits.maxInFlight;
    this.maxInFlightPerEndpoint = options.limits.maxInFlightPerEndpoint;
    this.policy = createPolicy(options.balancer);
    this.probes = new ProbeQueue((id) => options.takeProbe(id));
  }

  update(set: EligibleSet): void {
    this.probes.update(set.probes, this.clock.now());
    if (set.endpoints !== this.published) this.rebuild(set.endpoints);
    this.setNumber++;
    for (const slot of this.loads.slots) this.table.setNumbers[slot] = this.setNumber;
    for (const { id } of set.probes) this.table.setNumbers[this.acquireSlot(id)] = this.setNumber;
  }

  forget(id: string): void {
    if (!this.isPickable(id)) this.table.forget(id);
  }

  pick(context: CallContext): BalancerLease | 'none' | 'limit' {
    const { endpoints, picker } = this;
    const probing = this.probes.length > 0;
    if (endpoints.length === 0 && !probing) return 'none';
    if (this.inFlight >= this.maxInFlight) return 'limit';
    const nowMs = this.clock.now();
    if (probing) {
      const willing = context.probe === true || endpoints.length === 0;
      const probe = this.probes.take(willing, context.tried, nowMs);
      if (probe !== undefined) return this.lease(probe, this.acquireSlot(probe.id), nowMs, true);
    }
    if (picker === undefined) return 'none';
    this.loads.nowMs = nowMs;
    this.loads.totalInFlight = this.inFlight;
    let index = picker.pick(context);
    if (endpoints.length > 1 && this.loads.inFlight(index) >= this.maxInFlightPerEndpoint) {
      index = this.leastLoadedBelowLimit(context.tried);
      if (index < 0) return 'limit';
    }
    // A picker of the user's may answer anything.
    const endpoint = endpoints[index];
    if (endpoint === undefined) return 'none';
    return this.lease(endpoint, this.loads.slots[index] as number, nowMs, false);
  }

  forgive(id: string): void {
    const slot = this.table.slotOf(id);
    if (slot === undefined) return;
    this.table.forgive(slot);
    this.policy.learner?.forgive?.(slot, this.clock.now());
  }

  load(id: string): EndpointLoad | undefined {
    const slot = this.table.slotOf(id);
    if (slot === undefined) return undefined;
    return {
      inFlight: this.table.inFlight(slot),
      latencyMs: this.table.latencyMs(slot),
      failureScore: this.table.failureScore(slot, this.clock.now()),
    };
  }

  inFlightOf(id: string): number {
    const slot = this.table.slotOf(id);
    return slot === undefined ? 0 : this.table.inFlight(slot);
  }

  ended(lease: SlotLease, outcome: Outcome | undefined, latencyMs: number | undefined): void {
    const nowMs = this.clock.now();
    const { endpoint, slot, startedAtMs, probe, answered, lateMs } = lease;
    const tookMs = latencyMs ?? nowMs - startedAtMs;
    if (outcome !== undefined) this.table.learn(slot, outcome, tookMs, answered, nowMs);
    this.policy.learner?.end?.(slot, lease.ticket, outcome, tookMs, answered, nowMs);
    this.inFlight--;
    const left = this.table.end(slot);
    const settled = { endpoint, outcome: outcome ?? IGNORED, startedAtMs, latencyMs: tookMs, probe, answered, lateMs };
    this.options.onSettled(settled);
    if (left === 0 && this.options.onIdle !== undefined && !this.isPickable(endpoint.id)) {
      // It may have been forgotten, and be back under the same id by now.
      if (this.inFlightOf(endpoint.id) === 0) this.options.onIdle(endpoint.id);
    }
  }

  heard(lease: SlotLease, header: HeaderLookup): void {
    const learner = this.policy.learner;
    if (learner?.heard === undefined) return;
    learner.heard(lease.slot, lease.ticket, header, this.clock.now());
    lease.ticket = NO_TICKET;
  }

  private lease(endpoint: Endpoint, slot: number, nowMs: number, probe: boolean): BalancerLease {
    this.inFlight++;
    this.table.begin(slot);
    const lease = new SlotLease(this, endpoint, slot, nowMs, probe);
    const learner = this.policy.learner;
    if (learner?.begin !== undefined) lease.ticket = learner.begin(slot, nowMs);
    return lease;
  }

  /**
   * Where the picker's choice is full. A scan, but a rare and a short one: no more than maxInFlight / maxInFlightPerEndpoint
   * endpoints can be full at once, two by default.
   */
  private leastLoadedBelowLimit(tried: ReadonlySet<string> | undefined): number {
    let best = -1;
    let bestTried = true;
    let least = Infinity;
    for (let index = 0; index < this.endpoints.length; index++) {
      const inFlight = this.loads.inFlight(index);
      if (inFlight >= this.maxInFlightPerEndpoint) continue;
      const isTried = tried?.has((this.endpoints[index] as Endpoint).id) === true;
      const load = inFlight + this.loads.failureScore(index);
      if (isTried === bestTried ? load >= least : isTried) continue;
      best = index;
      bestTried = isTried;
      least = load;
    }
    return best;
  }

  private rebuild(published: readonly Endpoint[]): void {
    const { clock, random } = this.options;
    const endpoints = withoutZeroWeights(published);
    const slots = new Int32Array(endpoints.length);
    // Not Int32Array.from, which walks an iterator.
    for (let index = 0; index < slots.length; index++)
      slots[index] = this.acquireSlot((endpoints[index] as Endpoint).id);
    const loads = new SlotLoads(this.table, slots);
    loads.nowMs = clock.now();
    this.picker = this.policy.createPicker({ endpoints, loads, clock, random, previous: this.picker }, slots);
    this.published = published;
    this.endpoints = endpoints;
    this.loads = loads;
  }

  private acquireSlot(id: string): number {
    const learner = this.policy.learner;
    if (learner === undefined) return this.table.acquireSlot(id);
    const known = this.table.slotOf(id);
    if (known !== undefined) return known;
    const slot = this.table.acquireSlot(id);
    learner.reset(slot, this.clock.now());
    return slot;
  }

  private isPickable(id: string): boolean {
    const slot = this.table.slotOf(id);
    return slot !== undefined && this.table.setNumbers[slot] === this.setNumber;
  }
}
