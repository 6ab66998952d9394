import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createFakeClock } from '../../src/testing/fake-clock.js';

describe('the fake clock', () => {
  it('starts at 1000 ms, so that zero is never a valid time by accident', () => {
    expect(createFakeClock().now()).toBe(1_000);
    expect(createFakeClock(5).now()).toBe(5);
  });

  it('fires a timer at its due time exactly, not a millisecond before', () => {
    const clock = createFakeClock(0);
    const fired: number[] = [];
    clock.setTimer(() => fired.push(clock.now()), 10);
    clock.advance(9.999);
    expect(fired).toEqual([]);
    clock.advance(0.001);
    expect(fired).toEqual([10]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('shows each callback its own due time and ends at the target', () => {
    const clock = createFakeClock(0);
    const fired: string[] = [];
    clock.setTimer(() => fired.push(`b@${clock.now()}`), 20);
    clock.setTimer(() => fired.push(`a@${clock.now()}`), 10);
    clock.setTimer(() => fired.push(`c@${clock.now()}`), 20);
    clock.advance(100);
    expect(fired).toEqual(['a@10', 'b@20', 'c@20']);
    expect(clock.now()).toBe(100);
  });

  it('fires timers that a callback sets, if they are due within the same advance', () => {
    const clock = createFakeClock(0);
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.setTimer(again, 10);
    };
    clock.setTimer(again, 10);
    clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
    expect(clock.pendingTimers).toBe(1);
  });

  it('does not fire a disposed timer, even when a timer of the same instant disposes it', () => {
    const clock = createFakeClock(0);
    const fired: string[] = [];
    clock.setTimer(() => second[Symbol.dispose](), 10);
    const second = clock.setTimer(() => fired.push('second'), 10);
    clock.advance(10);
    second[Symbol.dispose]();
    expect(fired).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it('lets a callback advance the clock and never goes back', () => {
    const clock = createFakeClock(0);
    const fired: string[] = [];
    clock.setTimer(() => {
      fired.push(`outer@${clock.now()}`);
      clock.advance(50);
      fired.push(`outer left@${clock.now()}`);
    }, 10);
    clock.setTimer(() => fired.push(`inner@${clock.now()}`), 20);
    clock.advance(30);
    expect(fired).toEqual(['outer@10', 'inner@20', 'outer left@60']);
    expect(clock.now()).toBe(60);
  });

  it('takes a negative or missing delay for none, and fires it at the next advance, even by zero', () => {
    const clock = createFakeClock(0);
    let fired = 0;
    clock.setTimer(() => fired++, -5);
    clock.setTimer(() => fired++, Number.NaN);
    expect(fired).toBe(0);
    clock.advance(0);
    expect(fired).toBe(2);
  });

  it('never fires a timer of infinite delay', () => {
    const clock = createFakeClock(0);
    clock.setTimer(() => expect(true).toBe(false), Number.POSITIVE_INFINITY);
    clock.advance(Number.MAX_SAFE_INTEGER);
    expect(clock.pendingTimers).toBe(1);
  });

  it('refuses to go back', () => {
    const clock = createFakeClock();
    expect(() => clock.advance(-1)).toThrow(RangeError);
    expect(() => clock.advance(Number.NaN)).toThrow(RangeError);
  });

  it('names the bug when timers set themselves again without delay for ever', () => {
    const clock = createFakeClock();
    const again = (): void => void clock.setTimer(again, 0);
    again();
    expect(() => clock.advance(0)).toThrow(/100000 timers fell due at 1000 ms/);
  });

  it('runs promise chains between timers when advanced asynchronously', async () => {
    const clock = createFakeClock(0);
    const sleep = (ms: number): Promise<void> => new Promise((resolve) => void clock.setTimer(resolve, ms));
    const seen: number[] = [];
    const chain = (async () => {
      await Promise.resolve();
      for (let round = 0; round < 3; round++) {
        await sleep(10);
        await Promise.resolve();
        seen.push(clock.now());
      }
    })();
    await clock.advanceAsync(30);
    expect(seen).toEqual([10, 20, 30]);
    await chain;
  });

  it('gives the event loop a turn at each step when asked to', async () => {
    const clock = createFakeClock(0);
    const seen: number[] = [];
    setImmediate(() => clock.setTimer(() => seen.push(clock.now()), 5));
    await clock.advanceAsync(10, { eventLoop: true });
    expect(seen).toEqual([5]);
  });

  it('fires any set of timers in order of due time, then of creation', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.array(fc.nat(20)), (delays, steps) => {
        const clock = createFakeClock(0);
        const fired: [number, number][] = [];
        delays.forEach((delay, index) => {
          clock.setTimer(() => {
            expect(clock.now()).toBe(delay);
            fired.push([delay, index]);
          }, delay);
        });
        for (const step of steps) clock.advance(step);
        const now = steps.reduce((sum, step) => sum + step, 0);
        const due = delays
          .map((delay, index): [number, number] => [delay, index])
          .filter(([delay]) => steps.length > 0 && delay <= now)
          .sort((a, b) => a[0] - b[0] || a[1] - b[1]);
        expect(fired).toEqual(due);
        expect(clock.pendingTimers).toBe(delays.length - due.length);
        expect(clock.now()).toBe(now);
      }),
    );
  });
});
