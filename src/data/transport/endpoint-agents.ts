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
import type { OwnAgent } from './agent-class.js';
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

/** One endpoint's connections for one origin. */
interface Pool {
  readonly origin: string;
  /** Why nothing may be sent there; the same for every request, so it is found out once. */
  readonly refused: FairleadError | undefined;
  agent: OwnAgent | undefined;
  /** An endpoint that takes its port or scheme from the caller's URL may have more than one origin; most have one. */
  readonly next: Pool | undefined;
}

class PlatformEndpointAgents implements EndpointAgents {
  private readonly input: EndpointAgentsInput;
  private readonly pools = new Map<string, Pool>();
  private readonly closing = new Map<OwnAgent, Promise<void>>();
  private closed = false;
  private warned = false;

  constructor(input: EndpointAgentsInput) {
    this.input = input;
  }

  get size(): number {
    return this.pools.size;
  }

  dispatch(endpoint: Endpoint, options: DispatchOptions, handler: DispatchHandler): boolean {
    if (this.closed) return fail(handler, callError('ERR_CLIENT_CLOSED', 'the transport is closed'));
    const pool = this.poolFor(endpoint.id, options.origin);
    if (pool.refused !== undefined) return fail(handler, pool.refused);
    const { platform } = this.input;
    const application = platform.application(shapeOf(handler));
    if (application !== undefined) {
      this.warn(application);
      return application.dispatcher.dispatch(options, bridgeHandler(handler, application.shape));
    }
    pool.agent ??= this.createAgent(pool.origin);
    return pool.agent.dispatch(options, bridgeHandler(handler, platform.agentShape));
  }

  drain(id: string): void {
    for (let pool = this.pools.get(id); pool !== undefined; pool = pool.next) this.closeAgent(pool.agent);
    this.pools.delete(id);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const id of [...this.pools.keys()]) this.drain(id);
    await Promise.all(this.closing.values());
  }

  async destroy(error?: Error): Promise<void> {
    const closed = this.close();
    const agents = [...this.closing.keys()];
    await Promise.all(agents.map((agent) => agent.destroy(error).catch(() => {})));
    await closed;
  }

  private poolFor(id: string, origin: DispatchOptions['origin']): Pool {
    const key = String(origin);
    const known = this.pools.get(id);
    for (let pool = known; pool !== undefined; pool = pool.next) if (pool.origin === key) return pool;
    const pool: Pool = { origin: key, refused: this.refusalOf(key), agent: undefined, next: known };
    this.pools.set(id, pool);
    return pool;
  }

  /** Literal addresses are dialled without a lookup, so they are checked here; names are checked again when they resolve. */
  private refusalOf(origin: string): FairleadError | undefined {
    const { host, port } = hostAndPort(origin);
    const reason = this.input.refuseAddress(host, port);
    return reason === undefined ? undefined : addressRefused(`${host}: ${reason}`);
  }

  private createAgent(origin: string): OwnAgent {
    const { transport, tls, platform, refuseAddress } = this.input;
    return platform.createAgent({
      connections: transport.maxConnections,
      keepAliveTimeout: transport.keepAliveTimeoutMs,
      allowH2: false,
      connect: {
        ...tls,
        timeout: transport.connectTimeoutMs,
        lookup: guardedLookup(hostAndPort(origin).port, refuseAddress),
      },
    });
  }

  private closeAgent(agent: OwnAgent | undefined): void {
    if (agent === undefined) return;
    const done = agent.close().then(
      () => void this.closing.delete(agent),
      () => void this.closing.delete(agent),
    );
    this.closing.set(agent, done);
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
