import type { CallInput } from './call-input.js';
import { headerValue } from './request-headers.js';
import type { ServiceRoute } from './service-route.js';
import type { DispatchOptions } from './transport/dispatcher-like.js';

/** The caller's key; or, where the service has a header for it, the request's. */
export function hashKeyOf(input: CallInput, route: ServiceRoute, options: DispatchOptions): string | undefined {
  if (route.hashHeader === undefined) return input.hashKey;
  return input.hashKey ?? headerValue(options.headers, route.hashHeader);
}
