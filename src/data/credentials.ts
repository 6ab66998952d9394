/** Credentials never follow a redirect to another host (DESIGN section 3). */

import type { DispatchOptions } from './transport/dispatcher-like.js';

const CREDENTIALS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

export function withoutCredentials(options: DispatchOptions): DispatchOptions {
  const { headers } = options;
  // Fetch hands over a plain object in lower case; it has stripped most of this itself.
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return options;
  const kept = Object.assign({}, headers) as Record<string, unknown>;
  for (const name of CREDENTIALS) delete kept[name];
  return Object.assign({}, options, { headers: kept });
}
