/** Credentials never follow a redirect to another service or host (DESIGN section 3). */

import type { DispatchOptions } from './transport/dispatcher-like.js';

/** As fetch has it (Fetch standard, "HTTP-redirect fetch"). In lower case. */
export const CREDENTIALS: readonly string[] = ['authorization', 'cookie', 'proxy-authorization'];

/** @param listed what the caller counts as credentials besides, in lower case */
export function withoutCredentials(options: DispatchOptions, listed: readonly string[]): DispatchOptions {
  const { headers } = options;
  // Fetch hands over a plain object in lower case; it has stripped most of this itself.
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) return options;
  const kept = Object.assign({}, headers) as Record<string, unknown>;
  for (const name of Object.keys(kept)) {
    const lower = name.toLowerCase();
    if (CREDENTIALS.includes(lower) || listed.includes(lower)) delete kept[name];
  }
  return Object.assign({}, options, { headers: kept });
}
