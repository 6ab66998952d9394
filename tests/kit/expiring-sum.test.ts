import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createExpiringSum } from '../../src/kit/expiring-sum.js';

describe('a sum that expires', () => {
  it('drops slots whole, by time alone', () => {
    const sum = createExpiringSum({ windowMs: 1_000, slots: 10 });
    sum.add(1, 0);
    sum.add(2, 99);
    sum.add(4, 100);
    expect(sum.total(999)).toBe(7);
    expect(sum.total(1_000)).toBe(4);
    expect(sum.total(1_099)).toBe(4);
    expect(sum.total(1_100)).toBe(0);
  });

  it('lays its slots from the origin', () => {
    const sum = createExpiringSum({ windowMs: 1_000, slots: 10, originMs: 50 });
    sum.add(1, 50);
    expect(sum.total(1_049)).toBe(1);
    expect(sum.total(1_050)).toBe(0);
  });

  it('survives a long silence and keeps counting after it', () => {
    const sum = createExpiringSum({ windowMs: 1_000, slots: 10 });
    sum.add(1, 0);
    expect(sum.total(1e15)).toBe(0);
    sum.add(1, 1e15);
    expect(sum.total(1e15 + 500)).toBe(1);
  });

  it('counts what comes at an earlier time into the newest slot', () => {
    const sum = createExpiringSum({ windowMs: 1_000, slots: 10 });
    sum.add(1, 5_000);
    sum.add(1, 4_000);
    expect(sum.total(4_000)).toBe(2);
  });

  it('forgets everything when cleared', () => {
    const sum = createExpiringSum({ windowMs: 1_000, slots: 4 });
    sum.add(5, 10);
    sum.clear();
    expect(sum.total(10)).toBe(0);
    sum.add(3, 260);
    expect(sum.total(1_249)).toBe(3);
    expect(sum.total(1_250)).toBe(0);
  });

  it('equals the sum over the slots that are alive, for any history', () => {
    const step = fc.record({ elapsedMs: fc.nat(400), amount: fc.integer({ min: -50, max: 50 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, slots) => {
        const slotMs = 100;
        const sum = createExpiringSum({ windowMs: slotMs * slots, slots });
        const history: { slot: number; amount: number }[] = [];
        let now = 0;
        for (const { elapsedMs, amount } of steps) {
          now += elapsedMs;
          const slot = Math.floor(now / slotMs);
          sum.add(amount, now);
          history.push({ slot, amount });
          const alive = history.filter((entry) => slot - entry.slot < slots);
          expect(sum.total(now)).toBe(alive.reduce((total, entry) => total + entry.amount, 0));
        }
      }),
    );
  });
});
