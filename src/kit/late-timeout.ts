/**
 * A stalled event loop ejects nobody and opens no breaker. While this process computes or collects, answers wait unread in their sockets;
 * when it wakes, timers run before sockets, so every attempt in flight times out at once although its answer is there.
 * The delay of the timer itself shows it: a timeout that fired late says nothing about the endpoint.
 */

import type { Outcome } from '../core/outcome.js';

/** An attempt that has ended. */
export interface TimedAttempt {
  /** Clock time. */
  readonly startedAtMs: number;
  /** By how much its timer fired late, in milliseconds. @default 0 */
  readonly lateMs?: number;
}

/** A stall that long could hide any answer, however long the timeout. Milliseconds. */
const LONGEST_EXCUSED_MS = 500;

/** Late by more than half a second, or by more than the wait that was asked for. */
export function isLate(outcome: Outcome, { startedAtMs, lateMs = 0 }: TimedAttempt, nowMs: number): boolean {
  if (outcome.kind !== 'failure' || (outcome.reason !== 'timeout' && outcome.reason !== 'connect')) return false;
  const askedMs = nowMs - startedAtMs - lateMs;
  return lateMs > LONGEST_EXCUSED_MS || lateMs > Math.max(0, askedMs);
}
