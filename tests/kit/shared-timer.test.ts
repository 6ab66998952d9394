import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { SharedTimer, type SharedWait } from '../../src/kit/shared-timer.js';
import { createFakeClock, type FakeClock } from '../../src/testing/fake-clock.js';

function bench(): {
  clock: FakeClock;
  timer: SharedTimer;
  called: string[];
  wait(name: string, delayMs: number, then?: () => void): SharedWait;
} {
  const clock = createFakeClock(0);
  const timer = new SharedTimer(clock);
  const called: string[] = [];
  return {
    clock,
    timer,
    called,
    wait(name, delayMs, then) {
      const wait: SharedWait = {
        dueMs: 0,
        before: undefined,
        after: undefined,
        waiting: false,
        due(nowMs) {
          called.push(`${name} at ${nowMs}`);
          then?.();
        },
      };
      timer.add(wait, clock.now() + delayMs, clock.now());
      return wait;
    },
  };
}

describe('SharedTimer', () => {
  it('calls each when it is due, in order of time and then of arrival, over one timer of the clock', () => {
    const { clock, called, wait } = bench();
    for (const [name, delayMs] of Object.entries({ a: 30, b: 10, c: 20, d: 10, e: 40 })) wait(name, delayMs);
    expect(clock.pendingTimers).toBe(1);
    clock.advance(9);
    expect(called).toEqual([]);
    clock.advance(100);
    expect(called).toEqual(['b at 10', 'd at 10', 'c at 20', 'a at 30', 'e at 40']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('does not call who has left, and leaving twice is harmless', () => {
    const { clock, timer, called, wait } = bench();
    const waits = [wait('a', 10), wait('b', 10), wait('c', 20)];
    for (const left of [waits[0]!, waits[2]!, waits[0]!]) timer.remove(left);
    expect(waits.map(({ waiting }) => waiting)).toEqual([false, true, false]);
    clock.advance(100);
    expect(called).toEqual(['b at 10']);
  });

  it('sets no timer anew for waits that come and go while another one waits', () => {
    const { clock, timer, wait } = bench();
    let set = 0;
    const setTimer = clock.setTimer.bind(clock);
    clock.setTimer = (callback, delayMs) => (set++, setTimer(callback, delayMs));
    let last = wait('0', 1_000);
    for (let call = 1; call <= 100; call++) {
      const next = wait(String(call), 1_000);
      timer.remove(last);
      last = next;
      clock.advance(5);
    }
    expect(set).toBe(1);
    // It rings for the first, who has left, and is set for the last.
    clock.advance(500);
    expect([set, clock.pendingTimers]).toEqual([2, 1]);
  });

  it('lets a wait begin another one, and survives one that throws', () => {
    const { clock, called, wait } = bench();
    wait('again', 10, () => wait('later', 5));
    wait('bad', 20, () => {
      throw new Error('bad');
    });
    wait('good', 20);
    clock.advance(15);
    expect(() => clock.advance(5)).toThrow('bad');
    clock.advance(1);
    expect(called).toEqual(['again at 10', 'later at 15', 'bad at 20', 'good at 20']);
  });

  it('holds no timer when nobody waits', () => {
    const { clock, timer, wait } = bench();
    const waits = [wait('a', 10), wait('b', 20)];
    for (const left of waits) timer.remove(left);
    expect(clock.pendingTimers).toBe(0);
  });

  it('calls exactly those that a timer for each would have called, at the same times', () => {
    const step = fc.record({ delayMs: fc.integer({ min: 0, max: 50 }), pauseMs: fc.integer({ min: 0, max: 20 }) });
    const removal = fc.option(fc.nat(30), { nil: undefined });
    fc.assert(
      fc.property(fc.array(fc.record({ step, removal }), { maxLength: 30 }), (steps) => {
        const { clock, timer, called, wait } = bench();
        const expected: string[] = [];
        const plain: Disposable[] = [];
        const waits: SharedWait[] = [];
        steps.forEach(({ step: { delayMs, pauseMs }, removal: leaver }, index) => {
          const dueMs = clock.now() + delayMs;
          plain.push(clock.setTimer(() => expected.push(`${index} at ${dueMs}`), delayMs));
          waits.push(wait(String(index), delayMs));
          if (leaver !== undefined && leaver <= index) {
            plain[leaver]![Symbol.dispose]();
            timer.remove(waits[leaver]!);
          }
          clock.advance(pauseMs);
        });
        clock.advance(100);
        expect([...called].sort()).toEqual(expected.sort());
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });
});
