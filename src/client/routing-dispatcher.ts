/** `client.dispatcher`: the routing alone, for whoever speaks undici's dispatcher interface. */

import { Call } from '../data/call.js';
import type { Router } from '../data/call-input.js';
import type { DispatcherLike } from '../data/transport/dispatcher-like.js';
import { failHandler } from '../data/transport/handler-shape.js';
import { OWN_DISPATCHER } from '../data/transport/own-dispatcher.js';
import type { Match } from './service-directory.js';

export function createRoutingDispatcher(match: (origin: string) => Match | undefined, router: Router): DispatcherLike {
  const dispatcher: DispatcherLike & { readonly [OWN_DISPATCHER]: true } = {
    [OWN_DISPATCHER]: true,
    dispatch(given, handler) {
      // undici 7's `request` passes its own options on, with the dispatcher in them, which agents of undici 8 refuse.
      const options = given['dispatcher'] === undefined ? given : Object.assign({}, given, { dispatcher: undefined });
      let found: Match | undefined;
      try {
        found = match(String(options.origin));
      } catch (error) {
        failHandler(handler, error);
        return true;
      }
      if (found === undefined) return router.passThrough(options, handler);
      const { service, origin } = found;
      const call = new Call({
        router,
        route: service,
        origin,
        method: options.method,
        recoverable: false,
        timeoutMs: service.settings.timeoutMs,
        hashKey: undefined,
      });
      return call.dispatch(options.origin === origin ? options : Object.assign({}, options, { origin }), handler);
    },
    // Its connections are the client's, and are closed with it.
    close: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
  return dispatcher;
}
