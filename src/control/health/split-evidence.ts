/**
 * Failures of local origin apart from those that the endpoint answered: the way to an endpoint breaks for other reasons
 * than its program, and may deserve less patience, or more. Each side has a row, a window and a verdict of its own, and
 * a refused connection neither lengthens nor ends a row of 503s. Whoever answers, however badly, has been reached: that
 * ends a row of refusals (Envoy `split_external_local_origin_errors`).
 */

import type { FailureReason } from '../../core/outcome.js';
import type { EjectionSettings } from './ejection-settings.js';
import { createFailureEvidence, type EvidenceSettings, type FailureEvidence } from './failure-evidence.js';

export type SplitSettings = EvidenceSettings & Pick<EjectionSettings, 'consecutiveLocalFailures'>;

export function createSplitEvidence(settings: SplitSettings): FailureEvidence {
  const external = createFailureEvidence(settings);
  const local = createFailureEvidence({ ...settings, consecutiveFailures: settings.consecutiveLocalFailures });

  return {
    get inARow() {
      return Math.max(external.inARow, local.inARow);
    },
    success(nowMs) {
      external.success(nowMs);
      local.success(nowMs);
    },
    failure(outcome, nowMs) {
      if (isLocalOrigin(outcome.reason)) {
        local.failure(outcome, nowMs);
      } else {
        external.failure(outcome, nowMs);
        local.success(nowMs);
      }
    },
    verdict(nowMs) {
      const reason = external.verdict(nowMs);
      if (reason !== undefined) return reason;
      const ofLocal = local.verdict(nowMs);
      if (ofLocal === undefined) return undefined;
      return ofLocal === 'consecutive-failures' ? 'consecutive-local-failures' : 'local-failure-ratio';
    },
    isFailing: (nowMs) => external.isFailing(nowMs) || local.isFailing(nowMs),
    inWords: (nowMs) => (external.verdict(nowMs) === undefined ? local : external).inWords(nowMs),
    clear() {
      external.clear();
      local.clear();
    },
  };
}

/** Whether no answer came: no connection, none in time, or one that broke off. */
export function isLocalOrigin(reason: FailureReason): boolean {
  return reason === 'connect' || reason === 'timeout' || reason === 'reset';
}
