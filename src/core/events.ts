/** Typed events: what each one carries. Nothing here is computed while nobody listens. */

import type { AttemptReport, CallReport, NotRetried } from './call-report.js';
import type { Endpoint } from './endpoint.js';
import type { ErrorCode } from './errors.js';
import type { ResolutionStatus } from './resolution.js';

export type EjectionReason =
  | 'consecutive-failures'
  | 'failure-ratio'
  | 'consecutive-local-failures'
  | 'local-failure-ratio'
  | 'success-rate'
  | 'local-success-rate'
  | 'latency'
  | 'silence'
  | 'contrast'
  | 'probe-failed';

/** `isolated` is open by hand, until it is released by hand. */
export type BreakerStateName = 'closed' | 'open' | 'half-open' | 'isolated';

/** How an endpoint said that it is leaving. */
export type DrainSign = 'connection-close' | 'goaway' | 'header';

/** Why a file with a list of endpoints was not believed. */
export type IgnoredFileReason = 'corrupted' | 'foreign' | 'too-old' | 'too-large' | 'unreadable';

/** What became of the list on disk. */
export type CacheFileEvent =
  /** Discovery begins with it. `ageMs` since discovery last confirmed it. */
  | { readonly action: 'restored'; readonly endpoints: number; readonly ageMs: number }
  | { readonly action: 'ignored'; readonly reason: IgnoredFileReason; readonly detail: string }
  | { readonly action: 'written'; readonly endpoints: number }
  /** It could not be written. Said once, until it can be. */
  | { readonly action: 'failed'; readonly error: unknown };

export interface FairleadEvents {
  /** Discovery answered. */
  resolve: [
    event: {
      service: string;
      resolver: string;
      status: ResolutionStatus;
      endpoints: number;
      held?: 'empty' | 'shrunk';
    },
  ];
  /** Discovery could not be asked; what was known stays in use while it is not too old. */
  resolveError: [event: { service: string; resolver: string; error: unknown; ageMs: number | undefined }];
  /** The list on disk (`cache.file`) was used, ignored or written. */
  cacheFile: [event: { service: string; file: string } & CacheFileEvent];
  /** The set changed. */
  endpoints: [
    event: {
      service: string;
      added: readonly Endpoint[];
      removed: readonly Endpoint[];
      updated: readonly Endpoint[];
      /** Inputs that were dropped, and why. */
      refused: readonly { input: string; reason: string }[];
    },
  ];
  eject: [
    event: {
      service: string;
      endpoint: string;
      reason: EjectionReason;
      detail: string;
      /** Length of the sentence; then a probe may go. 0 when it is not enforced. */
      durationMs: number;
      /** When the sentence ends, by the client's clock (`performance.now()`, unless it was given another). */
      untilMs: number;
      /** Which sentence it is: ejections so far, less what time has forgiven. */
      times: number;
      /** False for a verdict that changes nothing, under `ejection.detectOnly`. */
      enforced: boolean;
    },
  ];
  uneject: [event: { service: string; endpoint: string; by: 'probe' | 'health-check' | 'removal' }];
  /** Active checks found an endpoint unhealthy, or healthy again. */
  healthCheck: [event: { service: string; endpoint: string; healthy: boolean; detail: string }];
  /** An endpoint says that it is leaving, and gets no new requests for `holdMs` (`on`), or that time is over. */
  drain: [
    event: {
      service: string;
      endpoint: string;
      on: boolean;
      sign: DrainSign;
      detail: string;
      holdMs: number;
    },
  ];
  /** Fewer endpoints are well than the panic threshold asks: health is ignored (`on`), or counts again. */
  panic: [event: { service: string; on: boolean; healthy: number; total: number }];
  /** A breaker changed its state: the one of the service (`key` undefined) or of one key. */
  breaker: [
    event: {
      service: string;
      key: string | undefined;
      from: BreakerStateName;
      to: BreakerStateName;
      /** In words. */
      reason: string;
      /** Until the first probe may go; undefined unless `to` is `'open'`. Milliseconds. */
      openMs: number | undefined;
    },
  ];
  /** The client begins to shed calls that the service would reject (`on`), or has ceased to. */
  throttle: [
    event: {
      service: string;
      on: boolean;
      /** Share of calls that are shed now. */
      ratio: number;
      /** Calls of the throttle's window: accepted, rejected or shed. */
      requests: number;
      accepts: number;
    },
  ];
  /** One attempt ended. */
  attempt: [event: { service: string } & AttemptReport];
  /** Another attempt follows after `delayMs`, or none does and `refused` says why. */
  retry: [event: { service: string; attempt: number; delayMs: number; cause: string; refused?: NotRetried }];
  /** An attempt has waited so long that another one is sent beside it; the first acceptable answer wins. */
  hedge: [event: { service: string; attempt: number; endpoint: string; kind: 'rescue' | 'hedge'; afterMs: number }];
  /** A call ended: a response's headers, or an error. */
  call: [event: CallReport & { status: number | undefined; error: ErrorCode | 'aborted' | undefined }];
  /** Files of TLS material changed and are in force for new connections; with an `error`: they cannot be used, and what was in force stays. */
  tlsReload: [event: { service: string; error: Error | undefined }];
  /** Something the operator should know: for example an option that cannot apply. Said once. */
  warning: [event: { service: string | undefined; message: string }];
}

export type EventName = keyof FairleadEvents;

/** Where a part of the library reports: check `wants` before building the event. */
export interface EventSink {
  wants(name: EventName): boolean;
  emit<N extends EventName>(name: N, ...event: FairleadEvents[N]): void;
}
