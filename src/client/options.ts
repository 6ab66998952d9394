/** What users configure. Durations are milliseconds and end in `Ms`; shares are ratios 0–1; 0 means 0. */

import type { CacheSettings } from '../control/discovery/cache-settings.js';
import type { DrainSettings } from '../control/drain/drain-settings.js';
import type { EjectionSettings } from '../control/health/ejection-settings.js';
import type { HealthCheckSettings } from '../control/health/health-check-settings.js';
import type { LatencyOutlierSettings } from '../control/health/latency-outlier.js';
import type { SuccessRateSettings } from '../control/health/success-rate.js';
import type { LocalitySettings, Place } from '../control/locality-settings.js';
import type { SlowStartSettings } from '../control/slow-start-settings.js';
import type { SubsetSettings } from '../control/subset-settings.js';
import type { Clock } from '../core/clock.js';
import type { Classifier } from '../core/outcome.js';
import type { Random } from '../core/random.js';
import type { Resolver } from '../core/resolver.js';
import type { LimitSettings } from '../data/balancer-settings.js';
import type { HedgeSettings } from '../data/hedging/hedge-settings.js';
import type { PickerFactory } from '../data/picker.js';
import type { BalancerName, BalancerOptions } from '../data/policy-options.js';
import type { AdaptiveLimitSettings } from '../data/admission/gradient-settings.js';
import type { LimitQueueSettings } from '../data/admission/limit-queue-settings.js';
import type { BreakerSettings } from '../data/admission/breaker-settings.js';
import type { PropagationSettings } from '../data/propagation.js';
import type { ThrottleSettings } from '../data/admission/throttle-settings.js';
import type { RetryBudgetSettings, RetrySettings } from '../data/retry-settings.js';
import type { TlsSettings } from '../data/transport/tls-settings.js';
import type { TransportSettings } from '../data/transport/transport-settings.js';
import type { AddressPolicyOptions } from '../kit/address-policy.js';

export interface ClientOptions {
  /**
   * Which hosts are services: a record by name (a key `'name:port'` matches only that port, and wins over `'name'`), or
   * a function for names not known in advance. It gets the URL's host as written (`'name'` or `'name:port'`); its
   * answers are kept by that string in an LRU.
   */
  readonly services: Readonly<Record<string, ServiceOptions>> | ((host: string) => ServiceOptions | undefined);
  /** Applied under every service's own options: objects merge, arrays and functions replace. */
  readonly defaults?: Partial<ServiceOptions>;
  /** What happens to URLs whose host is no service. @default 'pass-through' */
  readonly unlisted?: 'pass-through' | 'reject';
  /** Where this process runs: then endpoints nearby are preferred, as `locality` of each service says. @default unknown */
  readonly locality?: ClientLocality;
  /** Upper bound on services kept alive when `services` is a function. Integer, 1–100 000. @default 1000 */
  readonly maxServices?: number;
  /**
   * Replaces the wire: any WHATWG fetch. The URL is rewritten to the endpoint's address.
   * @default the platform's fetch over Fairlead's dispatcher
   */
  readonly fetch?: typeof globalThis.fetch;
  /** For tests and simulation. @default the platform's monotonic clock */
  readonly clock?: Clock;
  /** For tests and simulation. @default Math.random */
  readonly random?: Random;
}

