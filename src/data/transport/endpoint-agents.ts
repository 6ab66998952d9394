/**
 * The connections of one service: a pool of the platform's own kind for every endpoint, made when it is first used and
 * closed when discovery removes the endpoint. One pool each, so that a slow endpoint exhausts only its own limit.
 *
 * When the application has installed a dispatcher of its own (a proxy, a mock, an agent with options), everything goes
 * through that one instead, and a warning names the options that cannot apply.
 */

import type { Clock } from '../../core/clock.js';
import type { Endpoint } from '../../core/endpoint.js';
import { callError } from '../../core/errors.js';
import type { FairleadError } from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { bridgeHandler } from './bridge-handler.js';
import { unixPath } from '../../kit/unix-path.js';
import type { DispatchHandler, DispatchOptions } from './dispatcher-like.js';
import { EndpointPool, type PoolContext } from './endpoint-pool.js';
import type { RefuseAddress } from './guarded-lookup.js';
import { addressRefused, refusalOf } from './guarded-lookup.js';
import { failHandler, shapeOf } from './handler-shape.js';
import { routeOptions, type RouteTarget } from './route-options.js';
import type { ApplicationDispatcher, Platform } from './platform.js';
import { createTlsSource, type TlsSource } from './tls-material.js';
import type { TlsSettings } from './tls-settings.js';
import type { TransportSettings } from './transport-settings.js';

export interface EndpointAgents {
  /** Endpoints that have connections, or had since they were last drained. */
  readonly size: number;
  /** Sends a request for a logical origin to an endpoint. The handler may be of either generation. Errors, refusals included, go to the handler. */
  dispatch(endpoint: Endpoint, target: RouteTarget, options: DispatchOptions, handler: DispatchHandler): boolean;
  /** Opens connections for dispatches to come, with this Host; none where the application's own dispatcher makes them. */
  prewarm(endpoint: Endpoint, origin: string, host: string): Promise<void>;
  /** Lets what runs at this endpoint finish, then closes its connections. A later dispatch opens new ones. */
  drain(id: string): void;
  /** Drains all, and refuses dispatches from now on. Resolves when the last connection is closed. */
  close(): Promise<void>;
  /** Fails what runs, drained endpoints included, and closes all connections. */
  destroy(error?: Error): Promise<void>;
}

export interface EndpointAgentsInput {
  readonly platform: Platform;
  readonly transport: TransportSettings;
  readonly tls: TlsSettings | undefined;
  readonly refuseAddress: RefuseAddress;
  readonly clock: Clock;
  readonly random: Random;
  /** An endpoint's server asks for no more requests (`leaves`), or takes them again. */
  readonly onGoAway?: ((id: string, leaves: boolean) => void) | undefined;
  readonly onWarning: (message: string) => void;
  /** New TLS material is in force; with an error: it cannot be used, and the old one stays. */
  readonly onTlsReload: (error: Error | undefined) => void;
}

export function createEndpointAgents(input: EndpointAgentsInput): EndpointAgents {
  return new PlatformEndpointAgents(input);
}

/** One endpoint at one origin. */
interface Place {
  readonly origin: string;
  /** Why nothing may be sent there; the same for every request, so it is found out once. */
  readonly refused: FairleadError | undefined;
  pool: EndpointPool | undefined;
  /** An endpoint that takes its port or scheme from the caller's URL may have more than one origin; most have one. */
  next: Place | undefined;
  /** Times in a row that its pool was found unused. */
  unused: number;
}

class PlatformEndpointAgents implements EndpointAgents {
  private readonly input: EndpointAgentsInput;
  private readonly context: PoolContext;
  private tlsSource: TlsSource | undefined;
  private sweep: Disposable | undefined;
  private readonly places = new Map<string, Place>();
  /** Drained pools whose last exchange has not ended. */
  private readonly draining = new Map<EndpointPool, Promise<unknown>>();
  private closed = false;
  private warned = false;

  constructor(input: EndpointAgentsInput) {
    this.input = input;
    this.context = { ...input, tlsSource: () => (this.tlsSource ??= this.createTlsSource()) };
  }

  get size(): number {
    return this.places.size;
  }

  dispatch(endpoint: Endpoint, target: RouteTarget, options: DispatchOptions, handler: DispatchHandler): boolean {
    if (this.closed) return fail(handler, callError('ERR_CLIENT_CLOSED', 'the transport is closed'));
    const place = this.placeOf(endpoint, target.origin);
    if (place.refused !== undefined) return fail(handler, place.refused);
    const { platform } = this.input;
    const application = platform.application(shapeOf(handler));
    if (application !== undefined) {
      this.warn(application);
      return application.dispatcher.dispatch(routeOptions(options, target), bridgeHandler(handler, application.shape));
    }
    place.pool ??= new EndpointPool(this.context, endpoint, place.origin);
    return place.pool.dispatch(endpoint, target, options, handler);
  }

