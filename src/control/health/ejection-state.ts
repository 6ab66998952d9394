/** Where one endpoint stands between use and ejection, and what is told about the way there. */

import type { EjectionReason } from '../../core/events.js';
import type { UnhealthyState } from './health-checks.js';

/** With active checks, `unhealthy` comes before what ejection says. */
export type HealthState = EjectionState | UnhealthyState;

export type EjectionState =
  | { readonly kind: 'healthy' }
  | {
      readonly kind: 'ejected';
      /** Clock time at which the sentence ends and a probe may go. */
      readonly untilMs: number;
      readonly reason: EjectionReason;
      /** Which sentence it is: ejections so far, less what time has forgiven. */
      readonly times: number;
      /** The evidence in words. */
      readonly detail: string;
    }
  | {
      readonly kind: 'probing';
      /** Clock time at which the sentence ended. */
      readonly sinceMs: number;
      /** Whether its one probe is under way. */
      readonly inFlight: boolean;
    };

export interface EjectInfo {
  readonly id: string;
  readonly reason: EjectionReason;
  readonly detail: string;
  /** Length of the sentence, in milliseconds; 0 when it is not enforced. */
  readonly durationMs: number;
  /** Clock time at which the sentence ends. */
  readonly untilMs: number;
  readonly times: number;
  /** False when the verdict is only told (`detectOnly`). */
  readonly enforced: boolean;
}

export interface UnejectInfo {
  readonly id: string;
  readonly by: 'probe' | 'health-check' | 'removal';
}

export const HEALTHY: EjectionState = Object.freeze({ kind: 'healthy' });
