/** `createClient`: options in, a client out. */

import { callError, isFairleadError } from '../core/errors.js';
import type { Lease, PickContext } from '../core/lease.js';
import { any, durationMs, type Schema } from '../kit/option-schema.js';
import { object } from '../kit/option-structures.js';
import type { Client, CloseOptions, ReadyOptions } from './client.js';
import { breakerControl } from './breaker-control.js';
import { checkClientOptions, type ClientSettings } from './client-settings.js';
import { createEventHub } from './event-hub.js';
import { fetchCall } from './fetch-call.js';
import { inputUrl, isSignal } from './fetch-input.js';
import type { ClientOptions } from './options.js';
import { parseRequestUrl, requestPath, requestCall, requestElsewhere } from './request-call.js';
import { createRoutingDispatcher } from './routing-dispatcher.js';
import { createListedDirectory, createNamedDirectory, type ServiceDirectory } from './service-directory.js';
import { createService, type Service, type ServiceDeps } from './service.js';
import { explanationOf, snapshotOf } from './state-view.js';
import { leaseWhenFree } from './lease-when-free.js';
import { whenAvailable } from './when-available.js';
import { wireInit } from './wire-init.js';
import { createWires, unknownService } from './wires.js';

const READY_TIMEOUT_MS = 30_000;
const CLOSE_TIMEOUT_MS = 30_000;

const readySchema: Schema<ReadyOptions> = object<ReadyOptions>({
  timeoutMs: durationMs(),
  signal: any<AbortSignal>('an AbortSignal', (value) => isSignal(value)),
});
const closeSchema: Schema<CloseOptions> = object<CloseOptions>({ timeoutMs: durationMs() });

/** @throws FairleadError `ERR_INVALID_OPTION` that names the option's path, its bound and the value */
export function createClient(options: ClientOptions): Client {
  const settings = checkClientOptions(options);
  const { clock } = settings;
  const events = createEventHub();
  const wires = createWires(settings, () => directory, events);
  const { place, random } = settings;
  const deps: ServiceDeps = { clock, random, events, place, connect: wires.connect };
  /** Retired services that still have calls in flight. */
  const retiring = new Set<Service>();
  const directory = createDirectory(settings, deps, retire, refuseClosed);
  let closing: Promise<void> | undefined;

  function retire(service: Service): void {
    retiring.add(service);
    // Its calls go on as they are, those that still wait for an endpoint included.
    void service.calls
      .over()
      .then(() => service.close())
      .finally(() => retiring.delete(service));
  }

  function refuseClosed(): void {
    if (closing !== undefined) throw callError('ERR_CLIENT_CLOSED', 'the client was closed');
  }

  async function closeAll(timeoutMs: number): Promise<void> {
    const services = [...directory.all(), ...retiring];
    const graceful = Promise.all([...services.map((service) => service.close()), wires.close()]);
    let timer: Disposable | undefined;
    const late = new Promise<void>((resolve) => (timer = clock.setTimer(resolve, timeoutMs)));
    await Promise.race([graceful, late]);
    timer?.[Symbol.dispose]();
    await Promise.all(services.map((service) => service.destroy()));
  }

  const dispatcher = createRoutingDispatcher((origin) => {
    refuseClosed();
    return directory.match(origin);
  }, wires.router);

  const client: Client = {
    // A default, so that it counts as one parameter, like the platform's.
    fetch: (input, init = undefined) => {
      try {
        refuseClosed();
        const url = inputUrl(input);
        const match = directory.match(url);
        // What is no init fetch itself refuses best.
        if (match !== undefined && !isDictionary(init)) return wires.plainFetch(input, init);
        if (match !== undefined) return fetchCall(match, input, init, wires.router, wires.send);
        if (settings.unlisted === 'reject') throw unknownService(url);
        return wires.plainFetch(input, init?.fairlead === undefined ? init : wireInit(init));
      } catch (error) {
        return rejected(error);
      }
    },
    // Not async: that would put another promise around the call's own, and three more microtasks on every request.
    request(url, input = {}) {
      try {
        refuseClosed();
        const match = directory.match(typeof url === 'string' ? url : url.href);
        if (match !== undefined) return requestCall(match, requestPath(url), input, wires.router);
        return requestElsewhere(wires.router, parseRequestUrl(url), input);
      } catch (error) {
        return rejected(error);
      }
    },
    get dispatcher() {
      wires.findPlatform();
      return dispatcher;
    },
    pick(name, context = {}) {
      refuseClosed();
      return directory.named(name).lease(context);
    },
    async acquire(name, context = {}) {
      refuseClosed();
      return acquire(directory.named(name), context);
    },
    async ready(names, options: ReadyOptions = {}) {
      refuseClosed();
      const { timeoutMs = READY_TIMEOUT_MS, signal } = readySchema.parse(options, 'ready');
      const services = names === undefined ? [...directory.all()] : names.map((name) => directory.named(name));
      await Promise.all(
        services.map(async (service) => {
          await whenAvailable(service, timeoutMs, signal);
          await service.prewarm();
        }),
      );
    },
    refresh(name) {
      refuseClosed();
      directory.named(name).refresh();
    },
    breaker: (name, key) => breakerControl(directory.named(name), key),
    snapshot() {
      const services = Object.fromEntries([...directory.all()].map((service) => [service.name, snapshotOf(service)]));
      return { closed: closing !== undefined, services };
    },
    explain: (name) => explanationOf(directory.named(name)),
    on(name, listener) {
      events.on(name, listener);
      return client;
    },
    once(name, listener) {
      events.once(name, listener);
      return client;
    },
    off(name, listener) {
      events.off(name, listener);
      return client;
    },
    close(options: CloseOptions = {}) {
      try {
        const { timeoutMs = CLOSE_TIMEOUT_MS } = closeSchema.parse(options, 'close');
        return (closing ??= closeAll(timeoutMs));
      } catch (error) {
        return rejected(error);
      }
    },
    [Symbol.asyncDispose]: () => client.close(),
  };
  return client;
}

