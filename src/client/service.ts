/**
 * One service: discovery, membership and health on one side, balancing and connections on the other, and the wires
 * between them. Sets flow down, outcomes flow up; nothing is decided here.
 */

import type { Place } from '../control/locality-settings.js';
import type { DrainWatch } from '../control/drain/drain-watch.js';
import type { Clock } from '../core/clock.js';
import type { Endpoint } from '../core/endpoint.js';
import type { FairleadError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { Lease, PickContext } from '../core/lease.js';
import type { Random } from '../core/random.js';
import type { Resolution } from '../core/resolution.js';
import { createBalancer, type Balancer } from '../data/balancer.js';
import { SharedTimer } from '../kit/shared-timer.js';
import type { BalancerLease, SettledAttempt } from '../data/balancer-lease.js';
import { createHedgePolicy, type HedgePolicy } from '../data/hedging/hedge-policy.js';
import type { RetryBudget } from '../data/retry-budget.js';
import type { CallPickContext, ServiceRoute } from '../data/service-route.js';
import type { DispatchHandler, DispatchOptions } from '../data/transport/dispatcher-like.js';
import type { Connections } from '../data/transport/connections.js';
import { addressRefused, refusalOf } from '../data/transport/guarded-lookup.js';
import { createAddressPolicy } from '../kit/address-policy.js';
import type { AddressGate, ConnectService } from './connect-service.js';
import { createHealthAsker } from './health-asker.js';
import { guardClassifier } from './guard-classifier.js';
import { createOpenCalls, type OpenCalls } from './open-calls.js';
import type { ServiceSettings } from './options.js';
import type { ServiceState } from './service-state.js';
import { createServiceAnnouncer, type ServiceAnnouncer } from './service-announcer.js';
import { createServiceAdmission, type ServiceAdmission } from './service-admission.js';
import { prewarm } from './prewarm.js';
import { createServiceFeed, type ServiceFeed } from './service-feed.js';
import { clientClosed, unpickableError } from './service-errors.js';
import { createServiceLimits, type ServiceLimits } from './service-limits.js';
import { createServiceMembers, type ServiceMembers } from './service-members.js';
import { takeLease } from './take-lease.js';
import { createWaitingRoom, type WaitingRoom } from '../data/waiting-room.js';

export interface ServiceDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventSink;
  /** Where the client runs. */
  readonly place: Place;
  /** Makes the connections of one service; asked when the first request is sent. */
  readonly connect: ConnectService;
}

export interface Service extends ServiceRoute {
  readonly settings: ServiceSettings;
  readonly state: ServiceState;
  /** Somebody can be picked now. */
  readonly pickable: boolean;
  /** Begins to ask discovery. */
  start(): void;
  /** Asks discovery again now; rate-limited. */
  refresh(): void;
  /** @throws NoEndpointsError, ERR_LIMIT_EXCEEDED, ERR_BREAKER_OPEN */
  lease(context: PickContext): Lease;
  readonly door: ServiceAdmission;
  /** Opens the connections that `transport.prewarm` asks for. Never rejects. */
  prewarm(): Promise<void>;
  readonly limits: ServiceLimits;
  /** Every call says when it begins and when it is over: `close` waits for it. */
  readonly calls: OpenCalls;
  /** Stops discovery and refuses whoever waits; resolves when no call is open, nothing is in flight and the connections are closed. */
  close(): Promise<void>;
  /** Fails what is still in flight, and whatever its calls try after that. */
  destroy(): Promise<void>;
}

export function createService(name: string, settings: ServiceSettings, deps: ServiceDeps): Service {
  return new WiredService(name, settings, deps);
}

class WiredService implements Service {
  readonly name: string;
  readonly settings: ServiceSettings;
  readonly clock: Clock;
  readonly timers: SharedTimer;
  readonly random: Random;
  readonly events: EventSink;
  readonly budget: RetryBudget;
  readonly hedging: HedgePolicy | undefined;
  readonly classifier: ServiceSettings['classify'];
  readonly hashHeader: string | undefined;
  readonly door: ServiceAdmission;
  readonly limits: ServiceLimits;
  readonly calls: OpenCalls = createOpenCalls(() => this.balancer.inFlight);

  readonly dispatch: ServiceRoute['dispatch'] = (endpoint, target, options, handler, observer) =>
    this.connected().send(endpoint, target, options, handler, observer);

  private readonly deps: ServiceDeps;
  private readonly refuseAddress: AddressGate;
  private readonly feed: ServiceFeed;
  private readonly members: ServiceMembers;
  private readonly balancer: Balancer;
  private readonly room: WaitingRoom;
  private readonly announcer: ServiceAnnouncer;
  private connections: Connections | undefined;
  private closed = false;
  private destroyed = false;
  private closing: Promise<void> | undefined;

