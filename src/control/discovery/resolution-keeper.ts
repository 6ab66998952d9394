/**
 * What is known about one service, as answers and failures come in.
 *
 * Guarantees: a failure never looks like an empty answer; the last good set is served while asking fails, until it is
 * `staleMs` old; doubtful answers wait (answer-guard.ts); an answer that changes nothing keeps the identity of the
 * endpoints array; whoever listens hears each change once, in order.
 */

import type { Clock } from '../../core/clock.js';
import { UNKNOWN_RESOLUTION, type Resolution } from '../../core/resolution.js';
import { holdEndsAtMs, judgeAnswer, noteFailure, NOTHING_APPLIED } from './answer-guard.js';
import type { CacheSettings } from './cache-settings.js';
import type { CheckedAnswer, Refusal } from './read-answer.js';
import { keepKnown, knownFrom, NOBODY_KNOWN, type Known } from './same-endpoints.js';
import type { SessionSink } from './session.js';

export interface ResolutionListeners {
  /** The status, the endpoints, what is held, or whether asking fails has changed. */
  onChange(resolution: Resolution): void;
  /** Discovery answered with `count` usable endpoints, or such an answer was held long enough; `resolution` says what came of it. */
  onAnswer?(resolution: Resolution, count: number): void;
  /** Discovery could not be asked, or not for so long that what was known is too old. */
  onError?(error: unknown, resolution: Resolution): void;
  /** Inputs were left out of an answer; said once until they change. */
  onRefused?(refused: readonly Refusal[]): void;
}

export interface ResolutionKeeper extends SessionSink {
  readonly current: () => Resolution;
  /** Takes over what was known before, for example from disk; before any answer. */
  begin(initial: Resolution): void;
  /** Drops what is timed; nothing is heard from it again. */
  close(): void;
}

export interface KeeperOptions extends ResolutionListeners {
  readonly settings: CacheSettings;
  readonly clock: Clock;
}

export function createResolutionKeeper(options: KeeperOptions): ResolutionKeeper {
  const { settings, clock } = options;
  let current = UNKNOWN_RESOLUTION;
  /** The endpoints of `current`. */
  let known: Known = NOBODY_KNOWN;
  let guard = NOTHING_APPLIED;
  let reported: readonly Refusal[] = [];
  /** At most one: for the end of the grace while answers come, for the end of staleness while they do not. */
  let timer: Disposable | undefined;
  let closed = false;

  function change(next: Partial<Resolution>): void {
    const before = current;
    current = Object.freeze({ ...before, ...next });
    const failing = (resolution: Resolution): boolean => resolution.failingSinceMs !== undefined;
    const same =
      before.status === current.status &&
      before.endpoints === current.endpoints &&
      before.held === current.held &&
      failing(before) === failing(current);
    if (!same) options.onChange(current);
  }

  function setTimer(atMs: number | undefined, callback: () => void = () => {}): void {
    timer?.[Symbol.dispose]();
    timer = atMs === undefined || closed ? undefined : clock.setTimer(callback, Math.max(0, atMs - clock.now()));
  }

  function apply(answer: CheckedAnswer, answeredAtMs: number): void {
    known = answer.endpoints.length === 0 ? NOBODY_KNOWN : keepKnown(known, answer.known);
    const kept = known.list;
    guard = { applied: kept.length, hold: undefined };
    setTimer(undefined);
    change({
      status: kept.length === 0 ? 'none' : 'found',
      endpoints: kept,
      answeredAtMs,
      error: undefined,
      failingSinceMs: undefined,
      held: undefined,
      restored: false,
    });
  }

  function hold(answer: CheckedAnswer, nowMs: number): void {
    setTimer(holdEndsAtMs(guard, settings), () => {
      apply(answer, nowMs);
      options.onAnswer?.(current, answer.endpoints.length);
    });
    change({ error: undefined, failingSinceMs: undefined, held: guard.hold?.kind });
  }

  function fail(error: unknown, failingSinceMs: number): void {
    guard = NOTHING_APPLIED;
    known = NOBODY_KNOWN;
    setTimer(undefined);
    change({ status: 'failed', endpoints: NOBODY_KNOWN.list, error, failingSinceMs, held: undefined, restored: false });
  }

  function reportRefused(refused: readonly Refusal[]): void {
    const before = reported;
    reported = refused;
    const same =
      refused.length === before.length &&
      refused.every(({ input, reason }, i) => input === before[i]?.input && reason === before[i].reason);
    if (!same && refused.length > 0) options.onRefused?.(refused);
  }

  return {
    current: () => current,
    known: () => known,
    begin(initial) {
      known = knownFrom(initial.endpoints);
      guard = { applied: initial.endpoints.length, hold: undefined };
      change(initial);
    },
    answer(answer) {
      if (closed) return;
      const nowMs = clock.now();
      const count = answer.endpoints.length;
      const verdict = judgeAnswer(guard, { count, authoritative: answer.authoritative }, nowMs, settings);
      guard = verdict.state;
      reportRefused(answer.refused);
      if (verdict.apply) apply(answer, nowMs);
      else hold(answer, nowMs);
      if (!closed) options.onAnswer?.(current, count);
    },
    failure(reason) {
      if (closed) return;
      const nowMs = clock.now();
      const error = reason ?? new Error('the resolver failed without saying why');
      guard = noteFailure(guard);
      const failingSinceMs = current.failingSinceMs ?? nowMs;
      const staleUntilMs = current.status === 'found' ? (current.answeredAtMs ?? nowMs) + settings.staleMs : nowMs;
      if (nowMs < staleUntilMs) {
        change({ error, failingSinceMs });
        setTimer(staleUntilMs, () => {
          fail(error, failingSinceMs);
          options.onError?.(error, current);
        });
      } else fail(error, failingSinceMs);
      if (!closed) options.onError?.(error, current);
    },
    close() {
      closed = true;
      setTimer(undefined);
    },
  };
}
