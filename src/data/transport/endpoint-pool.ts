/** The connections to one endpoint: undici's pool over a connector of ours, and the rules by which connections end. */

import type { Socket } from 'node:net';
import type { Clock } from '../../core/clock.js';
import type { Endpoint } from '../../core/endpoint.js';
import type { Random } from '../../core/random.js';
import type { ConnectParams } from './agent-class.js';
import { AgentPool } from './agent-pool.js';
import { bridgeHandler } from './bridge-handler.js';
import { Connector } from './connector.js';
import type { DispatchHandler, DispatchOptions } from './dispatcher-like.js';
import { dialledPlace } from './dialled-place.js';
import type { RefuseAddress } from './guarded-lookup.js';
import { OpenSockets } from './open-sockets.js';
import type { Platform } from './platform.js';
import type { TlsSource } from './tls-material.js';
import type { TlsSettings } from './tls-settings.js';
import type { TransportSettings } from './transport-settings.js';

/** What all pools of a service have in common. */
export interface PoolContext {
  readonly platform: Platform;
  readonly transport: TransportSettings;
  readonly tls: TlsSettings | undefined;
  /** Made when the first TLS connection is. */
  readonly tlsSource: () => TlsSource;
  readonly refuseAddress: RefuseAddress;
  readonly clock: Clock;
  readonly random: Random;
}

/** Of an answer that did not come, these are asked for again anyway; and they show how long idle connections live. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Each connection's age is up to this share longer or shorter, as gRPC does, so that not all are replaced at once. */
const AGE_JITTER_RATIO = 0.1;

const HTTP1: readonly string[] = ['http/1.1'];

export class EndpointPool {
  private readonly context: PoolContext;
  /** In its last form: its `hostname` may change. */
  private endpoint: Endpoint;
  private readonly connector: Connector;
  private readonly sockets: OpenSockets;
  private readonly agent: AgentPool;
  /** Requests so far, by which {@link isUnused} sees that there were none. */
  private dispatched = 0;
  private dispatchedBefore = 0;

  constructor(context: PoolContext, endpoint: Endpoint, origin: string) {
    const { platform, transport, tls, clock, refuseAddress } = context;
    this.context = context;
    this.endpoint = endpoint;
    this.sockets = new OpenSockets(clock);
    this.connector = new Connector({
      ...dialledPlace(endpoint, origin),
      tls: origin.startsWith('https:')
        ? { source: context.tlsSource(), verify: tls?.dangerouslySkipVerification !== true }
        : undefined,
      transport,
      clock,
      refuseAddress,
    });
    this.agent = new AgentPool(
      platform.createAgent({
        connections: transport.maxConnections,
        keepAliveTimeout: transport.keepAliveTimeoutMs,
        keepAliveMaxTimeout: Math.max(transport.keepAliveMaxTimeoutMs, transport.keepAliveTimeoutMs),
        allowH2: false,
        connect: (params, callback) => this.connect(params, callback),
      }),
    );
  }

  dispatch(endpoint: Endpoint, options: DispatchOptions, handler: DispatchHandler): boolean {
    this.endpoint = endpoint;
    this.dispatched++;
    if (!SAFE_METHODS.has(options.method)) this.sockets.dropDoubtful();
    return this.agent.dispatch(options, bridgeHandler(handler, this.context.platform.agentShape));
  }

  /** Whether there was no request since the last time this was asked, and there is no connection. */
  isUnused(): boolean {
    const unused = this.dispatched === this.dispatchedBefore && this.sockets.all.size === 0;
    this.dispatchedBefore = this.dispatched;
    return unused;
  }

  /** Replaces its connections, each after the request that it carries. */
  retire(): void {
    this.sockets.retire();
  }

  /** Resolves when what runs has finished. */
  close(): Promise<void> {
    return this.agent.close();
  }

  /** Fails what runs, also after `close`. */
  destroy(error: Error | undefined): Promise<void> {
    return this.agent.destroy(error);
  }

  private connect(params: ConnectParams, callback: (error: Error | null, socket?: Socket) => void): void {
    this.connector.open(this.serverName(params.servername), HTTP1, (error, socket) => {
      if (socket === undefined) return callback(error);
      this.sockets.watch(socket, this.maxAgeMs());
      callback(null, socket);
    });
  }

  private serverName(fromHost: string | null | undefined): string | undefined {
    return this.endpoint.hostname ?? this.context.tls?.serverName ?? (fromHost || undefined);
  }

  private maxAgeMs(): number {
    const { transport, random } = this.context;
    if (transport.maxConnectionAgeMs === false) return Infinity;
    return transport.maxConnectionAgeMs * (1 + AGE_JITTER_RATIO * (2 * random.next() - 1));
  }
}
