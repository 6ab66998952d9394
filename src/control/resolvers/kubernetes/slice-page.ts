/** An `EndpointSliceList`, or a page of one. */

import { isPlainObject } from '../../../kit/option-error.js';
import { readSlice, readVersion, type EndpointSlice } from './endpoint-slice.js';

export interface SliceList {
  readonly slices: readonly EndpointSlice[];
  /** Of all pages alike; what changes after it, a watch from it tells. */
  readonly version: string;
}

export interface SlicePage extends SliceList {
  /** What the next page is asked for with; empty on the last one. */
  readonly continueToken: string;
}

/** @throws Error when it is no list of slices */
export function readSlicePage(body: unknown): SlicePage {
  if (!isPlainObject(body) || body['kind'] !== 'EndpointSliceList')
    throw new Error('the answer is no EndpointSliceList');
  const version = readVersion(body);
  // Go writes an empty list as null.
  const items: unknown = body['items'] ?? [];
  if (!Array.isArray(items)) throw new Error('the EndpointSliceList has no items');
  const token = (body['metadata'] as Record<string, unknown>)['continue'];
  return { version, slices: items.map(readSlice), continueToken: typeof token === 'string' ? token : '' };
}
