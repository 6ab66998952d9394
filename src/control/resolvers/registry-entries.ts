/** From a registry's body to endpoints, by the functions that the caller gave. */

import type { EndpointInput } from '../../core/endpoint.js';
import { parseHttpSd } from './http-sd.js';
import type { RegistryRequester } from './registry-request.js';

export interface EntryOptions {
  readonly parse: ((body: unknown, response: { readonly headers: Headers }) => readonly unknown[]) | undefined;
  readonly map: ((entry: unknown) => EndpointInput | undefined) | undefined;
  readonly maxEndpoints: number;
}

/** The result throws when the body has no entries, or too many. What an entry is worth is the reader's of answers to say. */
export function entryReader({ parse, map, maxEndpoints }: EntryOptions): RegistryRequester['parse'] {
  const read = parse ?? ((body: unknown): unknown => (map === undefined ? parseHttpSd(body, maxEndpoints) : body));
  return (body, response) => {
    const entries = read(body, response);
    // Callers' functions may give anything, whatever their types say.
    if (!Array.isArray(entries)) throw new Error(`${parse === undefined ? 'the body' : 'what parse gave'} is no array`);
    if (entries.length > maxEndpoints) {
      throw new Error(`the answer has ${entries.length} endpoints, more than ${maxEndpoints}`);
    }
    if (map === undefined) return entries as EndpointInput[];
    const endpoints: EndpointInput[] = [];
    for (const entry of entries) {
      const endpoint = map(entry);
      if (endpoint !== undefined) endpoints.push(endpoint);
    }
    return endpoints;
  };
}
