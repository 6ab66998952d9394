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
import { Http2Pool } from './http2/http2-pool.js';
import { serverNameOf } from './http2/http2-headers.js';
import { HomeOrigin } from './home-origin.js';
import { OpenSockets } from './open-sockets.js';
import { routeOptions, type RouteTarget } from './route-options.js';
import { SpareSockets } from './spare-sockets.js';
import type { Platform } from './platform.js';
import { concealed } from './tls-error.js';
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
  /** An endpoint's server asks for no more requests (`leaves`), or takes them again. */
  readonly onGoAway?: ((id: string, leaves: boolean) => void) | undefined;
}

/** Of an answer that did not come, these are asked for again anyway; and they show how long idle connections live. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Each connection's age is up to this share longer or shorter, as gRPC does, so that not all are replaced at once. */
const AGE_JITTER_RATIO = 0.1;

const HTTP1: readonly string[] = ['http/1.1'];
const HTTP2_OR_1: readonly string[] = ['h2', 'http/1.1'];

export class EndpointPool {
  private readonly context: PoolContext;
  /** In its last form: its `hostname` may change. */
  private endpoint: Endpoint;
  private readonly connector: Connector;
  private readonly secure: boolean;
  private readonly sockets: OpenSockets;
  private readonly agent: AgentPool;
  private readonly spares: SpareSockets;
  private readonly home = new HomeOrigin();
  /** Until the endpoint turns out not to speak it. */
  private http2: Http2Pool | undefined;
  /** Requests so far, by which {@link isUnused} sees that there were none. */
  private dispatched = 0;
  private dispatchedBefore = 0;

  constructor(context: PoolContext, endpoint: Endpoint, origin: string) {
    const { platform, transport, tls, clock, refuseAddress } = context;
    this.context = context;
    this.endpoint = endpoint;
    this.sockets = new OpenSockets(clock);
    this.spares = new SpareSockets(clock);
    this.secure = origin.startsWith('https:');
    if (transport.http2 && this.secure) this.http2 = this.createHttp2(origin);
    this.connector = new Connector({
      ...dialledPlace(endpoint, origin),
      tls: this.secure ? { source: context.tlsSource(), verify: tls?.dangerouslySkipVerification !== true } : undefined,
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
        // Attempts have timeouts of their own.
        headersTimeout: 0,
        connect: (params, callback) => this.connect(params, callback),
      }),
    );
  }

  dispatch(endpoint: Endpoint, target: RouteTarget, options: DispatchOptions, handler: DispatchHandler): boolean {
    this.endpoint = endpoint;
    this.dispatched++;
    if (!this.secure) return this.dispatch1(this.home.route(options, target), handler);
    const routed = routeOptions(options, target);
    return this.http2 === undefined ? this.dispatch1(routed, handler) : this.http2.dispatch(routed, handler);
  }

  /** Whether there was no request since the last time this was asked, and there is no connection. */
  isUnused(): boolean {
    const open = this.sockets.all.size + this.spares.size + (this.http2?.size ?? 0);
    const unused = this.dispatched === this.dispatchedBefore && open === 0;
    this.dispatchedBefore = this.dispatched;
    return unused;
  }

  /** Replaces its connections, each after the request that it carries. */
  retire(): void {
    this.sockets.retire();
    this.spares.close();
    this.http2?.retire();
  }

  /** Opens connections for requests to come, with this Host. Never rejects: whether an endpoint works is found out by calls. */
  async prewarm(origin: string, host: string): Promise<void> {
    const options = { origin, path: '/', method: 'GET', headers: { host } };
    if (this.http2 !== undefined) return this.http2.prewarm(options);
    const name = this.serverName(serverNameOf(options));
    const missing = this.context.transport.prewarm - this.sockets.all.size - this.spares.size;
    const open = (): Promise<void> =>
      new Promise((resolve) => {
        this.connector.open(name, HTTP1, (_error, socket) => {
          if (socket !== undefined) this.spares.add(socket, name);
          resolve();
        });
      });
    await Promise.all(Array.from({ length: Math.max(0, missing) }, open));
  }

  /** Resolves when what runs has finished. */
  async close(): Promise<void> {
    this.spares.close();
    await Promise.all([this.agent.close(), this.http2?.close()]);
  }

  /** Fails what runs, also after `close`. */
  async destroy(error: Error | undefined): Promise<void> {
    this.spares.close();
    this.http2?.destroy(error ?? new Error('the connections were closed'));
    await this.agent.destroy(error);
  }

  private dispatch1(options: DispatchOptions, handler: DispatchHandler): boolean {
    if (!SAFE_METHODS.has(options.method)) this.sockets.dropDoubtful();
    return this.agent.dispatch(options, bridgeHandler(handler, this.context.platform.agentShape));
  }

  private connect(params: ConnectParams, callback: (error: Error | null, socket?: Socket) => void): void {
    const name = this.serverName(params.servername);
    const spare = this.spares.take(name);
    if (spare !== undefined) return this.handOver(spare, callback);
    this.connector.open(name, HTTP1, (error, socket) => {
      if (socket === undefined) callback(concealed(error));
      else this.handOver(socket, callback);
    });
  }

  private handOver(socket: Socket, callback: (error: null, socket: Socket) => void): void {
    this.sockets.watch(socket, this.maxAgeMs());
    callback(null, socket);
  }

  private createHttp2(origin: string): Http2Pool {
    const { clock, transport } = this.context;
    return new Http2Pool({
      address: dialledPlace(this.endpoint, origin).address,
      origin,
      maxSessions: transport.maxConnections,
      idleMs: transport.keepAliveTimeoutMs,
      connectTimeoutMs: transport.connectTimeoutMs,
      clock,
      onGoAway: () => this.context.onGoAway?.(this.endpoint.id, true),
      onStayed: () => this.context.onGoAway?.(this.endpoint.id, false),
      nextAgeMs: () => this.maxAgeMs(),
      open: (options, opened) => {
        this.connector.open(this.serverName(serverNameOf(options)), HTTP2_OR_1, opened);
      },
      fallBack: (socket, waiting) => {
        this.http2 = undefined;
        const [first] = waiting;
        if (first === undefined) socket.destroy();
        else this.spares.add(socket, this.serverName(serverNameOf(first.options)));
        for (const { options, given } of waiting) this.dispatch1(options, given);
      },
    });
  }

  private serverName(fromHost: string | null | undefined): string | undefined {
    if (!this.secure) return undefined;
    return this.endpoint.hostname ?? this.context.tls?.serverName ?? (fromHost || undefined);
  }

  private maxAgeMs(): number {
    const { transport, random } = this.context;
    if (transport.maxConnectionAgeMs === false) return Infinity;
    return transport.maxConnectionAgeMs * (1 + AGE_JITTER_RATIO * (2 * random.next() - 1));
  }
}
