import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createCallWindow, type CallWindow } from '../../../src/data/admission/call-window.js';

function counts(window: CallWindow, nowMs: number): readonly number[] {
  window.expire(nowMs);
  return [window.calls, window.failures, window.slow];
}

describe.each([
  ['of time', undefined],
  ['of the last hundred calls', 100],
])('a window %s', (_, windowCalls) => {
  it('is empty after its length without any traffic', () => {
    const window = createCallWindow(10_000, windowCalls);
    for (let call = 0; call < 10; call++) window.record(true, true, 500);
    expect(counts(window, 500)).toEqual([10, 10, 10]);
    expect(counts(window, 10_500)).toEqual([0, 0, 0]);
  });

  it('holds nothing of the night against the first call of the morning', () => {
    const window = createCallWindow(10_000, windowCalls);
    for (let call = 0; call < 10; call++) window.record(true, false, 0);
    window.record(true, false, 3_600_000);
    expect(counts(window, 3_600_000)).toEqual([1, 1, 0]);
  });

  it('counts what a list of the same calls counts, up to the tenth in which the window moves', () => {
    const call = fc.record({ gapMs: fc.integer({ min: 0, max: 3_000 }), failed: fc.boolean(), slow: fc.boolean() });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 150 }), (calls) => {
        const window = createCallWindow(10_000, windowCalls);
        const model: { atMs: number; failed: boolean }[] = [];
        let nowMs = 0;
        for (const { gapMs, failed, slow } of calls) {
          nowMs += gapMs;
          window.record(failed, slow, nowMs);
          model.push({ atMs: nowMs, failed });
        }
        const within = (ms: number): number =>
          model.slice(-(windowCalls ?? Infinity)).filter(({ atMs, failed }) => failed && nowMs - atMs < ms).length;
        window.expire(nowMs);
        expect(window.failures).toBeLessThanOrEqual(within(10_000));
        expect(window.failures).toBeGreaterThanOrEqual(within(9_000));
        expect(window.failures).toBeLessThanOrEqual(window.calls);
        expect(window.slow).toBeLessThanOrEqual(window.calls);
      }),
    );
  });
});

describe('a window of the last three calls', () => {
  it('pushes the oldest one out', () => {
    const window = createCallWindow(10_000, 3);
    window.record(true, true, 0);
    window.record(true, false, 1);
    window.record(false, false, 2);
    expect(counts(window, 2)).toEqual([3, 2, 1]);
    window.record(false, false, 3);
    expect(counts(window, 3)).toEqual([3, 1, 0]);
  });
});
