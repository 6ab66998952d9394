import { describe, expect, it } from '@jest/globals';

import { parseHttpDate, systemClock } from '../../src/core/clock.js';

describe('parseHttpDate', () => {
  // The examples of RFC 9110 §5.6.7: three ways to write one instant.
  it.each(['Sun, 06 Nov 1994 08:49:37 GMT', 'Sunday, 06-Nov-94 08:49:37 GMT', 'Sun Nov  6 08:49:37 1994'])(
    'reads %p as the same instant, whatever the local time zone',
    (text) => {
      expect(parseHttpDate(text)).toBe(784_111_777_000);
    },
  );

  it.each([
    '',
    'Soon 5',
    'Wait 2030',
    '120',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 +0100',
    'Sun, 99 Nov 1994 08:49:37 GMT',
  ])('takes %p for no date', (text) => {
    expect(parseHttpDate(text)).toBeUndefined();
  });
});

describe('systemClock', () => {
  it('never goes back', () => {
    let last = systemClock.now();
    for (let i = 0; i < 10_000; i++) {
      const now = systemClock.now();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('fires a timer once, and never one that was disposed', async () => {
    const fired: string[] = [];
    systemClock.setTimer(() => fired.push('disposed'), 1)[Symbol.dispose]();
    // Timers do not hold the process, so the test waits on one of its own.
    await new Promise<void>((resolve) => {
      systemClock.setTimer(() => {
        fired.push('kept');
        setTimeout(resolve, 5);
      }, 2);
    });
    expect(fired).toEqual(['kept']);
  });

  it('treats a delay beyond what timers take as very long, not as none', async () => {
    let fired = false;
    const timer = systemClock.setTimer(() => (fired = true), 1e12);
    await new Promise((resolve) => setTimeout(resolve, 5));
    timer[Symbol.dispose]();
    expect(fired).toBe(false);
  });
});