  async prewarm(endpoint: Endpoint, origin: string, host: string): Promise<void> {
    const { platform } = this.input;
    if (this.closed || platform.application(platform.agentShape) !== undefined) return;
    const place = this.placeOf(endpoint, origin);
    if (place.refused !== undefined) return;
    place.pool ??= new EndpointPool(this.context, endpoint, origin);
    await place.pool.prewarm(origin, host);
  }

  drain(id: string): void {
    for (let place = this.places.get(id); place !== undefined; place = place.next) this.drainPool(place.pool);
    this.places.delete(id);
  }

  async close(): Promise<void> {
    this.stop();
    for (const id of [...this.places.keys()]) this.drain(id);
    await Promise.all(this.draining.values());
  }

  async destroy(error?: Error): Promise<void> {
    this.stop();
    const pools = [...this.draining.keys(), ...this.pools()];
    this.places.clear();
    await Promise.all(pools.map((pool) => pool.destroy(error)));
    await Promise.all(this.draining.values());
  }

  private stop(): void {
    this.closed = true;
    this.sweep?.[Symbol.dispose]();
    this.tlsSource?.close();
  }

  private drainPool(pool: EndpointPool | undefined): void {
    if (pool === undefined) return;
    const closed = pool.close().then(() => this.draining.delete(pool));
    this.draining.set(pool, closed);
  }

  private *pools(): Generator<EndpointPool> {
    for (const first of this.places.values())
      for (let place: Place | undefined = first; place !== undefined; place = place.next)
        if (place.pool !== undefined) yield place.pool;
  }

  private placeOf(endpoint: Endpoint, origin: DispatchOptions['origin']): Place {
    const { id } = endpoint;
    const key = String(origin);
    const known = this.places.get(id);
    for (let place = known; place !== undefined; place = place.next) if (place.origin === key) return place;
    const place: Place = {
      origin: key,
      refused: this.refusalOf(endpoint, key),
      pool: undefined,
      next: known,
      unused: 0,
    };
    this.places.set(id, place);
    this.sweep ??= this.sweepLater();
    return place;
  }

  /** Literal addresses are dialled without a lookup, so they are checked here; names are checked again when they resolve. */
  private refusalOf(endpoint: Endpoint, origin: string): FairleadError | undefined {
    const path = unixPath(endpoint.host);
    const reason =
      path === undefined
        ? refusalOf(origin, this.input.refuseAddress)
        : this.input.refuseAddress(endpoint.host, undefined);
    return reason === undefined ? undefined : addressRefused(reason);
  }

  private createTlsSource(): TlsSource {
    const { tls = {}, clock, onWarning, onTlsReload } = this.input;
    if (tls.dangerouslySkipVerification === true)
      onWarning(
        'tls.dangerouslySkipVerification is on: certificates are not verified, and whoever is on the way may read and change every call.',
      );
    return createTlsSource({
      settings: tls,
      clock,
      onReload: () => {
        for (const pool of this.pools()) pool.retire();
        onTlsReload(undefined);
      },
      onFailure: onTlsReload,
    });
  }

  private sweepLater(): Disposable {
    return this.input.clock.setTimer(() => {
      for (const [id, first] of this.places) this.dropUnused(id, first);
      this.sweep = this.places.size === 0 ? undefined : this.sweepLater();
    }, this.input.transport.idlePoolTimeoutMs / SWEEPS);
  }

  /** A place without a pool costs nothing but itself, and goes as well. */
  private dropUnused(id: string, first: Place): void {
    let kept: Place | undefined;
    for (let place: Place | undefined = first, next; place !== undefined; place = next) {
      next = place.next;
      place.unused = place.pool?.isUnused() === false ? 0 : place.unused + 1;
      if (place.unused > SWEEPS) {
        this.drainPool(place.pool);
      } else {
        place.next = kept;
        kept = place;
      }
    }
    if (kept === undefined) this.places.delete(id);
    else this.places.set(id, kept);
  }

  private warn({ description }: ApplicationDispatcher): void {
    if (this.warned) return;
    this.warned = true;
    const options = this.input.tls === undefined ? 'the options of transport' : 'the options of transport and tls';
    this.input.onWarning(
      `Requests go through the application's own global dispatcher (${description}): it decides about connections, so ` +
        `${options} do not apply, and addresses that host names resolve to are not checked.`,
    );
  }
}

/** Into how many parts the time is cut after which an unused pool is closed. */
const SWEEPS = 4;

function fail(handler: DispatchHandler, error: unknown): false {
  failHandler(handler, error);
  return false;
}
