/**
 * A watch that says nothing: nothing has changed, or nobody is there any more, or it has gone blind. etcd's own notice
 * of progress comes every ten minutes, so after some silence the member is asked. The answer shows that it lives, that
 * it has a leader, that its history has not gone back, and whether it has written or deleted keys that the watch has
 * not told of: something in between may have dropped the stream and go on forwarding questions.
 */

import type { Clock } from '../../../core/clock.js';
import { pause } from '../../../kit/pause.js';
import { dataLoss, type EtcdPosition, type RangeReply } from './etcd-messages.js';
import type { KeySpace } from './key-space.js';

export interface Silence {
  /** Rejects when the watch is not to be relied on; resolves when the signal aborts. */
  readonly ended: Promise<void>;
  /** Something came from the member. */
  heard(): void;
  /** Asks now. */
  readonly check: () => void;
}

export interface SilenceOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly keys: KeySpace;
  /** Of the member, for messages. */
  readonly address: string;
  /** For the first message. */
  readonly timeoutMs: number;
  readonly checkMs: number;
  /** Asks for the number of all keys, and for those that were written after `position`. */
  changesSince(position: EtcdPosition): Promise<RangeReply>;
  /** The member has just confirmed what is known. */
  onConfirmed(): void;
}

/** A change may be on its way while the answer that shows it is here already. Not for so long. */
const ON_ITS_WAY_MS = 1_000;

export function createSilence(options: SilenceOptions): Silence {
  const { clock, signal, keys, timeoutMs, checkMs } = options;
  let messages = 0;
  let dueMs = clock.now() + timeoutMs;
  /** The last answer showed a change that the watch has not told of since. */
  let isBehind = false;
  let wake = new AbortController();

  async function untilBroken(): Promise<void> {
    while (!signal.aborted) {
      wake = new AbortController();
      await pause(clock, dueMs - clock.now(), signal, wake.signal);
      if (signal.aborted) return;
      if (clock.now() < dueMs) continue;
      if (messages === 0) throw broken(`no watch within ${timeoutMs} ms`);
      await review();
    }
  }

  function broken(reason: string): Error {
    return new Error(`${options.address}: ${reason}`);
  }

  async function review(): Promise<void> {
    const known = keys.position as EtcdPosition;
    const messagesBefore = messages;
    const reply = await options.changesSince(known);
    const lost = dataLoss(known, reply);
    if (lost !== undefined) throw broken(lost);
    // Told of something meanwhile, the watch is well, and the answer may be older than what is known.
    if (messages !== messagesBefore) return;
    if (reply.pairs.length === 0 && reply.count === keys.size) {
      isBehind = false;
      dueMs = clock.now() + checkMs;
      options.onConfirmed();
    } else if (isBehind) {
      throw broken(`the watch has gone blind: it tells of ${keys.size} keys, and etcd has ${reply.count}`);
    } else {
      isBehind = true;
      dueMs = clock.now() + Math.min(checkMs, ON_ITS_WAY_MS);
    }
  }

  return {
    ended: untilBroken(),
    heard() {
      const isFirst = messages++ === 0;
      isBehind = false;
      dueMs = clock.now() + checkMs;
      // What is waited for now may be earlier than the end of the time for the first message.
      if (isFirst) wake.abort();
    },
    check() {
      if (messages === 0) return;
      dueMs = clock.now();
      wake.abort();
    },
  };
}
