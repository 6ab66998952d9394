/**
 * Doubts answers that are too bad to be true.
 *
 * A registry that has just restarted, lost its quorum or its database answers politely with nobody, or with the few
 * who have re-registered so far. Taking its word would empty every client at once, while the servers are fine. So
 * an empty answer after a full one, and one that lost more than `shrinkThreshold` of the endpoints in use, is held:
 * - empty: for the whole grace, then applied if nothing but empty answers came since;
 * - shrunk: until another one repeats it, no larger than the first, or the grace is over. One that is larger is a
 *   registry whose servers are coming back one by one: believing it would put all the load on the first few.
 *
 * A failure to ask proves nothing either way: it stops the clock of the grace, which starts anew with the next
 * suspicious answer. Otherwise a registry that empties, crashes and returns empty would be believed on its return.
 *
 * Pure: states in, states out, no clock and no endpoints, only how many there are.
 */

import type { CacheSettings } from './cache-settings.js';

export type GuardSettings = Pick<CacheSettings, 'emptyGraceMs' | 'shrinkThreshold'>;

export interface Hold {
  /** What the newest answer was. */
  readonly kind: 'empty' | 'shrunk';
  /** Since when the newest kind of answer has been coming without a break; undefined after a failure. */
  readonly sinceMs: number | undefined;
  /** How many the last shrunk answer had of those held; undefined when there was none. */
  readonly shrunkTo: number | undefined;
}

export interface GuardState {
  /** How many endpoints are in use. */
  readonly applied: number;
  readonly hold: Hold | undefined;
}

export interface GuardVerdict {
  readonly apply: boolean;
  readonly state: GuardState;
}

/** Nothing is in use, so nothing is suspicious. */
export const NOTHING_APPLIED: GuardState = Object.freeze({ applied: 0, hold: undefined });

/** Judges an answer of `count` endpoints that came at `nowMs`. */
export function judgeAnswer(
  state: GuardState,
  answer: { readonly count: number; readonly authoritative: boolean },
  nowMs: number,
  settings: GuardSettings,
): GuardVerdict {
  const { count } = answer;
  const kind = answer.authoritative ? undefined : suspicion(state.applied, count, settings);
  if (kind === undefined) return applied(count);

  const { hold } = state;
  if (kind === 'shrunk' && hold?.shrunkTo !== undefined && count <= hold.shrunkTo) return applied(count);
  const sinceMs = hold?.kind === kind ? (hold.sinceMs ?? nowMs) : nowMs;
  if (nowMs - sinceMs >= settings.emptyGraceMs) return applied(count);
  const shrunkTo = kind === 'shrunk' ? count : hold?.shrunkTo;
  return { apply: false, state: { applied: state.applied, hold: { kind, sinceMs, shrunkTo } } };
}

/** When the held answer is due without another one coming; undefined when none is held or failures stopped the clock. */
export function holdEndsAtMs(state: GuardState, settings: GuardSettings): number | undefined {
  return state.hold?.sinceMs === undefined ? undefined : state.hold.sinceMs + settings.emptyGraceMs;
}

/** The question failed: what is held stays held, and its time starts anew with the next answer. */
export function noteFailure(state: GuardState): GuardState {
  return state.hold?.sinceMs === undefined ? state : { ...state, hold: { ...state.hold, sinceMs: undefined } };
}

function suspicion(inUse: number, count: number, settings: GuardSettings): Hold['kind'] | undefined {
  if (inUse === 0) return undefined;
  if (count === 0) return 'empty';
  return count < inUse * settings.shrinkThreshold ? 'shrunk' : undefined;
}

function applied(count: number): GuardVerdict {
  return { apply: true, state: { applied: count, hold: undefined } };
}
