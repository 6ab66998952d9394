/** A call over a route made of plain objects: the test plays the wire, one exchange at a time. */

import type { Endpoint } from '../../src/core/endpoint.js';
import type { FairleadError } from '../../src/core/errors.js';
import type { Outcome } from '../../src/core/outcome.js';
import { limitExceeded } from '../../src/data/call-refusals.js';
import { SlotLease } from '../../src/data/balancer-lease.js';
import { Call } from '../../src/data/call.js';
import type { CallInput, Router } from '../../src/data/call-input.js';
import { IDEMPOTENT_METHODS } from '../../src/data/idempotency.js';
import type { CallPickContext, CallSettings, ServiceRoute } from '../../src/data/service-route.js';
import { SharedTimer } from '../../src/kit/shared-timer.js';
import { routeOptions } from '../../src/data/transport/route-options.js';
import type { DispatchOptions } from '../../src/data/transport/dispatcher-like.js';
import type { ExchangeObserver } from '../../src/data/transport/exchange-observer.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';

export function endpointAt(host: string, fields: Partial<Endpoint> = {}): Endpoint {
  return {
    id: host,
    host,
    port: 1,
    scheme: undefined,
    basePath: '',
    weight: 1,
    priority: 0,
    region: undefined,
    zone: undefined,
    hostname: undefined,
    metadata: {},
    ...fields,
  };
}

/** One exchange, as the transport sees it. */
export interface Exchange {
  readonly endpoint: Endpoint;
  readonly options: DispatchOptions;
  readonly observer: ExchangeObserver;
  /** Reasons that the attempt aborted it with, once it has started. */
  readonly aborts: unknown[];
  /** The first byte is about to be written. */
  start(): void;
  answer(status: number, headers?: Record<string, string>): void;
}

export interface RouteStub extends ServiceRoute {
  readonly clock: FakeClock;
  readonly exchanges: Exchange[];
  readonly settled: {
    readonly endpoint: string;
    readonly outcome: Outcome | undefined;
    readonly latencyMs: number | undefined;
    readonly lateMs: number;
  }[];
  readonly contexts: CallPickContext[];
  readonly emitted: [string, unknown][];
  readonly heardFrom: string[];
  connectFailures: number;
  /** Those who wait for endpoints. */
  readonly waiting: { readonly timeoutMs: number; done(refusal?: FairleadError): void; left: boolean }[];
  deposits: number;
}

export interface RouteOptions {
  readonly endpoints?: Endpoint[];
  readonly settings?: Partial<CallSettings>;
  readonly overrides?: Partial<ServiceRoute>;
  readonly clock?: FakeClock;
  readonly listening?: boolean;
}

export function createRouteStub(options: RouteOptions = {}): RouteStub {
  const { endpoints = ['a', 'b', 'c'].map((host) => endpointAt(host)), clock = createFakeClock() } = options;
  const stub: RouteStub = {
    name: 'orders',
    clock,
    random: { next: () => 0.5 },
    settings: {
      timeoutMs: 30_000,
      attemptTimeoutMs: 10_000,
      selectionTimeoutMs: 5_000,
      retry: {
        maxAttempts: 3,
        backoffBaseMs: 50,
        backoffMaxMs: 1_000,
        retryOn: ['status', 'overload', 'reset', 'timeout', 'protocol'],
        statuses: [502, 503, 504],
        methods: IDEMPOTENT_METHODS,
        retryAfterMaxMs: 10_000,
        replayBufferBytes: 0,
        budget: { ratio: 0.2, minPerSecond: 3, ttlMs: 10_000 },
      },
      credentialHeaders: [],
      ...options.settings,
    },
    classifier: undefined,
    hedging: undefined,
    timers: new SharedTimer(clock),
    limits: {
      whenFree(_, done) {
        done(limitExceeded('orders'));
        return { [Symbol.dispose]: () => {} };
      },
    },
    size: endpoints.length,
    budget: {
      deposit: () => void stub.deposits++,
      tryWithdraw: () => true,
      charge: () => {},
      retried: () => {},
      level: () => ({ ratio: 0.2, available: 1, floor: 1, calls: 1, spent: 0, refused: 0 }),
    },
    events: {
      wants: () => options.listening ?? true,
      emit: (name, event) => void stub.emitted.push([name, event]),
    },
    pick(context) {
      stub.contexts.push({ ...context, attempt: context.attempt ?? 0, tried: context.tried && new Set(context.tried) });
      const endpoint = endpoints.find(({ id }) => context.tried?.has(id) !== true) ?? endpoints[0];
      if (endpoint === undefined) return 'none';
      const ended = (lease: SlotLease, outcome: Outcome | undefined, latencyMs: number | undefined): void =>
        void stub.settled.push({ endpoint: lease.endpoint.id, outcome, latencyMs, lateMs: lease.lateMs });
      return new SlotLease({ heard: () => {}, ended }, endpoint, 0, clock.now(), false);
    },
    refuseElsewhere: () => undefined,
    dispatchElsewhere: () => true,
    whenPickable(timeoutMs, done) {
      const entry = { timeoutMs, done: (refusal?: FairleadError) => done(refusal), left: false };
      stub.waiting.push(entry);
      return { [Symbol.dispose]: () => void (entry.left = true) };
    },
    dispatch(endpoint, target, dispatched, _handler, observer) {
      const aborts: unknown[] = [];
      stub.exchanges.push({
        endpoint,
        options: routeOptions(dispatched, target),
        observer,
        aborts,
        start: () => observer.started((reason) => void aborts.push(reason)),
        answer: (status, headers = {}) => observer.responded(status, (name) => headers[name]),
      });
    },
    connectFailed: () => void stub.connectFailures++,
    heard: ({ id }) => void stub.heardFrom.push(id),
    exchanges: [],
    settled: [],
    contexts: [],
    emitted: [],
    heardFrom: [],
    connectFailures: 0,
    waiting: [],
    deposits: 0,
  };
  return Object.assign(stub, options.overrides);
}

export interface CallBench {
  readonly route: RouteStub;
  readonly call: Call;
  readonly clock: FakeClock;
  /** Errors that the handler was failed with. */
  readonly failures: unknown[];
  readonly handler: object;
  /** The request, as fetch hands it to its dispatcher. */
  dispatch(options?: Partial<DispatchOptions>): boolean;
  /** The exchange that is under way. */
  readonly exchange: Exchange;
}

export function createCallBench(
  options: RouteOptions & { call?: Partial<CallInput>; router?: Partial<Router> } = {},
): CallBench {
  const route = createRouteStub(options);
  const router: Router = {
    route: () => undefined,
    refuse: () => undefined,
    passThrough: () => true,
    ...options.router,
  };
  const call = new Call({
    router,
    route,
    origin: 'http://orders',
    method: 'GET',
    recoverable: true,
    timeoutMs: route.settings.timeoutMs,
    hashKey: undefined,
    ...options.call,
  });
  const failures: unknown[] = [];
  const handler = { onError: (error: unknown) => void failures.push(error) };
  return {
    route,
    call,
    clock: route.clock,
    failures,
    handler,
    dispatch: (given = {}) =>
      call.dispatch({ origin: 'http://orders', path: '/v1', method: call.method, headers: {}, ...given }, handler),
    get exchange() {
      return route.exchanges.at(-1) as Exchange;
    },
  };
}

/** A connection that could not be made. */
export const REFUSED: Error = Object.assign(new Error('connect ECONNREFUSED'), {
  code: 'ECONNREFUSED',
  syscall: 'connect',
});

/** A connection that broke. */
export const BROKEN: Error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
