/** What a source says beside the address, for people, metrics and a few policies: text by key. */

import type { Endpoint } from '../../core/endpoint.js';
import { describeValue } from '../../kit/option-error.js';
import { Refused } from './endpoint-fields.js';

/** What is too much is dropped, without costing the endpoint. */
const MAX_ENTRIES = 64;
const MAX_KEY_LENGTH = 255;
const MAX_VALUE_LENGTH = 1_024;

/**
 * Nothing is inherited by it, so that looking up any key finds what the source said, or nothing. Made by a constructor and
 * not by Object.create(null), which makes a hash table of each: ten thousand of those are a pause for the collector.
 */
class Metadata {
  [key: string]: string;
}
Object.setPrototypeOf(Metadata.prototype, null);
delete (Metadata.prototype as { constructor?: unknown }).constructor;
Object.freeze(Metadata.prototype);

/** Of whoever says nothing. */
export const NO_METADATA: Endpoint['metadata'] = Object.freeze(new Metadata());

/** @throws Refused for what is no object */
export function metadataOf(value: unknown): Endpoint['metadata'] {
  if (value === undefined) return NO_METADATA;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Refused(`metadata must be an object of strings, got ${describeValue(value)}`);
  }
  const metadata = new Metadata();
  let entries = 0;
  for (const key of Object.keys(value)) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (typeof item !== 'string' || item.length > MAX_VALUE_LENGTH) continue;
    if (key.length > MAX_KEY_LENGTH) continue;
    if (++entries > MAX_ENTRIES) break;
    metadata[key] = item;
  }
  return Object.freeze(metadata);
}