export interface ServiceOptions {
  /** Where endpoints come from; an array means {@link firstOf}. */
  readonly resolver: Resolver | readonly Resolver[];
  /** How an endpoint is chosen: a policy by name, one with options, or your own factory. @default 'adaptive' */
  readonly balancer?: BalancerName | BalancerOptions | PickerFactory;
  /**
   * The whole call: every attempt and every wait, until response headers are handed out (the body is the caller's).
   * Milliseconds, 1–86 400 000. @default 30 000
   */
  readonly timeoutMs?: number;
  /**
   * One attempt, from sending to response headers; while an upload makes progress, from its last sent part.
   * Milliseconds, 1–86 400 000. @default 10 000
   */
  readonly attemptTimeoutMs?: number;
  /**
   * How long an endpoint may send nothing of a response's body that its caller wants to read; then the body ends with
   * `ERR_ATTEMPT_TIMEOUT` (through fetch, as the `cause`), and the attempt counts as timed out. Not with a `fetch` of your own.
   * Milliseconds, 1–86 400 000. @default none
   */
  readonly bodyIdleTimeoutMs?: number;
  /** How long a call waits for the first endpoints, within its own time. Milliseconds, 0–86 400 000. @default 5000 */
  readonly selectionTimeoutMs?: number;
  /** How answers of discovery are kept. */
  readonly cache?: CacheOptions;
  /** Retries by policy; `false` for none. Failover of requests that were never sent stays. */
  readonly retry?: false | RetryOptions;
  /** What the next service is told in headers, and what headers of a received request (`init.fairlead.inbound`) mean. */
  readonly propagate?: PropagateOptions;
  /** A second attempt beside one that waits too long; `false` for none. By default only as a rescue from endpoints that hang. */
  readonly hedge?: false | HedgeOptions;
  /** Outlier ejection; `false` for none. */
  readonly ejection?: false | EjectionOptions;
  /**
   * Refuses calls while the service fails most of them, judged after retries; `{}` for one with its own defaults.
   * @default false
   */
  readonly breaker?: false | BreakerOptions;
  /** Asks endpoints whether they are well, in the background; `false` for not. `{}` takes the defaults. @default false */
  readonly healthCheck?: false | HealthCheckOptions;
  /** What is made of endpoints that say they are leaving; `false` for nothing. */
  readonly drain?: false | DrainOptions;
  /** Sheds a part of the calls while the service rejects most of them; `false` to send them all. */
  readonly throttle?: false | ThrottleOptions;
  /** Bounds on requests in flight. */
  readonly limits?: LimitOptions;
  /**
   * Below this share of healthy endpoints of a priority health is ignored there and everybody is used, unless the healthy ones of
   * all priorities can carry the calls (see balancing.md): then the judgement is more likely wrong than the fleet dead. Ratio, 0–1;
   * 0 turns it off while anybody is healthy. @default 0.5 (Envoy)
   */
  readonly panicThreshold?: number;
  /** Endpoints that are new, or back from ejection, get to their full weight by and by; `false`: at once. @default false */
  readonly slowStart?: false | SlowStartOptions;
  /** Uses a part of a large service's endpoints, another one in each client; `false` for all of them. @default false */
  readonly subset?: false | SubsetOptions;
  /**
   * How calls prefer endpoints near the client, where the client says where it is (`locality` of the client); `false`: they do
   * not. Under `ring-hash`, `maglev` and `rendezvous` they never do: a key has one endpoint, whoever calls from wherever.
   */
  readonly locality?: false | LocalityOptions;
  /** Connections to each endpoint. */
  readonly transport?: TransportOptions;
  /** Certificates. @default the platform's */
  readonly tls?: TlsOptions;
  /** Which addresses discovery and redirects may send us to. */
  readonly allow?: AddressPolicy;
  /**
   * Names of request headers that are credentials besides `authorization`, `cookie` and `proxy-authorization`, such as
   * `x-api-key`. A redirect takes none of them to another service, host, port or scheme. @default []
   */
  readonly credentialHeaders?: readonly string[];
  /** Says how an attempt ended; undefined leaves it to the built-in rules. */
  readonly classify?: Classifier;
}

