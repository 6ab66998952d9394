/** Which options a single call takes, in `init.fairlead`. Checked with every call that has any. */

import { object, offOr } from '../kit/option-structures.js';
import { any, boolean, durationMs, func, string, type Schema } from '../kit/option-schema.js';
import type { CallOptions, InboundHeaders } from './options.js';
import { callRetry } from './retry-schema.js';

const DAY_MS = 86_400_000;

export const callSchema: Schema<CallOptions> = object<CallOptions>({
  idempotent: boolean(),
  timeoutMs: durationMs(1, DAY_MS),
  attemptTimeoutMs: durationMs(1, DAY_MS),
  retry: offOr(callRetry),
  body: func(),
  hedge: any<false>('false', (value) => value === false),
  inbound: any<InboundHeaders>('the headers of a request', (value) => typeof value === 'object' && value !== null),
  hashKey: string(),
});
