export { createClient } from './client/create-client.js';
export { getCall } from './client/fetch-call.js';
export { runWithInbound } from './client/inbound-context.js';
export { staticResolver } from './control/resolvers/static-resolver.js';
export { dnsResolver } from './control/resolvers/dns-resolver.js';
export { registryResolver } from './control/resolvers/registry-resolver.js';
export { envResolver } from './control/resolvers/env-resolver.js';
export { fileResolver } from './control/resolvers/file-resolver.js';
export { firstOf } from './control/resolvers/first-of.js';
export { merge } from './control/resolvers/merge.js';
export { filter } from './control/resolvers/filter.js';
export { mapEndpoints } from './control/resolvers/map-endpoints.js';
export { withWeights } from './control/resolvers/with-weights.js';
export { FairleadError, isFairleadError, NoEndpointsError } from './core/errors.js';
export { systemClock } from './core/clock.js';
export { systemRandom } from './core/random.js';

export type { BreakerControl, Client, CloseOptions, ReadyOptions } from './client/client.js';
export type {
  BreakerSnapshot,
  BudgetSnapshot,
  ClientSnapshot,
  EjectionSnapshot,
  EndpointSnapshot,
  LimitSnapshot,
  Explanation,
  GroupSnapshot,
  ResolutionSnapshot,
  ServiceSnapshot,
  ThrottleSnapshot,
} from './client/client-snapshot.js';
export type { Listener } from './client/event-hub.js';
export type { FetchInit } from './client/fetch-input.js';
export type {
  AddressPolicy,
  BreakerOptions,
  ThrottleOptions,
  CacheOptions,
  CallOptions,
  CallRetryOptions,
  CallBody,
  InboundHeaders,
  PropagateOptions,
  ClientLocality,
  ClientOptions,
  DrainOptions,
  HealthCheckOptions,
  EjectionOptions,
  HedgeOptions,
  LimitOptions,
  LocalityOptions,
  RetryOptions,
  ServiceOptions,
  SlowStartOptions,
  SubsetOptions,
  TlsOptions,
  TransportOptions,
} from './client/options.js';
export type { RequestInput, RequestOptions } from './client/request-call.js';
export type { DnsUnionOptions } from './control/resolvers/dns/address-union.js';
export type { DnsError, DnsFailureCode, DnsQuestion, DnsServerAttempt } from './control/resolvers/dns/dns-error.js';
export type { DnsResolverOptions } from './control/resolvers/dns-resolver.js';
export type { EnvResolverOptions } from './control/resolvers/env-resolver.js';
export type { FileResolverOptions } from './control/resolvers/file-resolver.js';
export type { LongPollOptions } from './control/resolvers/poll-style.js';
export type { HeaderSource } from './control/resolvers/registry-request.js';
export type { RegistryTls } from './control/resolvers/background-fetch.js';
export type { RegistryResolverOptions, SseOptions } from './control/resolvers/registry-options.js';
export type { CacheSettings } from './control/discovery/cache-settings.js';
export type { IneligibleReason } from './control/eligibility-facts.js';
export type { LocalitySettings, Place } from './control/locality-settings.js';
export type { SlowStartSettings } from './control/slow-start-settings.js';
export type { SubsetSettings } from './control/subset-settings.js';
export type { DrainSettings } from './control/drain/drain-settings.js';
export type { EjectionSettings } from './control/health/ejection-settings.js';
export type { HealthCheck, HealthCheckSettings } from './control/health/health-check-settings.js';
export type { LatencyOutlierSettings } from './control/health/latency-outlier.js';
export type { SuccessRateSettings } from './control/health/success-rate.js';
export type { AttemptReport, CallReport, NotRetried } from './core/call-report.js';
export type { Clock } from './core/clock.js';
export type { Endpoint, EndpointInput, Scheme } from './core/endpoint.js';
export type { ErrorCode, ErrorDetails } from './core/errors.js';
export type {
  BreakerStateName,
  CacheFileEvent,
  DrainSign,
  EjectionReason,
  EventName,
  FairleadEvents,
  IgnoredFileReason,
} from './core/events.js';
export type { Lease, PickContext } from './core/lease.js';
export type { Classifier, ClassifyInput, FailureReason, Outcome } from './core/outcome.js';
export type { Random } from './core/random.js';
export type { ResolutionStatus } from './core/resolution.js';
export type { AskContext, Prober, Receiver, Resolver, ResolverAnswer, WatchContext, Watcher } from './core/resolver.js';
export type { AdaptiveLimitSettings } from './data/admission/gradient-settings.js';
export type { LimitQueueSettings } from './data/admission/limit-queue-settings.js';
export type { BreakerRequest, BreakerSettings } from './data/admission/breaker-settings.js';
export type { ThrottleSettings } from './data/admission/throttle-settings.js';
export type { HedgeSettings } from './data/hedging/hedge-settings.js';
export type { LimitSettings } from './data/balancer-settings.js';
export type { Loads, Picker, PickerFactory, PickerInput } from './data/picker.js';
export type {
  BalancerName,
  BalancerOptions,
  HashOptions,
  MaglevOptions,
  PeakEwmaOptions,
  PlainPolicyOptions,
  RendezvousOptions,
  RingHashOptions,
  WeightedRoundRobinOptions,
} from './data/policy-options.js';
export type { PropagationSettings } from './data/propagation.js';
export type { RetryBudgetLevel } from './data/retry-budget.js';
export type {
  RetryBudgetSettings,
  RetryCondition,
  RetryContext,
  RetrySettings,
  ShouldRetry,
} from './data/retry-settings.js';
export type { DispatchHandler, DispatcherLike, DispatchOptions } from './data/transport/dispatcher-like.js';
export type { ResponseData } from './data/transport/request-exchange.js';
export type { BodySource, ResponseBody } from './data/transport/response-body.js';
export type { TlsSettings, TlsVersion } from './data/transport/tls-settings.js';
export type { TransportSettings } from './data/transport/transport-settings.js';
export type { AddressPolicyOptions } from './kit/address-policy.js';
export type { Pem } from './kit/pem.js';
