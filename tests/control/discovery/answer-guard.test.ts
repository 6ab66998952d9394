import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  holdEndsAtMs,
  judgeAnswer,
  noteFailure,
  NOTHING_APPLIED,
  type GuardState,
} from '../../../src/control/discovery/answer-guard.js';

const settings = { emptyGraceMs: 30_000, shrinkThreshold: 0.5 };
const TEN: GuardState = { applied: 10, hold: undefined };

/** Feeds counts (or 'error') at given times; returns what was applied at each, undefined for held or failed. */
function replay(start: GuardState, script: readonly (readonly [atMs: number, count: number | 'error'])[]): unknown[] {
  let state = start;
  return script.map(([atMs, count]) => {
    if (count === 'error') {
      state = noteFailure(state);
      return undefined;
    }
    const verdict = judgeAnswer(state, { count, authoritative: false }, atMs, settings);
    state = verdict.state;
    return verdict.apply ? count : undefined;
  });
}

describe('judgeAnswer', () => {
  it('applies anything while nothing is in use', () => {
    expect(replay(NOTHING_APPLIED, [[0, 0], [1, 0], [2, 5]])).toEqual([0, 0, 5]); // prettier-ignore
  });

  it('holds an empty answer for the whole grace, then believes it', () => {
    expect(replay(TEN, [[0, 0], [29_999, 0], [30_000, 0]])).toEqual([undefined, undefined, 0]); // prettier-ignore
  });

  it('holds a shrunk answer until a second one repeats it', () => {
    expect(replay(TEN, [[0, 4], [1, 3]])).toEqual([undefined, 3]); // prettier-ignore
  });

  it('does not take growth for a repetition: servers that register again one by one would get all the load', () => {
    const script = [[0, 1], [1, 2], [2, 4], [3, 4]] as const; // prettier-ignore
    expect(replay(TEN, script)).toEqual([undefined, undefined, undefined, 4]);
    expect(replay(TEN, [[0, 1], [1, 3], [2, 5]])).toEqual([undefined, undefined, 5]); // prettier-ignore
    const slow = [[0, 1], [20_000, 2], [29_999, 3], [30_000, 4]] as const; // prettier-ignore
    expect(replay(TEN, slow)).toEqual([undefined, undefined, undefined, 4]);
  });

  it('takes a loss of half, which is not less than half, at once', () => {
    expect(replay(TEN, [[0, 5]])).toEqual([5]);
  });

  it('forgets its doubts with any good answer', () => {
    expect(replay(TEN, [[0, 4], [1, 10], [2, 4]])).toEqual([undefined, 10, undefined]); // prettier-ignore
    expect(replay(TEN, [[0, 0], [1, 9], [40_000, 0]])).toEqual([undefined, 9, undefined]); // prettier-ignore
  });

  it('counts the grace from the newest unbroken run of empty answers', () => {
    const script = [[0, 0], [20_000, 4], [25_000, 0], [54_999, 0], [55_000, 0]] as const; // prettier-ignore
    expect(replay(TEN, script)).toEqual([undefined, undefined, undefined, undefined, 0]);
  });

  it('takes a shrunk answer as the repetition of one before an empty one', () => {
    expect(replay(TEN, [[0, 4], [1, 0], [2, 3]])).toEqual([undefined, undefined, 3]); // prettier-ignore
  });

  it('starts the grace anew after a failure: a registry that empties, crashes and returns empty is not believed yet', () => {
    const script = [[0, 0], [1_000, 'error'], [40_000, 0], [69_999, 0], [70_000, 0]] as const; // prettier-ignore
    expect(replay(TEN, script)).toEqual([undefined, undefined, undefined, undefined, 0]);
  });

  it('applies what the source vouches for at once', () => {
    const verdict = judgeAnswer(TEN, { count: 0, authoritative: true }, 0, settings);
    expect(verdict).toEqual({ apply: true, state: NOTHING_APPLIED });
  });

  it('suspects no shrinking with a threshold of 0, and nothing with no grace', () => {
    const calm = { emptyGraceMs: 30_000, shrinkThreshold: 0 };
    expect(judgeAnswer(TEN, { count: 1, authoritative: false }, 0, calm).apply).toBe(true);
    expect(judgeAnswer(TEN, { count: 0, authoritative: false }, 0, calm).apply).toBe(false);
    const off = { emptyGraceMs: 0, shrinkThreshold: 0.5 };
    expect(judgeAnswer(TEN, { count: 0, authoritative: false }, 0, off).apply).toBe(true);
  });

  it('names the time at which the grace ends, and none while asking fails', () => {
    const { state } = judgeAnswer(TEN, { count: 0, authoritative: false }, 7, settings);
    expect(holdEndsAtMs(state, settings)).toBe(30_007);
    expect(holdEndsAtMs(noteFailure(state), settings)).toBeUndefined();
    expect(holdEndsAtMs(TEN, settings)).toBeUndefined();
  });

  it('never goes to zero before empty answers alone have come for the whole grace, and never holds for ever', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 15_000 }),
      what: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constant('error' as const)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state: GuardState = { applied: 10, hold: undefined };
        let nowMs = 0;
        let emptySinceMs: number | undefined;
        let shrunkTo = 0;
        for (const { afterMs, what } of steps) {
          nowMs += afterMs;
          if (what === 'error') {
            state = noteFailure(state);
            emptySinceMs = undefined;
            continue;
          }
          const before = state.applied;
          emptySinceMs = what === 0 ? (emptySinceMs ?? nowMs) : undefined;
          const verdict = judgeAnswer(state, { count: what, authoritative: false }, nowMs, settings);
          state = verdict.state;
          if (verdict.apply) {
            if (before > 0 && what === 0) expect(nowMs - (emptySinceMs as number)).toBeGreaterThanOrEqual(30_000);
            expect(state).toEqual({ applied: what, hold: undefined });
            shrunkTo = 0;
          } else {
            expect(what).toBeLessThan(before * 0.5);
            expect(state.applied).toBe(before);
            // A shrunk answer that is no larger than the last one ends a hold, so those of a hold grow.
            if (what > 0) {
              expect(what).toBeGreaterThan(shrunkTo);
              shrunkTo = what;
            }
          }
        }
      }),
    );
  });
});
