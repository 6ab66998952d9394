/**
 * One member of etcd, followed until it fails: the whole list, then a watch from the revision after it.
 *
 * A watch is easily blind. One that starts after a revision that etcd has not reached (it lost its data, or this member is
 * behind) is silent until then; one whose member hangs, or has been cut off, is silent for ever. So the first message is
 * compared with what is known, and silence is asked about (etcd-silence.ts). After any end the list is read again, also
 * where a watch could go on from the last revision: a restored etcd may have passed that one with other keys.
 */

import type { Clock } from '../../../core/clock.js';
import { linkSignal } from '../../../kit/link-signal.js';
import type { SnapshotPublisher } from '../snapshot-publisher.js';
import type { EtcdGateway } from './etcd-gateway.js';
import { dataLoss, readRangeReply, readWatchMessage, type RangeReply } from './etcd-messages.js';
import { createSilence } from './etcd-silence.js';
import { prefixRange } from './key-range.js';
import { MAX_KEYS, type KeySpace } from './key-space.js';

export interface SessionOptions {
  readonly gateway: EtcdGateway;
  readonly prefix: string;
  readonly serializable: boolean;
  readonly checkMs: number;
  readonly timeoutMs: number;
  readonly keys: KeySpace;
  readonly publisher: SnapshotPublisher;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** The list is read, and the watch stands; `check` asks the member now whether it still does. */
  onStanding(check: () => void): void;
  /** The list is not what came after the last one. */
  readonly reportError: (error: unknown) => void;
}

/**
 * Resolves when the stream ends without a failure: by itself, or because etcd has compacted what the watch was to tell.
 * @throws Error that says why the member can be followed no longer
 */
export async function followMember(options: SessionOptions): Promise<void> {
  const { gateway, keys, publisher } = options;
  try {
    const reply = await readList(options);
    const lost = dataLoss(keys.position, reply);
    if (lost !== undefined) options.reportError(new Error(`${gateway.address}: ${lost}`));
    keys.replace(reply);
    publisher.publish();
    await watch(options, reply.revision + 1n);
  } finally {
    // What comes next reads the list first, and publishes it.
    publisher.cancel();
  }
}

async function readList(options: SessionOptions): Promise<RangeReply> {
  const { keys, serializable, signal } = options;
  const reply = await range(options, { limit: String(MAX_KEYS + 1), serializable }, signal);
  // A member that is merely behind looks like one that has lost its data; the others know which it is.
  if (!serializable || dataLoss(keys.position, reply) === undefined) return reply;
  return range(options, { limit: String(MAX_KEYS + 1), serializable: false }, signal);
}

/** The fields of etcd's `RangeRequest` that are used beside the keys. */
interface RangeRequest {
  readonly serializable: boolean;
  readonly limit: string;
  readonly keys_only?: boolean;
  readonly min_mod_revision?: string;
}

function range({ gateway, prefix }: SessionOptions, request: RangeRequest, signal: AbortSignal): Promise<RangeReply> {
  const body = { ...prefixRange(prefix), ...request };
  return gateway.ask('/v3/kv/range', body, readRangeReply, { signal, needsLeader: !request.serializable });
}

async function watch(options: SessionOptions, startRevision: bigint): Promise<void> {
  const { gateway, prefix, serializable, keys, publisher, clock, checkMs, timeoutMs } = options;
  const controller = new AbortController();
  const { signal } = controller;
  const unlink = linkSignal(options.signal, (reason) => controller.abort(reason));
  const silence = createSilence({
    clock,
    signal,
    keys,
    address: gateway.address,
    timeoutMs,
    checkMs,
    changesSince({ revision }) {
      const request = { keys_only: true, min_mod_revision: String(revision + 1n), limit: '1', serializable };
      return range(options, request, signal);
    },
    onConfirmed: publisher.publish,
  });

  const onMessage = (received: unknown): void => {
    if (signal.aborted) return;
    const message = readWatchMessage(received);
    if (message.kind === 'compacted') {
      options.onStanding(silence.check);
      controller.abort();
      return;
    }
    const behind = dataLoss(keys.position, message);
    if (behind !== undefined) throw new Error(behind);
    silence.heard();
    if (message.created) options.onStanding(silence.check);
    keys.apply(message.events, message);
    if (message.events.length > 0 && !message.isFragment) publisher.publish();
  };

  const create = {
    ...prefixRange(prefix),
    start_revision: String(startRevision),
    progress_notify: true,
    // Rather several messages than one that is larger than anybody on the way takes.
    fragment: true,
  };
  const stream = gateway.follow('/v3/watch', { create_request: create }, signal, onMessage);
  try {
    await Promise.race([stream, silence.ended]);
  } catch (error) {
    // Its own end: of the client, or after a compaction.
    if (!signal.aborted) throw error;
  } finally {
    unlink();
    // Ends the other one, which may do so by an error that nobody waits for.
    controller.abort();
    stream.catch(() => {});
    silence.ended.catch(() => {});
  }
}
