/** `client.dispatcher`: the routing alone, for whoever speaks undici's dispatcher interface. */

import { AdmittedExchange } from '../data/admission/admitted-exchange.js';
import type { BreakerPermit } from '../data/admission/breaker.js';
import { Call } from '../data/call.js';
import type { Router } from '../data/call-input.js';
import type { DispatcherLike } from '../data/transport/dispatcher-like.js';
import { failHandler } from '../data/transport/handler-shape.js';
import { observeExchange } from '../data/transport/observe-exchange.js';
import { OWN_DISPATCHER } from '../data/transport/own-dispatcher.js';
import type { Match } from './service-directory.js';

export function createRoutingDispatcher(match: (origin: string) => Match | undefined, router: Router): DispatcherLike {
  const dispatcher: DispatcherLike & { readonly [OWN_DISPATCHER]: true } = {
    [OWN_DISPATCHER]: true,
    dispatch(given, handler) {
      // undici 7's `request` passes its own options on, with the dispatcher in them, which agents of undici 8 refuse.
      const options = given['dispatcher'] === undefined ? given : Object.assign({}, given, { dispatcher: undefined });
      let found: Match | undefined;
      let permit: BreakerPermit | undefined;
      try {
        found = match(String(options.origin));
        permit = found?.service.door.admission?.enterAttempt({
          method: options.method,
          url: () => String(options.origin) + options.path,
        });
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
      const told = permit === undefined ? handler : observeExchange(handler, new AdmittedExchange(call, permit));
      return call.dispatch(options.origin === origin ? options : Object.assign({}, options, { origin }), told);
    },
    // Its connections are the client's, and are closed with it.
    close: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
  return dispatcher;
}
