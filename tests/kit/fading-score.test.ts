import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { addFading, fade, FADED_BELOW } from '../../src/kit/fading-score.js';

const TAU = 5_000;

describe('the fading score', () => {
  it.each([
    [10, 0, 10],
    [10, -5, 10],
    [10, TAU, 3.679],
    [10, 2 * TAU, 1.353],
    [10, 14_978, 0.5],
    [10, 14_980, 0],
    [30, 20_471, 0.5],
    [30, 20_473, 0],
    [0, 0, 0],
    [0, 1e9, 0],
    [30, Infinity, 0],
  ])('%d after %d ms reads %d', (score, elapsedMs, left) => {
    expect(fade(score, elapsedMs, TAU)).toBeCloseTo(left, 3);
  });

  it('ends at exactly zero', () => {
    expect(fade(30, 60_000, TAU)).toBe(0);
    expect(fade(FADED_BELOW, 0, TAU)).toBe(FADED_BELOW);
  });

  it('adds to what is left, up to the cap', () => {
    expect(addFading(0, 0, TAU, 10, 30)).toBe(10);
    expect(addFading(10, TAU, TAU, 10, 30)).toBeCloseTo(13.679, 3);
    expect(addFading(25, 0, TAU, 10, 30)).toBe(30);
    expect(addFading(10, 1e6, TAU, 10, 30)).toBe(10);
  });

  it('forgets a thousand events as soon as it forgets the cap', () => {
    let score = 0;
    for (let event = 0; event < 1_000; event++) score = addFading(score, 1, TAU, 10, 30);
    expect(score).toBe(30);
    expect(fade(score, 20_473, TAU)).toBe(0);
  });

  it('is never negative, never above the cap, and never rises by waiting', () => {
    const event = fc.record({ elapsedMs: fc.nat(20_000), amount: fc.double({ min: 0, max: 20, noNaN: true }) });
    fc.assert(
      fc.property(fc.array(event), fc.nat(20_000), fc.nat(20_000), (events, earlier, more) => {
        let score = 0;
        for (const { elapsedMs, amount } of events) score = addFading(score, elapsedMs, TAU, amount, 30);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(30);
        expect(fade(score, earlier + more, TAU)).toBeLessThanOrEqual(fade(score, earlier, TAU));
      }),
    );
  });
});
