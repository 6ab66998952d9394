/**
 * What the next service is told about the call that its request belongs to, and what this one was told about the
 * request that it serves. Retries of layers multiply: three layers of three attempts are 27 (SRE book, chapter 21). So
 * a request that is itself a retry says so, and whoever serves it tries nothing again on its behalf; the retries of the
 * layer above count against the budget of the layer below. The time that is left goes along, so that nobody works for a
 * caller who has given up.
 */

import { headerValue, setHeader } from './request-headers.js';
import type { DispatchOptions } from './transport/dispatcher-like.js';

export interface PropagationSettings {
  /**
   * Header that retries, rescues and hedges carry, and everything that serves them: whoever receives it should not try
   * again. `false` for none. @default 'fairlead-no-retry'
   */
  readonly noRetryHeader: string | false;
  /** Header that gets the attempt's number, counted from 1, failovers included; for example `'x-attempt'`. @default none */
  readonly attemptHeader?: string | undefined;
  /**
   * Header that gets the milliseconds that are left of the call's time, anew for every attempt; for example
   * `'x-request-timeout-ms'`. Under the name `'grpc-timeout'` it has gRPC's form. @default none
   */
  readonly deadlineHeader?: string | undefined;
}

/** One attempt, as far as it is told. */
export interface ToldAttempt {
  readonly number: number;
  /** It is one more than the caller asked for, or serves a request that is. */
  readonly isRepeat: boolean;
  readonly remainingMs: number;
}

/** What there is to tell goes into a copy; by default that is nothing for a first attempt. */
export function tell(options: DispatchOptions, attempt: ToldAttempt, settings: PropagationSettings): DispatchOptions {
  const { noRetryHeader, attemptHeader, deadlineHeader } = settings;
  const repeats = noRetryHeader !== false && attempt.isRepeat;
  if (!repeats && attemptHeader === undefined && deadlineHeader === undefined) return options;
  let { headers } = options;
  if (repeats) headers = setHeader(headers, noRetryHeader, '1');
  if (attemptHeader !== undefined) headers = setHeader(headers, attemptHeader, String(attempt.number));
  if (deadlineHeader !== undefined) headers = setHeader(headers, deadlineHeader, timeLeft(attempt, deadlineHeader));
  return Object.assign({}, options, { headers });
}

function timeLeft(attempt: ToldAttempt, deadlineHeader: string): string {
  const leftMs = Math.max(0, Math.floor(attempt.remainingMs));
  // Eight digits at most (gRPC over HTTP/2, "Timeout"); a call has a day, which fits.
  return deadlineHeader.toLowerCase() === 'grpc-timeout' ? `${leftMs}m` : String(leftMs);
}

/** What the headers of a received request say about it. */
export interface Told {
  readonly noRetry: boolean;
  /** Undefined when they name no time. */
  readonly remainingMs: number | undefined;
}

/** @param headers of a request that this process serves, in any form that Node or fetch give them */
export function toldBy(headers: unknown, { noRetryHeader, deadlineHeader }: PropagationSettings): Told {
  return {
    noRetry: noRetryHeader !== false && headerValue(headers, noRetryHeader.toLowerCase()) !== undefined,
    remainingMs:
      deadlineHeader === undefined ? undefined : durationOf(headerValue(headers, deadlineHeader.toLowerCase())),
  };
}

/** The units of gRPC's Timeout header, in milliseconds; a bare number is milliseconds. */
const UNIT_MS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6, '': 1 };

function durationOf(value: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,15})([HMSmun]?)$/.exec(value?.trim() ?? '') ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNIT_MS[unit ?? ''] as number);
}