  constructor(name: string, settings: ServiceSettings, deps: ServiceDeps) {
    this.name = name;
    this.settings = settings;
    this.deps = deps;
    this.clock = deps.clock;
    this.timers = new SharedTimer(deps.clock);
    this.random = deps.random;
    this.events = deps.events;
    this.classifier = guardClassifier(settings.classify, name, deps.events);
    const { balancer } = settings;
    if (typeof balancer === 'object' && 'hashHeader' in balancer) this.hashHeader = balancer.hashHeader?.toLowerCase();
    const { clock, random } = deps;
    const policy = createAddressPolicy(settings.allow);
    this.refuseAddress = (address, port) => policy.refuse(address, port);
    this.hedging = settings.hedge === false ? undefined : createHedgePolicy(settings.hedge, clock);
    this.room = createWaitingRoom(clock);
    this.announcer = createServiceAnnouncer(name, settings.resolver.kind, deps);
    this.door = createServiceAdmission(name, settings, deps, this.announcer);
    this.budget = this.door.budget;
    this.limits = createServiceLimits(name, settings, clock, () => this.balancer);
    this.members = createServiceMembers({
      settings,
      clock,
      random,
      policy,
      place: deps.place,
      announcer: this.announcer,
      asker: createHealthAsker(name, settings, (own) => deps.connect(own, this.refuseAddress, name)),
      inFlightOf: (id) => this.balancer.inFlightOf(id),
      onSet: (set) => {
        this.balancer.update(set);
        this.limits.changed();
      },
      onProved: (id) => this.balancer.forgive(id),
      onDoubt: () => this.feed.refresh(),
    });
    this.balancer = createBalancer({
      balancer: settings.balancer,
      limits: settings.limits,
      adaptive: this.limits.adaptive,
      clock,
      random,
      takeProbe: (id) => this.members.ejection?.takeProbe(id) ?? false,
      onSettled: (attempt) => this.settled(attempt),
      onIdle: (id) => this.endpointIdle(id),
    });
    this.feed = createServiceFeed({ name, settings, clock, random, announcer: this.announcer }, (resolution) =>
      this.resolved(resolution),
    );
  }

  get state(): ServiceState {
    const { selection, membership, subset, locality, health: ejection, slowStart, leaving } = this.members;
    const resolution = this.feed.resolution();
    const { balancer } = this;
    return { resolution, selection, membership, subset, locality, ejection, slowStart, leaving, balancer };
  }

  get leaving(): DrainWatch | undefined {
    return this.members.drain;
  }

  get pickable(): boolean {
    return this.members.selection.set.endpoints.length > 0;
  }

  get size(): number {
    const { endpoints, groups } = this.members.selection.set;
    // Those in reserve as well: a call that tries again may come to them.
    return groups === undefined ? endpoints.length : groups.reduce((sum, group) => sum + group.endpoints.length, 0);
  }

  start(): void {
    this.feed.start();
  }

  refresh(): void {
    this.feed.refresh();
  }

  pick(context: CallPickContext): BalancerLease | 'none' | 'limit' {
    return this.destroyed ? 'none' : this.balancer.pick(context);
  }

  lease(context: PickContext): Lease {
    return takeLease(this, this.balancer, context);
  }

  whenPickable(timeoutMs: number, done: (refusal: FairleadError | undefined) => void): Disposable {
    const pointless = this.pointless();
    if (pointless !== undefined) {
      done(pointless);
      return NOTHING;
    }
    return this.room.enter(timeoutMs, () => unpickableError(this.name, this.state), done);
  }

  async prewarm(): Promise<void> {
    const { transport, tls } = this.settings;
    if (this.closed || transport.prewarm === 0) return;
    await prewarm(this.connected(), this.state.selection.set.endpoints, this.name, tls !== undefined);
  }

  refuseElsewhere(origin: string): FairleadError | undefined {
    const reason = refusalOf(origin, this.refuseAddress);
    return reason === undefined ? undefined : addressRefused(reason, this.name);
  }

  dispatchElsewhere(options: DispatchOptions, handler: DispatchHandler): boolean {
    return this.connected().sendElsewhere(options, handler);
  }

  connectFailed(): void {
    this.feed.refresh();
  }

  heard(endpoint: Endpoint, latencyMs: number, nowMs: number): void {
    this.members.heard(endpoint.id, nowMs);
    this.hedging?.answered(endpoint.id, latencyMs, nowMs);
  }

  close(): Promise<void> {
    return (this.closing ??= this.shutDown());
  }

  async destroy(): Promise<void> {
    this.stop();
    this.destroyed = true;
    this.limits.close(clientClosed(this.name));
    this.calls.wakeAll();
    await this.connections?.destroy(clientClosed(this.name));
  }

  private connected(): Connections {
    return (this.connections ??= this.deps.connect(this.settings, this.refuseAddress, this.name, (id, leaves) =>
      this.members.drain?.goneAway(id, leaves),
    ));
  }

  private async shutDown(): Promise<void> {
    this.stop();
    await this.calls.over();
    await this.connections?.close();
    await this.feed.saved?.();
  }

  private stop(): void {
    if (this.closed) return;
    this.closed = true;
    this.feed.close();
    this.members.close();
    this.room.release(this.pointless());
  }

  /** Why waiting for an endpoint would be in vain. */
  private pointless(): FairleadError | undefined {
    if (this.closed) return clientClosed(this.name);
    const { status } = this.feed.resolution();
    return status === 'none' || status === 'found' ? unpickableError(this.name, this.state) : undefined;
  }

  private resolved(resolution: Resolution): void {
    const { change, unused } = this.members.apply(resolution.endpoints);
    for (const id of unused) if (this.balancer.inFlightOf(id) === 0) this.endpointIdle(id);
    if (change.changed) this.announcer.changed(change);
    if (this.pickable) this.room.release(undefined);
    else if (this.room.size > 0) {
      const pointless = this.pointless();
      if (pointless !== undefined) this.room.release(pointless);
    }
  }

  private settled(attempt: SettledAttempt): void {
    const { outcome } = attempt;
    this.members.settled(attempt);
    // A caller's own transport says so by its lease only.
    if (outcome.kind === 'failure' && outcome.reason === 'connect') this.feed.refresh();
    this.limits.settled(attempt);
    this.calls.settled();
  }

  /** Nothing is in flight to this endpoint: if it was removed or is not used any more, its connections can go now. */
  private endpointIdle(id: string): void {
    const state = this.members.idle(id);
    if (state === 'used') return;
    if (state === 'gone') this.balancer.forget(id);
    this.connections?.drain(id);
  }
}

const NOTHING: Disposable = { [Symbol.dispose]: () => {} };
