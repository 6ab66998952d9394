/** Real servers, real sockets: what the transport's tests have in common. */

import { once } from 'node:events';
import type { RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SERVICE_DEFAULTS } from '../../../src/client/defaults.js';
import { systemClock } from '../../../src/core/clock.js';
import { systemRandom } from '../../../src/core/random.js';
import type { Endpoint } from '../../../src/core/endpoint.js';
import type { DispatcherLike, DispatchHandler, DispatchOptions } from '../../../src/data/transport/dispatcher-like.js';
import type { EndpointAgents, EndpointAgentsInput } from '../../../src/data/transport/endpoint-agents.js';
import { createEndpointAgents } from '../../../src/data/transport/endpoint-agents.js';
import type { ExchangeObserver } from '../../../src/data/transport/exchange-observer.js';
import { observeExchange } from '../../../src/data/transport/observe-exchange.js';
import type { Platform } from '../../../src/data/transport/platform.js';
import { findPlatform } from '../../../src/data/transport/platform.js';
import type { RouteTarget } from '../../../src/data/transport/route-options.js';

export const platform: Platform = findPlatform() as Platform;

export interface Closable {
  close(): Promise<unknown>;
}

export interface TestServer extends Closable {
  readonly server: Server;
  readonly port: number;
  readonly endpoint: Endpoint;
}

export async function serve(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  return { server, port, endpoint: endpointAt(port), close };
}

export function endpointAt(port: number, more: Partial<Endpoint> = {}): Endpoint {
  return {
    id: `http://127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    scheme: 'http',
    basePath: '',
    weight: 1,
    priority: 0,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: {},
    ...more,
  };
}

export function agentsWith(more: Partial<EndpointAgentsInput> = {}): EndpointAgents {
  return createEndpointAgents({
    platform,
    transport: SERVICE_DEFAULTS.transport,
    tls: undefined,
    refuseAddress: () => undefined,
    clock: systemClock,
    random: systemRandom,
    onWarning: () => {},
    onTlsReload: () => {},
    ...more,
  });
}

/** Writes down what it is told; `onFailed` decides whether it takes over. */
export class Recorder implements ExchangeObserver {
  readonly events: string[] = [];
  abort: ((reason?: unknown) => void) | undefined;
  error: unknown;
  header: ((name: string) => string | undefined) | undefined;
  private readonly onFailed: (error: unknown) => boolean;
  private readonly onStarted: (abort: (reason?: unknown) => void) => void;

  constructor(onFailed: (error: unknown) => boolean = () => false, onStarted: Recorder['onStarted'] = () => {}) {
    this.onFailed = onFailed;
    this.onStarted = onStarted;
  }

  started(abort: (reason?: unknown) => void): void {
    this.events.push('started');
    this.abort = abort;
    this.onStarted(abort);
  }

  bodySent(): void {
    if (this.events.at(-1) !== 'bodySent') this.events.push('bodySent');
  }

  responded(status: number, header: (name: string) => string | undefined): void {
    this.events.push(`responded ${status}`);
    this.header = header;
  }

  ended(): void {
    this.events.push('ended');
  }

  neverLeft(): void {
    this.events.push('never left');
  }

  failed(error: unknown): boolean {
    const { code, name } = error as { code?: unknown; name?: string };
    this.events.push(`failed ${typeof code === 'string' ? code : name}`);
    this.error = error;
    return this.onFailed(error);
  }
}

/** A dispatcher that sends everything to one endpoint, under the logical host that the caller used. */
export function dispatcherTo(agents: EndpointAgents, endpoint: Endpoint, observer: ExchangeObserver): DispatcherLike {
  return {
    dispatch: (options, handler) =>
      agents.dispatch(endpoint, targetAt(options, endpoint), options, observeExchange(handler, observer)),
  };
}

export function targetAt(options: DispatchOptions, endpoint: Endpoint): RouteTarget {
  const { host, hostname } = new URL(String(options.origin));
  return {
    origin: `${endpoint.scheme ?? 'http'}://${endpoint.host}:${endpoint.port}`,
    basePath: endpoint.basePath,
    host: endpoint.hostname ?? (endpoint.scheme === 'https' ? hostname : host),
  };
}

/** The platform's fetch over a dispatcher of ours. */
export function fetchOver(dispatcher: DispatcherLike, url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, dispatcher } as unknown as RequestInit);
}

/** Tries the endpoints in order, as long as nothing was sent: the failover that the layer above does. */
export function failingOver(agents: EndpointAgents, endpoints: readonly Endpoint[], log: string[]): DispatcherLike {
  const attempt = (options: DispatchOptions, handler: DispatchHandler, index: number): boolean => {
    const endpoint = endpoints[index] as Endpoint;
    const recorder: Recorder = new Recorder(() => {
      log.push(...recorder.events);
      if (recorder.events.includes('started') || index + 1 === endpoints.length) return false;
      attempt(options, handler, index + 1);
      return true;
    });
    return agents.dispatch(endpoint, targetAt(options, endpoint), options, observeExchange(handler, recorder));
  };
  return { dispatch: (options, handler) => attempt(options, handler, 0) };
}

/** A port on which nobody listens. */
export async function refusingPort(): Promise<number> {
  const { port, close } = await serve(() => {});
  await close();
  return port;
}
