/** One line of a watch: `{ "type": "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR", "object": … }`. */

import { describeValue, isPlainObject } from '../../../kit/option-error.js';
import { readMeta, readSlice, readVersion } from './endpoint-slice.js';
import { KubernetesFailure, statusCode, statusMessage } from './kubernetes-failure.js';
import type { SliceChange } from './slice-set.js';

export interface WatchEvent {
  /** Up to which the watch has told everything: where the next one goes on. */
  readonly version: string;
  /** Undefined for a bookmark, which tells nothing but how far the watch is. */
  readonly change: SliceChange | undefined;
}

/**
 * @throws KubernetesFailure for what the server reports as an error
 * @throws Error for anything that is no event
 */
export function readWatchEvent(message: unknown): WatchEvent {
  const { type, object } = (isPlainObject(message) ? message : {}) as { type?: unknown; object?: unknown };
  if (!isPlainObject(object)) throw new Error('the watch told of no object');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      return { version: readVersion(object), change: { kind: 'put', slice: readSlice(object) } };
    case 'DELETED': {
      const { name, version } = readMeta(object);
      return { version, change: { kind: 'delete', name } };
    }
    case 'BOOKMARK':
      return { version: readVersion(object), change: undefined };
    case 'ERROR':
      throw new KubernetesFailure(
        `the watch ended with an error: ${statusMessage(object) ?? 'it says nothing more'}`,
        statusCode(object) ?? 500,
      );
    default:
      throw new Error(`the watch told of the event ${describeValue(type)}`);
  }
}

/**
 * Whether `next` is from before `known`. Versions are opaque to clients but may be compared as numbers since Kubernetes 1.35
 * (KEP-5504), and have been numbers always. A watch that goes back is one of a cluster that was restored from a backup.
 */
export function goesBack(known: string, next: string): boolean {
  return /^\d+$/.test(known) && /^\d+$/.test(next) && BigInt(next) < BigInt(known);
}
