/**
 * A stalled event loop ejects nobody. While this process computes or collects, answers wait unread in their sockets;
 * when it wakes, timers run before sockets, so every attempt in flight times out at once although its answer is there.
 * The delay of the timer itself shows it: a timeout that fired late says nothing about the endpoint.
 */

import type { Outcome } from '../../core/outcome.js';
import type { AttemptSample } from './attempt-sample.js';

/** A stall that long could hide any answer, however long the timeout. Milliseconds. */
const LONGEST_EXCUSED_MS = 500;

/** Late by more than half a second, or by more than the wait that was asked for. */
export function isLate(outcome: Outcome, sample: AttemptSample, nowMs: number): boolean {
  if (outcome.kind !== 'failure' || (outcome.reason !== 'timeout' && outcome.reason !== 'connect')) return false;
  const lateMs = sample.lateMs ?? 0;
  const askedMs = nowMs - sample.startedAtMs - lateMs;
  return lateMs > LONGEST_EXCUSED_MS || lateMs > Math.max(0, askedMs);
}
