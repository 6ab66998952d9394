/**
 * What is under the prefix now, key by key. A range sets it, events change it, and every answer is the full set. Each
 * value is read once, when it comes.
 *
 * Two keys with the same endpoint are in order: a service that was restarted writes a new key, and its old one lives on
 * until the lease ends. The one that was written last counts.
 */

import type { Endpoint, EndpointInput } from '../../../core/endpoint.js';
import { describeError } from '../../../core/errors.js';
import { describeValue } from '../../../kit/option-error.js';
import { normalizeEndpoint } from '../../discovery/normalize-endpoint.js';
import { MAX_ENDPOINTS, type Refusal } from '../../discovery/read-answer.js';
import type { EtcdEvent, EtcdPair, EtcdPosition, RangeReply } from './etcd-messages.js';

/** More keys than any client should follow: as many as there may be endpoints. */
export const MAX_KEYS: number = MAX_ENDPOINTS;

/** Undefined: the key is no endpoint, and that is in order. */
export type ParseEtcdValue = (value: string, key: string) => EndpointInput | readonly EndpointInput[] | undefined;

export interface KeySpace {
  /** The newest state of etcd that this holds; undefined before the first range. */
  readonly position: EtcdPosition | undefined;
  /** How many keys there are. */
  readonly size: number;
  /** @throws Error for more keys, or more bytes, than may be */
  replace(reply: RangeReply): void;
  /** @throws Error as {@link replace} */
  apply(events: readonly EtcdEvent[], position: EtcdPosition): void;
  content(): { readonly endpoints: readonly Endpoint[]; readonly refused: readonly Refusal[] };
}

interface Entry {
  readonly endpoints: readonly Endpoint[];
  readonly refused: readonly Refusal[];
  readonly modRevision: bigint;
  /** Of key and value, in base64. */
  readonly bytes: number;
}

/** @param maxBytes of all keys and values together, in base64: events could add up to any amount */
export function createKeySpace(parse: ParseEtcdValue, maxBytes: number): KeySpace {
  const entries = new Map<string, Entry>();
  let bytes = 0;
  let position: EtcdPosition | undefined;

  function put(pair: EtcdPair): void {
    remove(pair.key);
    const entry = readEntry(pair, parse);
    entries.set(pair.key, entry);
    bytes += entry.bytes;
    if (entries.size > MAX_KEYS) throw new Error(`there are more than ${MAX_KEYS} keys under the prefix`);
    if (bytes > maxBytes) throw new RangeError(`the keys and values are larger than ${maxBytes} bytes`);
  }

  function remove(key: string): void {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  }

  return {
    get position() {
      return position;
    },
    get size() {
      return entries.size;
    },
    replace(reply) {
      entries.clear();
      bytes = 0;
      for (const pair of reply.pairs) put(pair);
      position = { clusterId: reply.clusterId, revision: reply.revision };
    },
    apply(events, { clusterId, revision }) {
      for (const event of events) {
        if (event.kind === 'put') put(event);
        else remove(event.key);
      }
      position = { clusterId, revision };
    },
    content() {
      const newest = new Map<string, { readonly endpoint: Endpoint; readonly modRevision: bigint }>();
      const refused: Refusal[] = [];
      for (const entry of entries.values()) {
        const { modRevision } = entry;
        refused.push(...entry.refused);
        for (const endpoint of entry.endpoints) {
          const other = newest.get(endpoint.id);
          if (other === undefined || other.modRevision < modRevision)
            newest.set(endpoint.id, { endpoint, modRevision });
        }
      }
      return { endpoints: [...newest.values()].map(({ endpoint }) => endpoint), refused };
    },
  };
}

function readEntry(pair: EtcdPair, parse: ParseEtcdValue): Entry {
  const key = textOf(pair.key);
  const endpoints: Endpoint[] = [];
  const refused: Refusal[] = [];
  const refuse = (reason: string): void => void refused.push({ input: describeValue(key), reason });
  try {
    const parsed = parse(textOf(pair.value), key) ?? [];
    for (const input of Array.isArray(parsed) ? (parsed as EndpointInput[]) : [parsed as EndpointInput]) {
      const endpoint = normalizeEndpoint(input);
      if (typeof endpoint === 'string') refuse(endpoint);
      else endpoints.push(endpoint);
    }
  } catch (error) {
    // One value that cannot be read must not cost the others.
    refuse(describeError(error));
  }
  return { endpoints, refused, modRevision: pair.modRevision, bytes: pair.key.length + pair.value.length };
}

function textOf(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
