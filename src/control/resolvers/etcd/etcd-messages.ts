/**
 * The messages of etcd's JSON gateway as far as they are needed, read strictly: protocol buffers in JSON, where 64-bit
 * integers are strings, bytes are base64, and a field that is zero or empty is left out.
 */

import { isPlainObject } from '../../../kit/option-error.js';
import { EtcdFailure, excerpt, readFailure } from './etcd-failure.js';

/** Where an answer comes from: which cluster, and when in its history. */
export interface EtcdPosition {
  readonly clusterId: string;
  /** Grows with every write to the cluster, to whatever key. */
  readonly revision: bigint;
}

export interface EtcdPair {
  /** base64 */
  readonly key: string;
  /** base64 */
  readonly value: string;
  /** Of the last write to this key. */
  readonly modRevision: bigint;
}

export interface RangeReply extends EtcdPosition {
  readonly pairs: readonly EtcdPair[];
  /** Of all keys in the range, also of those that were not asked for. */
  readonly count: number;
}

export type EtcdEvent = ({ readonly kind: 'put' } & EtcdPair) | { readonly kind: 'delete'; readonly key: string };

/** `compacted`: the changes that were asked for are forgotten, so the list has to be read again. */
export type WatchMessage = ({ readonly kind: 'changes' } & WatchChanges) | { readonly kind: 'compacted' };

export interface WatchChanges extends EtcdPosition {
  /** The watch stands: sent once, first. */
  readonly created: boolean;
  /** None: a sign of life, or of progress. */
  readonly events: readonly EtcdEvent[];
  /** More events of the same change are in the next message. */
  readonly isFragment: boolean;
}

/** @throws Error when it is none */
export function readRangeReply(body: unknown): RangeReply {
  if (!isPlainObject(body)) throw unexpected('range');
  const { kvs = [], count } = body;
  if (!Array.isArray(kvs)) throw unexpected('range');
  return { ...readPosition(body), pairs: kvs.map(readPair), count: Number(readInteger(count)) };
}

/**
 * @throws EtcdFailure when it says that the watch has failed or was ended
 * @throws Error when it is no message of a watch
 */
export function readWatchMessage(message: unknown): WatchMessage {
  const result = isPlainObject(message) ? message['result'] : undefined;
  if (!isPlainObject(result)) throw readFailure(message) ?? unexpected('watch');
  const { created, canceled, compact_revision: compacted, cancel_reason: reason, fragment, events = [] } = result;
  if (canceled === true) {
    if (readInteger(compacted) > 0n) return { kind: 'compacted' };
    throw new EtcdFailure(typeof reason === 'string' ? excerpt(reason) : 'etcd ended the watch');
  }
  if (!Array.isArray(events)) throw unexpected('watch');
  return {
    kind: 'changes',
    ...readPosition(result),
    created: created === true,
    events: events.map(readEvent),
    isFragment: fragment === true,
  };
}

/** Why `now` cannot come after `known` in the life of one cluster; undefined when it can. */
export function dataLoss(known: EtcdPosition | undefined, now: EtcdPosition): string | undefined {
  if (known === undefined) return undefined;
  if (now.clusterId !== known.clusterId) return `this is another cluster (${now.clusterId}) than before`;
  if (now.revision >= known.revision) return undefined;
  const fact = `etcd is at revision ${now.revision} and was at ${known.revision}`;
  return `${fact}: it has lost its data, or this member is behind`;
}

function readEvent(event: unknown): EtcdEvent {
  if (!isPlainObject(event)) throw unexpected('watch');
  const pair = readPair(event['kv']);
  const { type = 'PUT' } = event;
  if (type === 'DELETE') return { kind: 'delete', key: pair.key };
  if (type !== 'PUT') throw unexpected('watch');
  return { kind: 'put', ...pair };
}

function readPair(pair: unknown): EtcdPair {
  const { key, value = '', mod_revision: modRevision } = isPlainObject(pair) ? pair : {};
  if (typeof key !== 'string' || typeof value !== 'string') {
    throw new Error('a key or value in the answer is no base64');
  }
  return { key, value, modRevision: readInteger(modRevision) };
}

function readPosition({ header }: Record<string, unknown>): EtcdPosition {
  if (!isPlainObject(header)) throw new Error('the answer has no header: is this etcd?');
  return { clusterId: String(readInteger(header['cluster_id'])), revision: readInteger(header['revision']) };
}

/** Left out when it is zero. */
function readInteger(value: unknown): bigint {
  const text = typeof value === 'number' ? String(value) : (value ?? '0');
  if (typeof text !== 'string' || !/^\d{1,20}$/.test(text)) throw new Error('an integer in the answer is none');
  return BigInt(text);
}

function unexpected(kind: string): Error {
  return new Error(`the answer is not what etcd sends to a ${kind}`);
}
