/**
 * From results to verdicts: what each settled attempt at an endpoint in use says for and against it and its peers. The
 * rules stand in files of their own; here they are asked in order, and the first that speaks names the reason. What
 * follows from a verdict, and whether anything may, is for outlier-ejection.ts to say.
 */

import type { Clock } from '../../core/clock.js';
import type { EjectionReason } from '../../core/events.js';
import type { Outcome } from '../../core/outcome.js';
import type { AttemptSample } from './attempt-sample.js';
import { createContrast, FEWEST_IN_A_ROW } from './contrast.js';
import type { EjectionSettings } from './ejection-settings.js';
import { createFailureEvidence, type FailureEvidence } from './failure-evidence.js';
import { isLate } from '../../kit/late-timeout.js';
import { createMassFailure, createPeer, type Peer } from './mass-failure.js';
import { createPeerComparison } from './peer-comparison.js';
import { createAnswerLog, isSilence, silenceInWords } from './silence.js';
import { createSplitEvidence } from './split-evidence.js';

/** What is known of one endpoint. */
export interface Judged {
  /** Made when first needed, as the evidence is: of a large service, one client uses few endpoints. */
  peer: Peer | undefined;
  evidence: FailureEvidence | undefined;
  lastAnsweredAtMs: number;
}

export interface AttemptJudge<T extends Judged> {
  /** Response headers arrived from one endpoint, whatever they said and whenever the attempt began. */
  answered(judged: T, nowMs: number): void;
  /** An attempt at an endpoint in use ended. */
  judge(judged: T, outcome: Outcome, sample: AttemptSample, nowMs: number): void;
  /** What was held against the endpoint counts no longer: it was ejected, or it left. */
  forget(judged: T): void;
  /** So many fail that nobody is an outlier. */
  isMassFailure(nowMs: number): boolean;
  close(): void;
}

export interface AttemptJudgeInput<T extends Judged> {
  readonly settings: EjectionSettings;
  readonly clock: Clock;
  /** Whether a verdict on this endpoint could have no effect now: then none is worded. The evidence stays. */
  readonly isPointless: (judged: T, nowMs: number) => boolean;
  readonly convict: (judged: T, reason: EjectionReason, detail: string) => void;
}

export function createAttemptJudge<T extends Judged>(input: AttemptJudgeInput<T>): AttemptJudge<T> {
  const { settings, clock, isPointless, convict } = input;
  const answers = createAnswerLog();
  const massFailure = createMassFailure(settings.windowMs);
  const contrast = createContrast(settings.windowMs);
  const comparison = createPeerComparison<T>({
    settings,
    clock,
    onOutlier(judged, reason, detail) {
      if (!isPointless(judged, clock.now())) convict(judged, reason, detail);
    },
  });
  /** Those with enough failures in a row to stand out, once the others have shown how they do. */
  const suspects = new Set<T>();

  function evidenceOf(judged: T): FailureEvidence {
    return (judged.evidence ??= settings.splitLocalOrigin
      ? createSplitEvidence(settings)
      : createFailureEvidence(settings));
  }

  /** A good answer of a peer is evidence too: it shows that failing is not what everybody does. */
  function review(suspect: T, nowMs: number): void {
    const inARow = suspect.evidence?.inARow ?? 0;
    if (inARow < FEWEST_IN_A_ROW) suspects.delete(suspect);
    else if (contrast.standsOut(inARow, nowMs) && !isPointless(suspect, nowMs))
      convict(suspect, 'contrast', contrast.inWords(inARow, nowMs));
  }

  function succeeded(judged: T, evidence: FailureEvidence, nowMs: number): void {
    evidence.success(nowMs);
    massFailure.note((judged.peer ??= createPeer()), evidence.isFailing(nowMs), nowMs);
    if (suspects.size === 0) return;
    suspects.delete(judged);
    for (const suspect of suspects) review(suspect, nowMs);
  }

  function failed(
    judged: T,
    evidence: FailureEvidence,
    outcome: Outcome & { kind: 'failure' },
    { startedAtMs }: AttemptSample,
    nowMs: number,
  ): void {
    evidence.failure(outcome, nowMs);
    massFailure.note((judged.peer ??= createPeer()), evidence.isFailing(nowMs), nowMs);
    const reason = evidence.verdict(nowMs);
    const silent =
      reason === undefined &&
      settings.silence &&
      isSilence(outcome.reason, startedAtMs, nowMs, judged.lastAnsweredAtMs, answers);
    if (reason === undefined && !silent) {
      if (!settings.contrast || evidence.inARow < FEWEST_IN_A_ROW) return;
      suspects.add(judged);
      review(judged, nowMs);
    } else if (!isPointless(judged, nowMs)) {
      convict(judged, reason ?? 'silence', silent ? silenceInWords(nowMs - startedAtMs) : evidence.inWords(nowMs));
    }
  }

  return {
    answered(judged, nowMs) {
      judged.lastAnsweredAtMs = nowMs;
      answers.note(nowMs);
    },
    judge(judged, outcome, sample, nowMs) {
      if (outcome.kind === 'ignored' || outcome.kind === 'overload' || isLate(outcome, sample, nowMs)) return;
      contrast.note(outcome.kind === 'success', nowMs);
      comparison?.note(judged, outcome, sample.answered ? sample.latencyMs : undefined);
      const evidence = evidenceOf(judged);
      if (outcome.kind === 'success') succeeded(judged, evidence, nowMs);
      else failed(judged, evidence, outcome, sample, nowMs);
    },
    forget(judged) {
      judged.evidence?.clear();
      suspects.delete(judged);
      if (judged.peer !== undefined) massFailure.forget(judged.peer);
      comparison?.forget(judged);
    },
    isMassFailure: (nowMs) => massFailure.isOn(nowMs),
    close() {
      comparison?.close();
      suspects.clear();
    },
  };
}
