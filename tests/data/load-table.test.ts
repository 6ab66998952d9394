import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { Outcome } from '../../src/core/outcome.js';
import { IGNORED, SUCCESS } from '../../src/core/outcome.js';
import { LoadTable } from '../../src/data/load-table.js';

const FAILURE: Outcome = { kind: 'failure', reason: 'status', status: 503 };
const overload = (retryAfterMs?: number): Outcome =>
  retryAfterMs === undefined ? { kind: 'overload', status: 429 } : { kind: 'overload', status: 429, retryAfterMs };

function tableWith(id = 'a'): { table: LoadTable; slot: number } {
  const table = new LoadTable();
  return { table, slot: table.acquireSlot(id) };
}

describe('the failure score', () => {
  it('is 10 after a failure, fades with a time constant of 5 s, and is 0 after 15 s', () => {
    const { table, slot } = tableWith();
    expect(table.failureScore(slot, 0)).toBe(0);
    table.learn(slot, FAILURE, 1, true, 1_000);
    expect(table.failureScore(slot, 1_000)).toBe(10);
    expect(table.failureScore(slot, 6_000)).toBeCloseTo(10 / Math.E, 12);
    expect(table.failureScore(slot, 15_900)).toBeCloseTo(10 * Math.exp(-2.98), 12);
    expect(table.failureScore(slot, 16_000)).toBe(0);
  });

  it('adds up, but not above three failures', () => {
    const { table, slot } = tableWith();
    table.learn(slot, FAILURE, 1, true, 0);
    table.learn(slot, FAILURE, 1, true, 5_000);
    expect(table.failureScore(slot, 5_000)).toBeCloseTo(10 + 10 / Math.E, 12);
    for (let failure = 0; failure < 100; failure++) table.learn(slot, FAILURE, 1, true, 5_000);
    expect(table.failureScore(slot, 5_000)).toBe(30);
    // A recovered server is back after no more than 20.5 s.
    expect(table.failureScore(slot, 5_000 + 20_500)).toBe(0);
  });

  it('is not cleared by a success, nor changed by what was ignored', () => {
    const { table, slot } = tableWith();
    table.learn(slot, FAILURE, 1, true, 0);
    table.learn(slot, SUCCESS, 20, true, 0);
    table.learn(slot, IGNORED, 20, false, 0);
    expect(table.failureScore(slot, 0)).toBe(10);
  });

  it('starts to fade when Retry-After is over', () => {
    const { table, slot } = tableWith();
    table.learn(slot, overload(60_000), 1, true, 0);
    expect(table.failureScore(slot, 59_999)).toBe(10);
    expect(table.failureScore(slot, 65_000)).toBeCloseTo(10 / Math.E, 12);
  });

  it('takes a Retry-After of an hour for five minutes, and none for a failure', () => {
    const { table, slot } = tableWith();
    table.learn(slot, overload(3_600_000), 1, true, 0);
    expect(table.failureScore(slot, 300_000)).toBe(10);
    expect(table.failureScore(slot, 305_000)).toBeCloseTo(10 / Math.E, 12);
    const other = table.acquireSlot('b');
    table.learn(other, overload(), 1, true, 0);
    expect(table.failureScore(other, 5_000)).toBeCloseTo(10 / Math.E, 12);
  });

  it('holds on to the longer of two Retry-After, and to one through later failures', () => {
    const { table, slot } = tableWith();
    table.learn(slot, overload(60_000), 1, true, 0);
    table.learn(slot, overload(1_000), 1, true, 10_000);
    table.learn(slot, FAILURE, 1, true, 20_000);
    expect(table.failureScore(slot, 60_000)).toBe(30);
    expect(table.failureScore(slot, 65_000)).toBeCloseTo(30 / Math.E, 12);
  });

  it('never leaves 0 … 30, and only fades between events', () => {
    const event = fc.record({
      outcome: fc.constantFrom(FAILURE, SUCCESS, IGNORED, overload(), overload(7_000)),
      afterMs: fc.nat(20_000),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { table, slot } = tableWith();
        let nowMs = 0;
        for (const { outcome, afterMs } of events) {
          const before = table.failureScore(slot, nowMs);
          nowMs += afterMs;
          const faded = table.failureScore(slot, nowMs);
          expect(faded).toBeLessThanOrEqual(before);
          table.learn(slot, outcome, 1, true, nowMs);
          const after = table.failureScore(slot, nowMs);
          const bad = outcome.kind === 'failure' || outcome.kind === 'overload';
          expect(after).toBeCloseTo(bad ? Math.min(30, faded + 10) : faded, 9);
        }
      }),
    );
  });
});

