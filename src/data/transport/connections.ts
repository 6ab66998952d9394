import type { Endpoint } from '../../core/endpoint.js';
import type { DispatchHandler, DispatchOptions } from './dispatcher-like.js';
import type { ExchangeObserver } from './exchange-observer.js';
import type { RouteTarget } from './route-options.js';

/** The connections of one service, whatever they are made of. */
export interface Connections {
  /** Sends a request for a logical origin to an endpoint. What becomes of it goes to the observer first, then to the handler. */
  send(
    endpoint: Endpoint,
    target: RouteTarget,
    options: DispatchOptions,
    handler: DispatchHandler,
    observer: ExchangeObserver,
  ): void;
  /** Sends to a host that is no service, where a redirect led: past the same gate, but without the service's key material. */
  sendElsewhere(options: DispatchOptions, handler: DispatchHandler): boolean;
  /** Opens connections for calls to come. Resolves when they are there or cannot be had. */
  prewarm?(endpoint: Endpoint, origin: string, host: string): Promise<void>;
  /** Lets what runs at this endpoint finish, then closes its connections. */
  drain(id: string): void;
  /** Drains all. Resolves when the last connection is closed. */
  close(): Promise<void>;
  /** Fails what runs and closes all connections. */
  destroy(error: Error): Promise<void>;
}