export type CacheOptions = Partial<CacheSettings>;
export type HedgeOptions = Partial<HedgeSettings>;
export type BreakerOptions = Partial<BreakerSettings>;
export type EjectionOptions = Partial<Omit<EjectionSettings, 'successRate' | 'latency'>> & {
  readonly successRate?: false | Partial<SuccessRateSettings>;
  readonly latency?: false | Partial<LatencyOutlierSettings>;
};
export type HealthCheckOptions = Partial<HealthCheckSettings>;
export type DrainOptions = Partial<DrainSettings>;
export type SlowStartOptions = Partial<SlowStartSettings>;
export type ThrottleOptions = Partial<ThrottleSettings>;
export type SubsetOptions = Partial<SubsetSettings>;
export type ClientLocality = Place;
export type LocalityOptions = Partial<LocalitySettings>;
export type LimitOptions = Partial<Omit<LimitSettings, 'queue' | 'adaptive'>> & {
  readonly queue?: false | Partial<LimitQueueSettings>;
  readonly adaptive?: false | Partial<AdaptiveLimitSettings>;
};
export type TransportOptions = Partial<TransportSettings>;
export type TlsOptions = TlsSettings;
export type AddressPolicy = AddressPolicyOptions;
export type PropagateOptions = Partial<PropagationSettings>;
export type CallRetryOptions = Partial<Omit<RetrySettings, 'budget'>>;
export type RetryOptions = CallRetryOptions & {
  readonly budget?: Partial<RetryBudgetSettings>;
};

/** What a request can carry; `client.fetch` takes what fetch takes besides. */
export type CallBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | NodeJS.ReadableStream
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Blob
  | FormData
  | URLSearchParams;

/** As `IncomingMessage.headers`, `IncomingMessage.rawHeaders` or `Request.headers`. */
export type InboundHeaders =
  Headers | Readonly<Record<string, string | readonly string[] | undefined>> | readonly string[];

/** Per call, in `init.fairlead`. */
export interface CallOptions {
  /** The request may be sent twice, whatever its method says. @default by method (RFC 9110) or Idempotency-Key header */
  readonly idempotent?: boolean;
  /** In place of the service's `timeoutMs`. Milliseconds, 1–86 400 000. */
  readonly timeoutMs?: number;
  /** In place of the service's `attemptTimeoutMs`. Milliseconds, 1–86 400 000. */
  readonly attemptTimeoutMs?: number;
  /**
   * `false`: this call is not retried by policy. An object: what it names takes the place of the service's `retry`, the
   * budget excepted. It cannot switch on what the service has switched off. @default the service's `retry`
   */
  readonly retry?: false | CallRetryOptions;
  /**
   * Makes the request's body, anew for every round: the first one, each retry, a rescue or hedge. So a stream can be sent again as well.
   * May return a promise. Not together with a `body`. @default none: the request's `body`, if it has one
   */
  readonly body?: () => CallBody | Promise<CallBody>;
  /**
   * Headers of the request that this call serves, as `node:http` or fetch give them. If they say that it is a retry
   * (`propagate.noRetryHeader`), nothing is tried again below it; if they say how much time is left
   * (`propagate.deadlineHeader`), this call gets no more. Pass them without delay: the time counts from here.
   * @default those of {@link runWithInbound}, or none
   */
  readonly inbound?: InboundHeaders;
  /** `false`: no attempt of this call gets company. @default the service's `hedge` */
  readonly hedge?: false;
  /** Key for affinity: calls of one key go to one endpoint, under a policy by hash. Your own picker gets it, too. */
  readonly hashKey?: string;
}

/** A service's options with every default in place. */
export interface ServiceSettings {
  readonly resolver: Resolver;
  readonly balancer: BalancerName | BalancerOptions | PickerFactory;
  readonly timeoutMs: number;
  readonly attemptTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number | undefined;
  readonly selectionTimeoutMs: number;
  readonly cache: CacheSettings;
  readonly retry: RetrySettings | false;
  readonly propagate: PropagationSettings;
  readonly hedge: HedgeSettings | false;
  readonly ejection: EjectionSettings | false;
  readonly breaker: BreakerSettings | false;
  readonly healthCheck: HealthCheckSettings | false;
  readonly drain: DrainSettings | false;
  readonly throttle: ThrottleSettings | false;
  readonly limits: LimitSettings;
  readonly panicThreshold: number;
  readonly slowStart: SlowStartSettings | false;
  readonly subset: SubsetSettings | false;
  readonly locality: LocalitySettings | false;
  readonly transport: TransportSettings;
  readonly tls: TlsSettings | undefined;
  readonly allow: AddressPolicyOptions;
  /** In lower case. */
  readonly credentialHeaders: readonly string[];
  readonly classify: Classifier | undefined;
}