describe('the latency average', () => {
  it('is unknown, and 0 for comparisons, before the first sample', () => {
    const { table, slot } = tableWith();
    expect(table.latencyMs(slot)).toBeUndefined();
    expect(table.idleLatencyMs(slot, 5)).toBe(0);
  });

  it('forgets with a time constant of 20 s, and what has faded is not brought back', () => {
    const { table, slot } = tableWith();
    table.learn(slot, SUCCESS, 100, true, 0);
    expect(table.latencyMs(slot)).toBe(100);
    // 12 s without a sample leave half of it.
    table.learn(slot, SUCCESS, 20, true, 12_000);
    const kept = Math.exp(-12 / 20);
    expect(table.latencyMs(slot)).toBeCloseTo(50 * kept + 20 * (1 - kept), 12);
  });

  it('fades for comparisons while there is no sample, slowly first', () => {
    const { table, slot } = tableWith();
    table.learn(slot, SUCCESS, 100, true, 0);
    expect(table.idleLatencyMs(slot, 0)).toBe(100);
    expect(table.idleLatencyMs(slot, 4_000)).toBeCloseTo(100 / (1 + 1 / 81), 12);
    expect(table.idleLatencyMs(slot, 12_000)).toBe(50);
    expect(table.idleLatencyMs(slot, 36_000)).toBeCloseTo(100 / 82, 12);
    expect(table.latencyMs(slot)).toBe(100);
  });

  it('is not touched by failures and overloads, fast or slow', () => {
    const { table, slot } = tableWith();
    table.learn(slot, SUCCESS, 100, true, 0);
    table.learn(slot, FAILURE, 1, true, 5_000);
    table.learn(slot, overload(), 1, true, 6_000);
    table.learn(slot, { kind: 'failure', reason: 'timeout' }, 10_000, false, 16_000);
    expect(table.latencyMs(slot)).toBe(100);
  });

  it('counts an answered attempt that the caller gave up on', () => {
    const { table, slot } = tableWith();
    table.learn(slot, IGNORED, 40, true, 0);
    expect(table.latencyMs(slot)).toBe(40);
  });

  it('takes an unanswered one for a lower bound, which the first answer replaces', () => {
    const { table, slot } = tableWith();
    table.learn(slot, IGNORED, 500, false, 0);
    expect(table.latencyMs(slot)).toBeUndefined();
    expect(table.idleLatencyMs(slot, 0)).toBe(500);
    table.learn(slot, IGNORED, 300, false, 0);
    expect(table.idleLatencyMs(slot, 0)).toBe(500);
    table.learn(slot, SUCCESS, 20, true, 10);
    expect(table.latencyMs(slot)).toBe(20);
  });

  it('is raised by a lower bound and never lowered', () => {
    const { table, slot } = tableWith();
    table.learn(slot, SUCCESS, 100, true, 0);
    table.learn(slot, IGNORED, 50, false, 1_000);
    expect(table.latencyMs(slot)).toBe(100);
    table.learn(slot, IGNORED, 1_000, false, 10_000);
    const kept = Math.exp(-10 / 20);
    expect(table.latencyMs(slot)).toBeCloseTo(100 * kept + 1_000 * (1 - kept), 12);
  });

  it('stays high while callers keep giving up after the same time', () => {
    const { table, slot } = tableWith();
    for (let nowMs = 0; nowMs <= 300_000; nowMs += 500) {
      // An endpoint that hangs, picked whenever it looks faster than one of 20 ms.
      if (table.idleLatencyMs(slot, nowMs) < 20) table.learn(slot, IGNORED, 500, false, nowMs);
    }
    expect(table.idleLatencyMs(slot, 300_000)).toBeGreaterThan(15);
  });
});

