/**
 * What stands between a call and a picker: it keeps what was learned about endpoints while pickers come and go, holds
 * the limits, gives out probes, and counts every attempt in flight until its lease is settled.
 *
 * Everything here is synchronous, and a pick allocates one object, the lease.
 */

import type { Clock } from '../core/clock.js';
import { EMPTY_SET, type EligibleSet } from '../core/eligible-set.js';
import type { Endpoint } from '../core/endpoint.js';
import type { PickContext } from '../core/lease.js';
import type { Outcome } from '../core/outcome.js';
import { IGNORED } from '../core/outcome.js';
import type { Random } from '../core/random.js';
import {
  SlotLease,
  type BalancerLease,
  type HeaderLookup,
  type LeaseOwner,
  type SettledAttempt,
} from './balancer-lease.js';
import type { BalancerSetting, LimitSettings } from './balancer-settings.js';
import { buildGroups, type GroupsInput } from './build-groups.js';
import { GroupChoice, type Whereabouts } from './group-choice.js';
import { leastLoaded } from './least-loaded.js';
import { LoadTable } from './load-table.js';
import type { PickGroup } from './pick-group.js';
import { createPolicy, goesByKey } from './pickers/create-policy.js';
import { isTried } from './pickers/random-index.js';
import { NO_TICKET, type Policy } from './policy.js';
import { ProbeQueue } from './probe-queue.js';
import { SlotGroups } from './slot-groups.js';

/** What a call says about the attempt it picks for. */
export interface CallContext extends PickContext {
  /** The call can bear a failure of this attempt, so it may be the probe of a returning endpoint. */
  readonly probe?: boolean;
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
  readonly limits: Pick<LimitSettings, 'maxInFlight' | 'maxInFlightPerEndpoint'>;
  /** A lower limit than `maxInFlight`, that moves; never below the number of endpoints. */
  readonly adaptive?: { readonly limit: number } | undefined;
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
  /** Attempts that may be in flight now. */
  readonly limit: number;
  /** Whether a pick would not meet a limit. */
  hasPlace(): boolean;
}

export function createBalancer(options: BalancerInput): Balancer {
  return new LoadBalancer(options);
}

class LoadBalancer implements Balancer, LeaseOwner, Whereabouts {
  inFlight = 0;
  private readonly options: BalancerInput;
  private readonly clock: Clock;
  private readonly maxInFlight: number;
  private readonly maxInFlightPerEndpoint: number;
  private readonly policy: Policy;
  private readonly table = new LoadTable();
  private readonly probes: ProbeQueue;
  /** A call's key, where it has one, decides in dividing calls among priorities as well. */
  private readonly byKey: boolean;
  private readonly groupsInput: GroupsInput;
  private published: EligibleSet = EMPTY_SET;
  private choice: GroupChoice;
  /** Counts updates: slots that bear the last number belong to endpoints that can be picked now. */
  private setNumber = 0;
  private readonly slotGroups = new SlotGroups();

  constructor(options: BalancerInput) {
    this.options = options;
    this.clock = options.clock;
    this.maxInFlight = options.limits.maxInFlight;
    this.maxInFlightPerEndpoint = options.limits.maxInFlightPerEndpoint;
    this.policy = createPolicy(options.balancer);
    this.byKey = goesByKey(options.balancer);
    this.probes = new ProbeQueue((id) => options.takeProbe(id));
    const { clock, random } = options;
    const acquireSlot = (id: string): number => this.acquireSlot(id);
    this.groupsInput = { table: this.table, policy: this.policy, clock, random, acquireSlot };
    this.choice = new GroupChoice([], random);
  }

  update(set: EligibleSet): void {
    this.probes.update(set.probes, this.clock.now());
    if (isOther(set, this.published)) this.choice = buildGroups(set, this.choice, this.groupsInput);
    this.published = set;
    this.setNumber++;
    const { groups } = this.choice;
    for (const { loads } of groups) for (const slot of loads.slots) this.table.setNumbers[slot] = this.setNumber;
    for (const { id } of set.probes) this.table.setNumbers[this.acquireSlot(id)] = this.setNumber;
    this.slotGroups.update(groups, this.table.size);
  }

  forget(id: string): void {
    if (!this.isPickable(id)) this.table.forget(id);
  }

