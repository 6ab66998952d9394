/**
 * Outlier ejection: takes an endpoint out of use when what callers see of it is clearly worse than what they see of its
 * peers, and lets it back by a single probe. It is passive: it costs no request of its own. What counts as clearly worse
 * is for attempt-judge.ts and the rules that it asks.
 *
 * An endpoint is `healthy`, `ejected` for the length of its sentence, then `probing`: one attempt at a time is let
 * through, and its outcome decides. Guarantees, after every operation:
 * - no more endpoints are out than `maxEjectedRatio` allows, and never the last one. A service that shrinks below that
 *   brings nobody back early, it only blocks the next ejection;
 * - an attempt that started before its endpoint was ejected or came back changes nothing after that: its evidence is
 *   older than the verdict;
 * - while most of the service is failing (mass-failure.ts), nobody is ejected for it;
 * - timeouts that fired late are not held against the endpoint: answers may have waited, unread, behind the same stall;
 * - an endpoint that left and came back starts clean; `close` leaves no timer.
 *
 * Blocked evidence stays: when the cap or the storm is over, the next failure of an endpoint that still fails ejects it.
 */

import type { Clock } from '../../core/clock.js';
import type { EjectionReason } from '../../core/events.js';
import type { Outcome } from '../../core/outcome.js';
import type { Random } from '../../core/random.js';
import { createAttemptJudge, type Judged } from './attempt-judge.js';
import type { AttemptSample } from './attempt-sample.js';
import { maxEjected } from './ejection-cap.js';
import { HEALTHY, type EjectInfo, type EjectionState, type UnejectInfo } from './ejection-state.js';
import type { EjectionSettings } from './ejection-settings.js';
import { failureInWords } from './failure-evidence.js';
import { isLate } from '../../kit/late-timeout.js';
import { createSentence, type Sentence } from './sentence.js';

export interface OutlierEjection {
  /** The endpoints of the service now. Who left is forgotten, who is new starts clean. Does not call `onChange`. */
  setMembers(ids: readonly string[]): void;
  /** Once for every settled attempt. Unknown endpoints and ignored outcomes count for nothing. */
  record(id: string, outcome: Outcome, sample: AttemptSample): void;
  /** Response headers arrived. Worth calling when attempts settle much later than that (long bodies): it is a sign of life. */
  heard(id: string, nowMs?: number): void;
  /** Unknown endpoints are healthy. */
  state(id: string): EjectionState;
  /** Endpoints in `probing` whose probe is not under way. */
  probesReady(): readonly string[];
  /** True for one caller: it must send an attempt there and `record` it with `probe: true`. */
  takeProbe(id: string): boolean;
  /** Brings an endpoint back at once, whatever its sentence: a check found it well. */
  pardon(id: string): void;
  /** How many are out of use: ejected or probing. */
  readonly ejectedCount: number;
  /** Drops all state and every timer; later calls do nothing. Idempotent. */
  close(): void;
}

export interface OutlierEjectionOptions {
  readonly settings: EjectionSettings;
  readonly clock: Clock;
  readonly random: Random;
  onEject(info: EjectInfo): void;
  onUneject(info: UnejectInfo): void;
  /** A state changed: eligibility must be judged again. */
  onChange(): void;
}

type Phase =
  | { readonly kind: 'healthy' }
  | { readonly kind: 'ejected'; readonly state: EjectionState; readonly timer: Disposable }
  | { readonly kind: 'probing'; readonly sinceMs: number; takenAtMs: number | undefined };

interface Member extends Judged {
  readonly id: string;
  /** Of the last set that named it. */
  setNumber: number;
  /** Made when first needed, as few are ever ejected. */
  sentence: Sentence | undefined;
  phase: Phase;
  /** Attempts that started before this count for nothing. */
  countsFromMs: number;
}

const IN_USE: Phase = Object.freeze({ kind: 'healthy' });