function createDirectory(
  settings: ClientSettings,
  deps: ServiceDeps,
  retire: (service: Service) => void,
  refuseClosed: () => void,
): ServiceDirectory {
  const { services, maxServices } = settings;
  if (typeof services === 'function') {
    const open = (host: string): Service | undefined => {
      // `explain`, or a redirect of a call that is still in flight: nobody would stop what begins now.
      refuseClosed();
      const own = services(host);
      return own === undefined ? undefined : started(createService(host, own, deps));
    };
    return createNamedDirectory(open, retire, maxServices);
  }
  const listed = [...services].map(([name, own]): [string, Service] => [name, createService(name, own, deps)]);
  // Only when all are made: a mistake in the last one's options must leave nothing running.
  for (const [, service] of listed) started(service);
  return createListedDirectory(new Map(listed));
}

function isDictionary(init: unknown): boolean {
  return typeof init === 'object' || init === undefined || typeof init === 'function';
}

function started(service: Service): Service {
  service.start();
  return service;
}

async function rejected(error: unknown): Promise<never> {
  throw error;
}

/** Waits and picks again until there is somebody, within the service's own bound. */
async function acquire(service: Service, context: PickContext): Promise<Lease> {
  const untilMs = service.clock.now() + service.settings.selectionTimeoutMs;
  for (;;) {
    context.signal?.throwIfAborted();
    try {
      return service.lease(context);
    } catch (error) {
      if (isFairleadError(error) && error.code === 'ERR_LIMIT_EXCEEDED' && service.settings.limits.queue !== false)
        return leaseWhenFree(service, context, untilMs - service.clock.now());
      // A picker of the user's own may refuse everybody that is there: waiting would not help.
      if (!isFairleadError(error) || error.code !== 'ERR_NO_ENDPOINTS' || service.pickable) throw error;
      await whenAvailable(service, Math.max(0, untilMs - service.clock.now()), context.signal);
    }
  }
}
