/**
 * The connections of one service: a pool of the platform's own kind for every endpoint, made when it is first used and
 * closed when discovery removes the endpoint. One pool each, so that a slow endpoint exhausts only its own limit.
 *
 * When the application has installed a dispatcher of its own (a proxy, a mock, an agent with options), everything goes
 * through that one instead, and a warning names the options that cannot apply.
 */

import type { Endpoint } from '../../core/endpoint.js';
import { callError } from '../../core/errors.js';
import type { FairleadError } from '../../core/errors.js';
import { AgentPool } from './agent-pool.js';
import type { DispatchHandler, DispatchOptions } from './dispatcher-like.js';
import type { RefuseAddress } from './guarded-lookup.js';
import { addressRefused, guardedLookup } from './guarded-lookup.js';
import { bridgeHandler } from './bridge-handler.js';
import { failHandler, shapeOf } from './handler-shape.js';
import type { ApplicationDispatcher, Platform } from './platform.js';
import type { TlsSettings, TransportSettings } from './transport-settings.js';

export interface EndpointAgents {
  /** Endpoints that have connections, or had since they were last drained. */
  readonly size: number;
  /** Sends to an endpoint. `options.origin` is the endpoint's already; the handler may be of either generation. Errors, refusals included, go to the handler. */
  dispatch(endpoint: Endpoint, options: DispatchOptions, handler: DispatchHandler): boolean;
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
  readonly onWarning: (message: string) => void;
}

export function createEndpointAgents(input: EndpointAgentsInput): EndpointAgents {
  return new PlatformEndpointAgents(input);
}

/** One endpoint at one origin. */
interface Place {
  readonly origin: string;
  /** Why nothing may be sent there; the same for every request, so it is found out once. */
  readonly refused: FairleadError | undefined;
  pool: AgentPool | undefined;
  /** An endpoint that takes its port or scheme from the caller's URL may have more than one origin; most have one. */
  readonly next: Place | undefined;
}

class PlatformEndpointAgents implements EndpointAgents {
  private readonly input: EndpointAgentsInput;
  private readonly places = new Map<string, Place>();
  /** Drained pools whose last exchange has not ended. */
  private readonly draining = new Map<AgentPool, Promise<unknown>>();
  private closed = false;
  private warned = false;

  constructor(input: EndpointAgentsInput) {
    this.input = input;
  }

  get size(): number {
    return this.places.size;
  }

  dispatch(endpoint: Endpoint, options: DispatchOptions, handler: DispatchHandler): boolean {
    if (this.closed) return fail(handler, callError('ERR_CLIENT_CLOSED', 'the transport is closed'));
    const place = this.placeOf(endpoint.id, options.origin);
    if (place.refused !== undefined) return fail(handler, place.refused);
    const { platform } = this.input;
    const application = platform.application(shapeOf(handler));
    if (application !== undefined) {
      this.warn(application);
      return application.dispatcher.dispatch(options, bridgeHandler(handler, application.shape));
    }
    place.pool ??= this.createPool(place.origin);
    return place.pool.dispatch(options, bridgeHandler(handler, platform.agentShape));
  }

  drain(id: string): void {
    for (let place = this.places.get(id); place !== undefined; place = place.next) {
      const { pool } = place;
      if (pool !== undefined)
        this.draining.set(
          pool,
          pool.close().then(() => this.draining.delete(pool)),
        );
    }
    this.places.delete(id);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const id of [...this.places.keys()]) this.drain(id);
    await Promise.all(this.draining.values());
  }

  async destroy(error?: Error): Promise<void> {
    this.closed = true;
    const pools = [...this.draining.keys()];
    for (const first of this.places.values()) {
      for (let place: Place | undefined = first; place !== undefined; place = place.next) {
        if (place.pool !== undefined) pools.push(place.pool);
      }
    }
    this.places.clear();
    await Promise.all(pools.map((pool) => pool.destroy(error)));
    await Promise.all(this.draining.values());
  }

  private placeOf(id: string, origin: DispatchOptions['origin']): Place {
    const key = String(origin);
    const known = this.places.get(id);
    for (let place = known; place !== undefined; place = place.next) if (place.origin === key) return place;
    const place: Place = { origin: key, refused: this.refusalOf(key), pool: undefined, next: known };
    this.places.set(id, place);
    return place;
  }

  /** Literal addresses are dialled without a lookup, so they are checked here; names are checked again when they resolve. */
  private refusalOf(origin: string): FairleadError | undefined {
    const { host, port } = hostAndPort(origin);
    const reason = this.input.refuseAddress(host, port);
    return reason === undefined ? undefined : addressRefused(`${host}: ${reason}`);
  }

  private createPool(origin: string): AgentPool {
    const { transport, tls, platform, refuseAddress } = this.input;
    const agent = platform.createAgent({
      connections: transport.maxConnections,
      keepAliveTimeout: transport.keepAliveTimeoutMs,
      allowH2: false,
      connect: {
        ...tls,
        timeout: transport.connectTimeoutMs,
        lookup: guardedLookup(hostAndPort(origin).port, refuseAddress),
      },
    });
    return new AgentPool(agent);
  }

  private warn({ description }: ApplicationDispatcher): void {
    if (this.warned) return;
    this.warned = true;
    const options = ['connectTimeoutMs', 'maxConnections', 'keepAliveTimeoutMs'];
    if (this.input.tls !== undefined) options.push('tls');
    this.input.onWarning(
      `Requests go through the application's own global dispatcher (${description}): it decides about connections, so ` +
        `${options.join(', ')} do not apply, and addresses that host names resolve to are not checked.`,
    );
  }
}

function fail(handler: DispatchHandler, error: unknown): false {
  failHandler(handler, error);
  return false;
}

/** By the parsed URL, which knows every way to write an address ('127.1', '0x7f000001'). IPv6 without brackets. */
function hostAndPort(origin: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(origin);
  return {
    host: hostname.startsWith('[') ? hostname.slice(1, -1) : hostname,
    port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
  };
}
