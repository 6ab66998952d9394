import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { StartTimes } from '../../src/kit/start-times.js';

describe('StartTimes', () => {
  it('knows the oldest that is still under way, whoever ended first', () => {
    const times = new StartTimes();
    expect(times.oldestMs(3)).toBe(Infinity);
    const first = times.add(3, 100);
    const second = times.add(3, 150);
    const third = times.add(3, 170);
    times.add(0, 10);
    expect(times.oldestMs(3)).toBe(100);
    times.remove(second);
    expect(times.oldestMs(3)).toBe(100);
    times.remove(first);
    expect(times.oldestMs(3)).toBe(170);
    times.remove(third);
    expect(times.oldestMs(3)).toBe(Infinity);
    expect(times.oldestMs(0)).toBe(10);
    expect(times.oldestMs(1_000)).toBe(Infinity);
  });

  it('agrees with a list that is searched', () => {
    const steps = fc.array(fc.tuple(fc.nat(5), fc.nat(2)), { maxLength: 300 });
    fc.assert(
      fc.property(steps, (list) => {
        const times = new StartTimes();
        const underWay: { ticket: number; group: number; atMs: number }[] = [];
        list.forEach(([group, action], atMs) => {
          const index = underWay.findIndex((one) => one.group === group);
          if (action === 0 && index >= 0) times.remove(underWay.splice(index, 1)[0]!.ticket);
          else if (action === 1 && underWay.length > 0) times.remove(underWay.pop()!.ticket);
          else underWay.push({ ticket: times.add(group, atMs), group, atMs });
          for (let asked = 0; asked <= 5; asked++) {
            const expected = Math.min(...underWay.filter((one) => one.group === asked).map((one) => one.atMs));
            expect(times.oldestMs(asked)).toBe(expected);
          }
        });
      }),
    );
  });

  it('uses tickets again', () => {
    const times = new StartTimes();
    for (let round = 0; round < 1_000; round++) {
      const tickets = [times.add(0, round), times.add(1, round)];
      expect(Math.max(...tickets)).toBeLessThan(2);
      for (const ticket of tickets) times.remove(ticket);
    }
  });
});
