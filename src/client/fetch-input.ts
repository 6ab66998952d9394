/** What callers hand to `client.fetch`, read as fetch reads it. */

import type { CallOptions } from './options.js';

export type FetchInput = string | URL | Request;
export type FetchInit = RequestInit & { readonly fairlead?: CallOptions };

/** Host, path and all of what is asked for, as fetch will read it. */
export function inputUrl(input: FetchInput): string {
  if (typeof input === 'string') return input;
  const isObject = typeof input === 'object' && input !== null;
  return isObject && 'url' in input && typeof input.url === 'string' ? input.url : asText(input);
}

export function asText(value: unknown): string {
  // Whatever it is: a plain object becomes '[object Object]', as for fetch.
  return String(value);
}

/** By what it can do: old libraries bring one of their own. */
export function isSignal(value: unknown): value is AbortSignal {
  return typeof value === 'object' && value !== null && 'aborted' in value && 'addEventListener' in value;
}

export function isRequest(input: FetchInput): input is Request {
  return typeof input === 'object' && 'url' in input;
}
