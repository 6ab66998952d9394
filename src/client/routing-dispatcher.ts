/** `client.dispatcher`: the routing alone, for whoever speaks undici's dispatcher interface. */

import { AdmittedExchange } from '../data/admission/admitted-exchange.js';
import type { BreakerPermit } from '../data/admission/breaker.js';
import { Call } from '../data/call.js';
import { timeUpBefore } from '../data/call-refusals.js';
import type { Router } from '../data/call-input.js';
import type { Told } from '../data/propagation.js';
import type { DispatcherLike } from '../data/transport/dispatcher-like.js';
import { failHandler } from '../data/transport/handler-shape.js';
import { observeExchange } from '../data/transport/observe-exchange.js';
import { OWN_DISPATCHER } from '../data/transport/own-dispatcher.js';
import { toldByInbound } from './inbound-context.js';
import type { Match } from './service-directory.js';

export function createRoutingDispatcher(match: (origin: string) => Match | undefined, router: Router): DispatcherLike {
  const dispatcher: DispatcherLike & { readonly [OWN_DISPATCHER]: true } = {
    [OWN_DISPATCHER]: true,
    dispatch(given, handler) {
      // undici 7's `request` passes its own options on, with the dispatcher in them, which agents of undici 8 refuse.
      const options = given['dispatcher'] === undefined ? given : Object.assign({}, given, { dispatcher: undefined });
      let found: Match | undefined;
      let permit: BreakerPermit | undefined;
      let told: Told | undefined;
      try {
        found = match(String(options.origin));
        if (found !== undefined) told = toldByInbound(undefined, found.service.settings.propagate);
        if (found !== undefined && (told?.remainingMs ?? 1) <= 0) throw timeUpBefore(found.service.name);
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
        timeoutMs: Math.min(service.settings.timeoutMs, told?.remainingMs ?? Infinity),
        hashKey: undefined,
        overrides: told,
      });
      const observed = permit === undefined ? handler : observeExchange(handler, new AdmittedExchange(call, permit));
      return call.dispatch(options.origin === origin ? options : Object.assign({}, options, { origin }), observed);
    },
    // Its connections are the client's, and are closed with it.
    close: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  };
  return dispatcher;
}