describe('the least loaded slot', () => {
  it('is the one with the least in flight plus failure score, then of the lowest latency, then the first', () => {
    const table = new LoadTable();
    const slots = Int32Array.from(['a', 'b', 'c', 'd', 'e'], (id) => table.acquireSlot(id));
    const [a, b, c, d, e] = slots as unknown as [number, number, number, number, number];
    const least = (...sample: number[]): number => table.leastLoaded(Int32Array.from(sample), sample.length, 0);
    expect(least()).toBe(-1);
    expect(least(c, a, b)).toBe(c);
    table.learn(a, { kind: 'success' }, 20, true, 0);
    table.learn(b, { kind: 'success' }, 10, true, 0);
    expect(least(a, b)).toBe(b);
    expect(least(a, b, c)).toBe(c);
    // A whole failure stands for ten in flight.
    table.learn(c, { kind: 'failure', reason: 'status' }, 1, true, 0);
    for (let attempt = 0; attempt < 10; attempt++) table.begin(b);
    expect(least(b, c)).toBe(c);
    table.begin(a);
    expect(least(a, b, c)).toBe(a);
    // No latency outweighs one attempt in flight.
    table.learn(d, { kind: 'success' }, 2 ** 31, true, 0);
    table.begin(e);
    expect(least(e, d)).toBe(d);
    expect(table.leastLoaded(Int32Array.of(a, b, d), 2, 0)).toBe(a);
  });

  it('is what comparing one number after the other finds', () => {
    const learned = fc.record({
      inFlight: fc.nat(5),
      latencyMs: fc.option(fc.double({ min: 0, max: 60_000, noNaN: true })),
      failures: fc.nat(3),
      atMs: fc.nat(20_000),
    });
    fc.assert(
      fc.property(fc.array(learned, { minLength: 1, maxLength: 16 }), (all) => {
        const table = new LoadTable();
        const slots = Int32Array.from(all, (_, index) => table.acquireSlot(`${index}`));
        all.forEach(({ inFlight, latencyMs, failures, atMs }, slot) => {
          for (let attempt = 0; attempt < inFlight; attempt++) table.begin(slot);
          if (latencyMs !== null) table.learn(slot, { kind: 'success' }, latencyMs, true, atMs);
          for (let failure = 0; failure < failures; failure++)
            table.learn(slot, { kind: 'failure', reason: 'status' }, 1, true, atMs);
        });
        const load = (slot: number): number => table.inFlight(slot) + table.wholeFailureScore(slot, 20_000);
        const before = (one: number, other: number): number =>
          load(one) - load(other) || table.idleLatencyMs(one, 20_000) - table.idleLatencyMs(other, 20_000);
        const [first] = [...slots].sort(before) as [number];
        const found = table.leastLoaded(slots, slots.length, 20_000);
        expect(load(found)).toBe(load(first));
        // Both in one number: equal to within its last digit, 2⁻¹⁴ ms at 45 in flight or as much in failures.
        expect(table.idleLatencyMs(found, 20_000) - table.idleLatencyMs(first, 20_000)).toBeLessThan(2 ** -12);
      }),
    );
  });
});

describe('slots', () => {
  it('stay with their id', () => {
    const { table, slot } = tableWith('a');
    const other = table.acquireSlot('b');
    expect(other).not.toBe(slot);
    expect(table.acquireSlot('a')).toBe(slot);
    expect(table.slotOf('b')).toBe(other);
    expect(table.slotOf('c')).toBeUndefined();
  });

  it('are reused, and know nothing of their last tenant', () => {
    const { table, slot } = tableWith('a');
    table.learn(slot, FAILURE, 1, true, 0);
    table.learn(slot, SUCCESS, 50, true, 0);
    table.forget('a');
    expect(table.acquireSlot('b')).toBe(slot);
    expect(table.failureScore(slot, 0)).toBe(0);
    expect(table.latencyMs(slot)).toBeUndefined();
  });

  it('are not reused while an attempt of their last tenant is in flight', () => {
    const { table, slot } = tableWith('a');
    table.begin(slot);
    table.forget('a');
    const again = table.acquireSlot('a');
    expect(again).not.toBe(slot);
    table.learn(slot, FAILURE, 1, true, 0);
    expect(table.end(slot)).toBe(0);
    expect(table.failureScore(again, 0)).toBe(0);
    expect(table.inFlight(again)).toBe(0);
    expect(table.acquireSlot('c')).toBe(slot);
  });

  it('behave like one object per endpoint, whatever comes and goes', () => {
    interface Model {
      inFlight: number;
      failures: number;
    }
    const step = fc.record({
      what: fc.constantFrom('acquire', 'begin', 'end', 'fail', 'forget'),
      id: fc.integer({ min: 0, max: 39 }).map(String),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        const table = new LoadTable();
        const models = new Map<string, Model>();
        const leases: { slot: number; model: Model }[] = [];
        for (const { what, id } of steps) {
          const slot = table.slotOf(id);
          const model = models.get(id);
          expect(slot === undefined).toBe(model === undefined);
          if (what === 'acquire') {
            table.acquireSlot(id);
            if (model === undefined) models.set(id, { inFlight: 0, failures: 0 });
          } else if (what === 'forget') {
            table.forget(id);
            models.delete(id);
          } else if (what === 'end') {
            const lease = leases.shift();
            if (lease !== undefined) expect(table.end(lease.slot)).toBe(--lease.model.inFlight);
          } else if (slot !== undefined && model !== undefined) {
            if (what === 'begin') {
              table.begin(slot);
              model.inFlight++;
              leases.push({ slot, model });
            } else {
              table.learn(slot, FAILURE, 1, true, 0);
              model.failures++;
            }
          }
          for (const [known, { inFlight, failures }] of models) {
            const place = table.slotOf(known)!;
            expect(table.inFlight(place)).toBe(inFlight);
            expect(table.failureScore(place, 0)).toBe(Math.min(30, 10 * failures));
          }
        }
      }),
      { numRuns: 50 },
    );
  });
});
