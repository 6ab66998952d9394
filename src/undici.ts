/**
 * `fairlead/undici`: a client as a dispatcher of the caller's own copy of undici, 7.30 or later, or 8.
 *
 * `client.dispatcher` is a plain object, which undici's functions take as it is. Libraries that ask for an instance of
 * `Dispatcher`, and everything that composes interceptors onto one, need one of that copy's own class: this one. The
 * copy is handed in and never imported, because importing undici replaces the dispatcher of the platform's fetch.
 *
 * It routes, as `client.dispatcher` does: a pick, a send, and another endpoint when nothing was sent. It does not retry,
 * hedge or keep a call's deadline; undici's `retry` interceptor composed on it asks for a new pick each time.
 */

import type { Client } from './client/client.js';
import type { DispatchHandler, DispatchOptions } from './data/transport/dispatcher-like.js';
import { OWN_DISPATCHER } from './data/transport/own-dispatcher.js';

/** What is needed of undici: `import * as undici from 'undici'`. */
export interface UndiciModule<D extends object> {
  readonly Dispatcher: new () => D;
}

/** A real `Dispatcher` over the client's routing. Closing it closes nothing: the connections are the client's. */
export function undiciDispatcher<D extends object>(client: Pick<Client, 'dispatcher'>, undici: UndiciModule<D>): D {
  const routing = client.dispatcher;
  const dispatcher = new undici.Dispatcher();
  return Object.assign(dispatcher, {
    // Made the global one, it must not be handed its own requests to endpoints.
    [OWN_DISPATCHER]: true,
    dispatch: (options: DispatchOptions, handler: DispatchHandler): boolean => routing.dispatch(options, handler),
    close: (): Promise<void> => Promise.resolve(),
    destroy: (): Promise<void> => Promise.resolve(),
  });
}
