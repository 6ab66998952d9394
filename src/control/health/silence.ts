/**
 * Silence: the endpoint that hangs.
 *
 * A hung process, a dead machine behind a firewall or a lost route gives no errors to count, only waiting. A picker that
 * looks at load makes that worse to detect: the hung endpoint's attempts stay in flight, so it gets few more, and five
 * timeouts of ten seconds each, one after the other, take close to a minute. All that time every call that does go
 * there waits in vain.
 *
 * Yet the evidence is there after one. If an attempt waited to its end, and in all that time the endpoint gave no
 * response headers to any caller of this process, while its peers gave ten, then neither the network at our end nor our
 * own event loop was at fault, and it was not one slow request among quick ones. A slow endpoint that still answers
 * somebody is not silent, and when everybody is silent, nobody is: that is an outage, which ejection cannot mend.
 *
 * "Ten since then" is exact, not sampled: the times of the service's last ten answers are kept, and the oldest of them
 * says it. The silent endpoint cannot be among those that count, for it gave none.
 */

import type { FailureReason } from '../../core/outcome.js';

/**
 * Ten: at equal shares among two endpoints, ten answers from the other and none from this one is 1 in 1024.
 */
export const PEER_ANSWERS = 10;

/**
 * A wait shorter than this proves nothing: healthy processes pause that long for a collection or for cold code, and a
 * caller with a tight deadline waits hardly at all. Milliseconds.
 */
export const SHORTEST_SILENCE_MS = 500;

/** When the service answered, whoever of its endpoints it was. */
export interface AnswerLog {
  note(nowMs: number): void;
  /** Whether at least {@link PEER_ANSWERS} answers came after `sinceMs`. */
  busySince(sinceMs: number): boolean;
}

export function createAnswerLog(): AnswerLog {
  const atMs = new Float64Array(PEER_ANSWERS).fill(Number.NEGATIVE_INFINITY);
  let oldest = 0;
  return {
    note(nowMs) {
      atMs[oldest] = nowMs;
      oldest = (oldest + 1) % PEER_ANSWERS;
    },
    busySince: (sinceMs) => (atMs[oldest] as number) > sinceMs,
  };
}

/**
 * Whether a failed attempt shows a silent endpoint. A refused connection fails at once and is no silence; one that never
 * came up is.
 */
export function isSilence(
  reason: FailureReason,
  startedAtMs: number,
  nowMs: number,
  lastAnsweredAtMs: number,
  service: AnswerLog,
): boolean {
  return (
    (reason === 'timeout' || reason === 'connect') &&
    nowMs - startedAtMs >= SHORTEST_SILENCE_MS &&
    lastAnsweredAtMs < startedAtMs &&
    service.busySince(startedAtMs)
  );
}

export function silenceInWords(waitedMs: number): string {
  return `waited ${Math.round(waitedMs)} ms in vain; meanwhile it answered nobody and the others answered ${PEER_ANSWERS} times or more`;
}
