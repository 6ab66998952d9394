/** Which options of retries a service and a call take, and within what bounds. */

import { arrayOf, object, offOr, type ObjectSchema } from '../kit/option-structures.js';
import { durationMs, func, number, oneOf, ratio, string, type Schema } from '../kit/option-schema.js';
import type { CallRetryOptions, PropagateOptions, RetryOptions } from './options.js';

/** A token (RFC 9110 §5.6.2) in upper case: methods are case-sensitive, and fetch sends the known ones so. */
const method: Schema<string> = string({
  expected: "a method in upper case such as 'GET'",
  accepts: (text) => /^[A-Z][A-Z0-9!#$%&'*+.^_`|~-]*$/.test(text),
});

/** Per call. The budget is the service's. */
export const callRetry: ObjectSchema<CallRetryOptions> = object<CallRetryOptions>({
  maxAttempts: number({ min: 1, max: 10, integer: true }),
  backoffBaseMs: durationMs(0, 60_000),
  backoffMaxMs: durationMs(0, 300_000),
  retryOn: arrayOf(oneOf(['status', 'overload', 'reset', 'timeout', 'protocol', 'connect'])),
  statuses: arrayOf(number({ min: 400, max: 599, integer: true })),
  methods: arrayOf(method),
  shouldRetry: func(),
  retryAfterMaxMs: durationMs(0, 300_000),
  replayBufferBytes: number({ min: 0, max: 67_108_864, integer: true }),
});

/** A field name (RFC 9110 §5.1). */
const headerName: Schema<string> = string({
  expected: "a header's name",
  accepts: (text) => /^[\w!#$%&'*+.^`|~-]+$/.test(text),
});

export const propagate: ObjectSchema<PropagateOptions> = object<PropagateOptions>({
  noRetryHeader: offOr(headerName),
  attemptHeader: headerName,
  deadlineHeader: headerName,
});

export const retry: ObjectSchema<RetryOptions> = object<RetryOptions>({
  ...callRetry.fields,
  budget: object<NonNullable<RetryOptions['budget']>>({
    ratio: ratio(),
    minPerSecond: number({ min: 0, max: 1_000 }),
    ttlMs: durationMs(1_000, 60_000),
  }),
});
