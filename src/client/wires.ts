/** The way to the network: the platform's own undici where there is one, any fetch by rewriting the URL elsewhere. */

import { callError, type FairleadError } from '../core/errors.js';
import type { EventSink } from '../core/events.js';
import type { Router } from '../data/call-input.js';
import { createFetchConnections } from '../data/transport/fetch-connections.js';
import { failHandler } from '../data/transport/handler-shape.js';
import { createPassThrough } from '../data/transport/pass-through.js';
import { findPlatform, type Platform } from '../data/transport/platform.js';
import { createPlatformConnections } from '../data/transport/platform-connections.js';
import type { Wire } from './fetch-call.js';
import type { ClientSettings } from './client-settings.js';
import { createRewritingWire } from './rewriting-wire.js';
import type { ConnectService } from './connect-service.js';
import type { ServiceDirectory } from './service-directory.js';
import { logicalOrigin } from './service-match.js';
import { voidOverFetch } from './void-options.js';

export interface Wires {
  /** One round of a balanced call. */
  readonly send: Wire;
  /** For hosts that are no service. */
  readonly plainFetch: typeof globalThis.fetch;
  readonly router: Router;
  readonly connect: ConnectService;
  /** Before the client's own dispatcher may take the place where the platform is found. */
  findPlatform(): void;
  close(): Promise<void>;
}

export function createWires(settings: ClientSettings, directory: () => ServiceDirectory, events: EventSink): Wires {
  // Taken now: an application may make `client.fetch` the global one.
  const plainFetch = settings.fetch ?? globalThis.fetch;
  // Looked for when first needed: it loads the platform's undici.
  let found: { readonly platform: Platform | undefined } | undefined;
  const findOnce = (): Platform | undefined => (found ??= { platform: findPlatform() }).platform;
  const platform = (): Platform => {
    const there = findOnce();
    if (there === undefined)
      throw new Error('this runtime has no undici under its fetch: only client.fetch can be used');
    return there;
  };
  const elsewhere = createPassThrough(platform);

  const router: Router = {
    route: (origin) => directory().match(origin)?.service,
    refuse: (origin) => (settings.unlisted === 'reject' ? unknownService(origin) : undefined),
    passThrough(options, handler) {
      const refusal = router.refuse(String(options.origin));
      if (refusal !== undefined) {
        failHandler(handler, refusal);
        return true;
      }
      return elsewhere.dispatch(options, handler);
    },
  };
  const rewriting = createRewritingWire(plainFetch, router);
  const dispatching: Wire = (input, init, call) => {
    (init as { dispatcher?: unknown }).dispatcher = call;
    return plainFetch(input, init);
  };
  const rewrites = (): boolean => settings.fetch !== undefined || findOnce() === undefined;

  return {
    send: (input, init, call) => (rewrites() ? rewriting : dispatching)(input, init, call),
    plainFetch,
    router,
    connect({ transport, tls }, refuseAddress, service, onGoAway) {
      const onWarning = (message: string): void => events.emit('warning', { service, message });
      if (rewrites()) {
        const warning = voidOverFetch({ transport, tls });
        if (warning !== undefined) onWarning(warning);
        return createFetchConnections(plainFetch);
      }
      const { clock, random } = settings;
      const onTlsReload = (error: Error | undefined): void => events.emit('tlsReload', { service, error });
      return createPlatformConnections({
        platform: platform(),
        transport,
        tls,
        refuseAddress,
        clock,
        random,
        onGoAway,
        onWarning,
        onTlsReload,
      });
    },
    findPlatform: () => void findOnce(),
    close: () => elsewhere.close(),
  };
}

/** Names the host alone: the rest of a URL may hold secrets. */
export function unknownService(url: string): FairleadError {
  const service = logicalOrigin(url)?.host;
  const named = service ?? 'a URL without an http host';
  return callError('ERR_UNKNOWN_SERVICE', `${named} is no service of this client, and unlisted hosts are rejected`, {
    service,
  });
}