  pick(context: CallContext): BalancerLease | 'none' | 'limit' {
    const { choice } = this;
    const probing = this.probes.length > 0;
    if (choice.size === 0 && !probing) return 'none';
    if (this.inFlight >= this.maxInFlight || this.isOverAdaptive()) return 'limit';
    const nowMs = this.clock.now();
    if (probing) {
      const willing = context.probe === true || choice.size === 0;
      const probe = this.probes.take(willing, context.tried, nowMs);
      if (probe !== undefined) return this.lease(probe, this.acquireSlot(probe.id), nowMs, true);
    }
    const group = choice.groups.length === 1 ? choice.main : this.groupFor(context);
    if (group === undefined) return 'none';
    const { loads } = group;
    loads.nowMs = nowMs;
    loads.totalInFlight = this.inFlight;
    const index = group.picker.pick(context);
    if (choice.size > 1 && loads.inFlight(index) >= this.maxInFlightPerEndpoint)
      return this.leaseBelowLimit(group, context.tried, nowMs);
    // A picker of the user's may answer anything.
    const endpoint = group.endpoints[index];
    if (endpoint === undefined) return 'none';
    return this.lease(endpoint, loads.slots[index] as number, nowMs, false);
  }

  get limit(): number {
    const { adaptive } = this.options;
    return adaptive === undefined
      ? this.maxInFlight
      : Math.min(this.maxInFlight, Math.max(adaptive.limit, this.choice.size));
  }

  hasPlace(): boolean {
    if (this.inFlight >= this.limit) return false;
    const { choice, maxInFlightPerEndpoint: most } = this;
    if (choice.size <= 1) return true;
    const nowMs = this.clock.now();
    return choice.groups.some((group) => leastLoaded(group, most, undefined, nowMs) >= 0);
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
    const { endpoint, slot, answered } = lease;
    const tookMs = latencyMs ?? nowMs - lease.startedAtMs;
    if (outcome !== undefined) this.table.learn(slot, outcome, tookMs, answered, nowMs);
    this.policy.learner?.end?.(slot, lease.ticket, outcome, tookMs, answered, nowMs);
    this.inFlight--;
    const left = this.table.end(slot);
    lease.outcome = outcome ?? IGNORED;
    lease.endedAtMs = nowMs;
    lease.latencyMs = tookMs;
    this.options.onSettled(lease);
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

  private groupFor({ tried, hashKey }: CallContext): PickGroup | undefined {
    const { choice } = this;
    const drawn = choice.main ?? choice.draw(this.byKey ? hashKey : undefined);
    if (drawn === undefined || tried === undefined || tried.size === 0) return drawn;
    return choice.elsewhere(drawn, tried, this);
  }

  lastGroupOf(id: string): number {
    const slot = this.table.slotOf(id);
    return slot === undefined ? -1 : this.slotGroups.last(slot);
  }

  isInGroup(id: string): boolean {
    const slot = this.table.slotOf(id);
    return slot !== undefined && this.slotGroups.isIn(slot);
  }

  /**
   * Where the picker's choice is full: the least loaded of its group, or else of the others in order. A scan, but a rare one:
   * no more than maxInFlight / maxInFlightPerEndpoint endpoints can be full at once, two by default.
   */
  private leaseBelowLimit(
    first: PickGroup,
    tried: ReadonlySet<string> | undefined,
    nowMs: number,
  ): BalancerLease | 'limit' {
    let group = first;
    let index = leastLoaded(first, this.maxInFlightPerEndpoint, tried, nowMs);
    for (const other of this.choice.groups) {
      if (index >= 0 && !(tried !== undefined && isTried(group.endpoints, index, tried))) break;
      const found = other === first ? -1 : leastLoaded(other, this.maxInFlightPerEndpoint, tried, nowMs);
      if (found < 0 || (index >= 0 && tried !== undefined && isTried(other.endpoints, found, tried))) continue;
      group = other;
      index = found;
    }
    if (index < 0) return 'limit';
    return this.lease(group.endpoints[index] as Endpoint, group.loads.slots[index] as number, nowMs, false);
  }

  private isOverAdaptive(): boolean {
    return this.options.adaptive !== undefined && this.inFlight >= this.limit;
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

function isOther(set: EligibleSet, published: EligibleSet): boolean {
  const { endpoints, groups, warming } = published;
  return set.endpoints !== endpoints || set.groups !== groups || set.warming !== warming;
}