export function createOutlierEjection(options: OutlierEjectionOptions): OutlierEjection {
  const { settings, clock, random } = options;
  const members = new Map<string, Member>();
  const judge = createAttemptJudge<Member>({
    settings,
    clock,
    isPointless: (member, now) => member.phase.kind !== 'healthy' || isHeldBack(now),
    convict: settings.detectOnly ? tell : eject,
  });
  let ejectedCount = 0;
  let setNumber = 0;
  let closed = false;

  function join(id: string): Member {
    return {
      id,
      setNumber,
      peer: undefined,
      evidence: undefined,
      sentence: undefined,
      phase: IN_USE,
      countsFromMs: clock.now(),
      lastAnsweredAtMs: Number.NEGATIVE_INFINITY,
    };
  }

  function leave(member: Member): void {
    judge.forget(member);
    if (member.phase.kind === 'healthy') return;
    if (member.phase.kind === 'ejected') member.phase.timer[Symbol.dispose]();
    member.phase = IN_USE;
    ejectedCount--;
    if (!closed) options.onUneject({ id: member.id, by: 'removal' });
  }

  function eject(member: Member, reason: EjectionReason, detail: string): void {
    const now = clock.now();
    const again = member.phase.kind !== 'healthy';
    if (!again) ejectedCount++;
    const sentence = (member.sentence ??= createSentence(settings, random));
    // An outage of the service is not the endpoint's own relapse: a sentence that grew with it would outlast it.
    const durationMs = again && judge.isMassFailure(now) ? sentence.repeat() : sentence.next(now);
    const times = sentence.times(now);
    const untilMs = now + durationMs;
    const timer = clock.setTimer(() => offerProbe(member), durationMs);
    member.phase = {
      kind: 'ejected',
      state: Object.freeze({ kind: 'ejected', untilMs, reason, times, detail }),
      timer,
    };
    member.countsFromMs = now;
    judge.forget(member);
    options.onEject({ id: member.id, reason, detail, durationMs, untilMs, times, enforced: true });
    options.onChange();
  }

  /** Of a verdict that has no effect. The evidence starts anew, or each further failure would be told (Envoy resets its counter, too). */
  function tell(member: Member, reason: EjectionReason, detail: string): void {
    judge.forget(member);
    options.onEject({ id: member.id, reason, detail, durationMs: 0, untilMs: clock.now(), times: 0, enforced: false });
  }

  function offerProbe(member: Member): void {
    member.phase = { kind: 'probing', sinceMs: clock.now(), takenAtMs: undefined };
    options.onChange();
  }

  function bringBack(member: Member, by: 'probe' | 'health-check' = 'probe'): void {
    if (member.phase.kind === 'ejected') member.phase.timer[Symbol.dispose]();
    const now = clock.now();
    member.phase = IN_USE;
    member.countsFromMs = now;
    member.sentence?.served(now);
    ejectedCount--;
    options.onUneject({ id: member.id, by });
    options.onChange();
  }

  function recordProbing(
    member: Member,
    phase: Phase & { kind: 'probing' },
    outcome: Outcome,
    sample: AttemptSample,
    now: number,
  ): void {
    if (!sample.probe) {
      // In panic the endpoint is used without probes. That it answers well now is what a probe would have shown; that
      // one of many such attempts fails must not lengthen its sentence.
      if (outcome.kind === 'success' && sample.startedAtMs >= phase.sinceMs) bringBack(member);
      return;
    }
    phase.takenAtMs = undefined;
    if (outcome.kind === 'ignored' || isLate(outcome, sample, now)) return;
    if (outcome.kind === 'success') {
      bringBack(member);
      return;
    }
    eject(member, 'probe-failed', `the probe ended in ${failureInWords(outcome)}`);
  }

  function isHeldBack(now: number): boolean {
    return ejectedCount >= maxEjected(members.size, settings.maxEjectedRatio) || judge.isMassFailure(now);
  }

  function probeInFlight(phase: Phase & { kind: 'probing' }): boolean {
    return phase.takenAtMs !== undefined && clock.now() - phase.takenAtMs < settings.probeTimeoutMs;
  }

  return {
    setMembers(ids) {
      if (closed) return;
      setNumber++;
      let named = 0;
      for (const id of ids) {
        const member = members.get(id);
        if (member?.setNumber === setNumber) continue;
        named++;
        if (member === undefined) members.set(id, join(id));
        else member.setNumber = setNumber;
      }
      if (named === members.size) return;
      for (const member of members.values()) {
        if (member.setNumber === setNumber) continue;
        members.delete(member.id);
        leave(member);
      }
    },
    record(id, outcome, sample) {
      const member = members.get(id);
      if (member === undefined) return;
      const now = sample.endedAtMs ?? clock.now();
      if (sample.answered) judge.answered(member, now);
      if (sample.startedAtMs < member.countsFromMs) return;
      const { phase } = member;
      if (phase.kind === 'healthy') judge.judge(member, outcome, sample, now);
      else if (phase.kind === 'probing') recordProbing(member, phase, outcome, sample, now);
    },
    heard(id, nowMs = clock.now()) {
      const member = members.get(id);
      if (member !== undefined) member.lastAnsweredAtMs = nowMs;
    },
    state(id) {
      const phase = members.get(id)?.phase ?? IN_USE;
      if (phase.kind === 'ejected') return phase.state;
      if (phase.kind === 'probing') {
        return { kind: 'probing', sinceMs: phase.sinceMs, inFlight: probeInFlight(phase) };
      }
      return HEALTHY;
    },
    probesReady() {
      const ready: string[] = [];
      if (ejectedCount === 0) return ready;
      for (const { id, phase } of members.values())
        if (phase.kind === 'probing' && !probeInFlight(phase)) ready.push(id);
      return ready;
    },
    takeProbe(id) {
      const member = members.get(id);
      if (member?.phase.kind !== 'probing' || probeInFlight(member.phase)) return false;
      const now = clock.now();
      // A probe that was given up on must not speak for the one that takes its place. That one may have read its start
      // a moment before now; between the two lies the whole `probeTimeoutMs`.
      const { takenAtMs } = member.phase;
      if (takenAtMs !== undefined) member.countsFromMs = (takenAtMs + now) / 2;
      member.phase.takenAtMs = now;
      return true;
    },
    pardon(id) {
      const member = members.get(id);
      if (member !== undefined && member.phase.kind !== 'healthy') bringBack(member, 'health-check');
    },
    get ejectedCount() {
      return ejectedCount;
    },
    close() {
      closed = true;
      for (const member of members.values()) leave(member);
      members.clear();
      judge.close();
    },
  };
}
