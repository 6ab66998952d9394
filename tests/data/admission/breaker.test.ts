import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  createBreaker,
  type Breaker,
  type BreakerChange,
  type BreakerPermit,
  type BreakerVerdict,
} from '../../../src/data/admission/breaker.js';
import { DEFAULT_BREAKER_SETTINGS, type BreakerSettings } from '../../../src/data/admission/breaker-settings.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

/** No jitter: random 0.5 is its middle. */
const MIDDLE = { next: () => 0.5 };

interface Bench {
  readonly breaker: Breaker;
  readonly changes: BreakerChange[];
  nowMs: number;
  enter(): BreakerPermit | undefined;
  leave(permit: BreakerPermit | undefined, verdict: BreakerVerdict, tookMs?: number): void;
  /** Calls one after the other: `x` fails, `s` is slow, `.` is well. */
  calls(pattern: string): void;
  state(): string;
}

function bench(settings: Partial<BreakerSettings> = {}, random = MIDDLE): Bench {
  const changes: BreakerChange[] = [];
  const breaker = createBreaker(undefined, { ...DEFAULT_BREAKER_SETTINGS, ...settings }, random, (change) =>
    changes.push(change),
  );
  return {
    breaker,
    changes,
    nowMs: 0,
    enter() {
      return breaker.tryEnter(this.nowMs);
    },
    leave(permit, verdict, tookMs = 1) {
      if (permit === undefined) throw new Error('the breaker refused the call');
      breaker.leave(permit, verdict, tookMs, this.nowMs);
    },
    calls(pattern) {
      for (const mark of pattern)
        this.leave(this.enter(), mark === 'x' ? 'failure' : 'success', mark === 's' ? 5_000 : 1);
    },
    state() {
      return breaker.view(this.nowMs).state;
    },
  };
}

function tripped(settings: Partial<BreakerSettings> = {}): Bench {
  const made = bench({ minVolume: 2, ...settings });
  made.calls('xx');
  expect(made.state()).toBe('open');
  return made;
}

function halfOpen(settings: Partial<BreakerSettings> = {}): Bench {
  const made = tripped(settings);
  made.nowMs += 10_000;
  expect(made.state()).toBe('half-open');
  return made;
}

describe('a closed breaker', () => {
  it("opens by resilience4j's vectors of a window of ten calls", () => {
    const made = bench({ windowCalls: 10, minVolume: 10, windowMs: 3_600_000, failureThreshold: 0.6 });
    made.calls('..xx');
    expect(made.breaker.view(0)).toMatchObject({ state: 'closed', calls: 4, failures: 2 });
    made.calls('....');
    made.calls('xxx');
    // Ten kept: two, four fine, three: 5 of 10.
    expect(made.breaker.view(0)).toMatchObject({ state: 'closed', calls: 10, failures: 5 });
    made.calls('...');
    expect(made.breaker.view(0)).toMatchObject({ state: 'closed', calls: 10, failures: 3 });
    const sixOfTen = bench({ windowCalls: 10, minVolume: 10, failureThreshold: 0.6 });
    sixOfTen.calls('..xxxx..xx');
    expect(sixOfTen.state()).toBe('open');
  });

  it.each([
    ['xxx..', '3 of 5 calls failed'],
    ['...xxx', '3 of 6 calls failed'],
  ])("opens by resilience4j's vectors of a window of time: %s", (pattern, reason) => {
    const made = bench({ windowMs: 20_000, minVolume: 5 });
    made.calls(pattern);
    expect(made.changes).toEqual([{ key: undefined, from: 'closed', to: 'open', reason, openMs: 10_000 }]);
  });

  it("opens by resilience4j's vector of slow calls", () => {
    const made = bench({ minVolume: 5, slowCallMs: 4_000, slowThreshold: 0.6 });
    made.calls('ss..s');
    expect(made.changes).toMatchObject([{ to: 'open', reason: '3 of 5 calls were slow' }]);
  });

  it('takes no call for slow that took exactly slowCallMs', () => {
    const made = bench({ minVolume: 1, slowCallMs: 5_000 });
    made.calls('s');
    expect(made.state()).toBe('closed');
  });

  it('concludes nothing below the minimum volume', () => {
    const made = bench();
    made.calls('x'.repeat(19));
    expect(made.state()).toBe('closed');
    made.calls('x');
    expect(made.state()).toBe('open');
  });

  it('never counts what says nothing of the service', () => {
    const made = bench({ minVolume: 1 });
    for (let call = 0; call < 100; call++) made.leave(made.enter(), 'neutral');
    expect(made.breaker.view(0)).toMatchObject({ state: 'closed', calls: 0 });
  });

  it('opens if and only if some window of failures reaches threshold and volume', () => {
    const call = fc.record({ gapMs: fc.integer({ min: 0, max: 900 }), failed: fc.boolean() });
    const settings = fc.record({
      minVolume: fc.integer({ min: 1, max: 10 }),
      windowCalls: fc.integer({ min: 1, max: 20 }),
      failureThreshold: fc.constantFrom(0.25, 0.5, 0.75, 1),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 60 }), settings, (calls, own) => {
        const made = bench({ ...own, windowMs: 5_000 });
        const seen: { atMs: number; failed: boolean }[] = [];
        for (const { gapMs, failed } of calls) {
          made.nowMs += gapMs;
          made.calls(failed ? 'x' : '.');
          seen.push({ atMs: made.nowMs, failed });
          const kept = seen.slice(-own.windowCalls).filter(({ atMs }) => made.nowMs - atMs < 5_000);
          const failures = kept.filter((one) => one.failed).length;
          const expected =
            kept.length >= Math.min(own.minVolume, own.windowCalls) && failures >= own.failureThreshold * kept.length;
          expect(made.state()).toBe(expected ? 'open' : 'closed');
          if (expected) return;
        }
      }),
    );
  });
});

describe('an open breaker', () => {
  it('refuses until its time is over, and says when that is', () => {
    const made = tripped();
    made.nowMs = 3_000;
    expect(made.enter()).toBeUndefined();
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'open', nextProbeInMs: 7_000, times: 1 });
    made.nowMs = 9_999;
    expect(made.enter()).toBeUndefined();
    made.nowMs = 10_000;
    expect(made.enter()).toMatchObject({ probe: true });
  });

  it('stays open twice as long each time its probes fail, up to the maximum', () => {
    const made = tripped({ probes: 1 });
    const lengths: (number | undefined)[] = [];
    for (let round = 0; round < 5; round++) {
      made.nowMs += made.breaker.view(made.nowMs).nextProbeInMs ?? 0;
      made.calls('x');
      lengths.push(made.breaker.view(made.nowMs).nextProbeInMs);
    }
    expect(lengths).toEqual([20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('is jittered at the maximum as well', () => {
    const made = bench({ minVolume: 1, probes: 1, openMs: 60_000 }, createSeededRandom(7));
    const lengths = new Set<number>();
    for (let round = 0; round < 200; round++) {
      made.calls('x');
      const length = made.breaker.view(made.nowMs).nextProbeInMs ?? 0;
      expect(length).toBeGreaterThanOrEqual(54_000);
      expect(length).toBeLessThanOrEqual(66_000);
      lengths.add(length);
      made.nowMs += length;
    }
    expect(lengths.size).toBe(200);
    // The mean of 200 draws from ±6000 has a standard deviation of 6000 / √3 / √200 = 245: within four of them.
    const mean = [...lengths].reduce((sum, length) => sum + length, 0) / 200;
    expect(Math.abs(mean - 60_000)).toBeLessThan(980);
  });

  it('begins at the first length again once it has been closed for longer than it was open', () => {
    const made = halfOpen({ probes: 1 });
    made.calls('x');
    made.nowMs += 20_000;
    made.calls('.');
    expect(made.state()).toBe('closed');
    made.nowMs += 19_999;
    made.calls('xx');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ times: 3, nextProbeInMs: 40_000 });
    made.nowMs += 40_000;
    made.calls('.');
    made.nowMs += 40_000;
    made.calls('xx');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ times: 1, nextProbeInMs: 10_000 });
  });
});

describe('a half-open breaker', () => {
  it('admits as many probes as configured of a thousand callers, and nobody after them', () => {
    const made = halfOpen();
    const permits = Array.from({ length: 1_000 }, () => made.enter()).filter((permit) => permit !== undefined);
    expect(permits).toHaveLength(5);
  });

  it('admits one of a thousand as each place falls free by a caller who gave up', () => {
    const made = halfOpen();
    const permits = Array.from({ length: 5 }, () => made.enter());
    made.leave(permits[0], 'neutral');
    expect(Array.from({ length: 1_000 }, () => made.enter()).filter((permit) => permit !== undefined)).toHaveLength(1);
  });

  it("decides by resilience4j's vector as soon as the rest cannot change it: two of four failed", () => {
    const made = halfOpen({ probes: 4 });
    const permits = Array.from({ length: 4 }, () => made.enter());
    expect(made.enter()).toBeUndefined();
    made.leave(permits[0], 'failure');
    expect(made.state()).toBe('half-open');
    made.leave(permits[1], 'failure');
    expect(made.changes.at(-1)).toMatchObject({ from: 'half-open', to: 'open', reason: '2 of 2 probes failed' });
  });

  it('closes as soon as the rest cannot keep it open, with an empty window', () => {
    const made = halfOpen();
    made.calls('.x.');
    expect(made.state()).toBe('half-open');
    made.calls('.');
    expect(made.changes.at(-1)).toMatchObject({ to: 'closed', reason: '3 of 4 probes succeeded' });
    expect(made.breaker.view(made.nowMs)).toMatchObject({ calls: 0, failures: 0 });
  });

  it('opens again when probes succeed but are slow', () => {
    const made = halfOpen({ slowCallMs: 4_000, probes: 2 });
    made.calls('s');
    expect(made.changes.at(-1)).toMatchObject({ to: 'open', reason: '1 of 1 probes were slow' });
  });

  it('takes probes that never answer for failed, and is open again for a while instead of for ever', () => {
    const made = halfOpen({ probeTimeoutMs: 2_000 });
    const lost = Array.from({ length: 5 }, () => made.enter());
    made.nowMs += 1_000;
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'half-open', nextProbeInMs: 1_000 });
    made.nowMs += 1_000;
    expect(made.enter()).toBeUndefined();
    expect(made.state()).toBe('open');
    made.leave(lost[0], 'success');
    expect(made.state()).toBe('open');
    made.nowMs += 20_000;
    expect(made.enter()).toBeDefined();
  });

  it('releases the place of a probe that never answered, and counts that one as failed once', () => {
    const made = halfOpen({ probes: 3, failureThreshold: 1, probeTimeoutMs: 2_000 });
    const lost = made.enter();
    made.nowMs += 2_000;
    made.leave(lost, 'failure');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'half-open', calls: 1, failures: 1 });
    made.calls('.');
    expect(made.state()).toBe('closed');
  });

  it('never has more probes than configured, whatever order calls begin and end in', () => {
    const step = fc.oneof(
      fc.constant('enter' as const),
      fc.record({ end: fc.nat(50), verdict: fc.constantFrom<BreakerVerdict>('success', 'failure', 'neutral') }),
      fc.record({ waitMs: fc.nat(12_000) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 120 }), (probes, steps) => {
        const made = bench({ probes, minVolume: 2, probeTimeoutMs: 4_000 });
        const running: BreakerPermit[] = [];
        for (const one of steps) {
          if (one === 'enter') {
            const before = made.breaker.view(made.nowMs);
            const permit = made.enter();
            if (before.state === 'open') expect(permit).toBeUndefined();
            if (before.state === 'half-open' && before.calls >= probes) expect(permit).toBeUndefined();
            if (permit !== undefined) running.push(permit);
          } else if ('waitMs' in one) made.nowMs += one.waitMs;
          else {
            const [permit] = running.splice(one.end % Math.max(1, running.length), 1);
            if (permit !== undefined) made.leave(permit, one.verdict);
          }
          const view = made.breaker.view(made.nowMs);
          if (view.state === 'half-open') expect(view.calls).toBeLessThan(probes);
          if (view.nextProbeInMs !== undefined) expect(view.nextProbeInMs).toBeGreaterThanOrEqual(0);
        }
        // It cannot stick: after every wait that it knows of there is a place for somebody.
        made.nowMs += 200_000;
        expect(made.enter()).toBeDefined();
      }),
      {
        // A probe that nobody waited for: its time was over long before anybody asked.
        examples: [
          [
            1,
            [
              'enter',
              'enter',
              { end: 0, verdict: 'failure' },
              { end: 0, verdict: 'failure' },
              { waitMs: 10_000 },
              'enter',
            ],
          ],
        ],
      },
    );
  });
});

describe('a breaker in the hands of an operator', () => {
  it('refuses everything until it is released, however long that takes', () => {
    const made = bench();
    made.breaker.isolate(0);
    made.nowMs = 86_400_000;
    expect(made.enter()).toBeUndefined();
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'isolated', nextProbeInMs: undefined });
    made.breaker.release(made.nowMs);
    expect(made.enter()).toBeDefined();
    expect(made.changes.map(({ from, to }) => `${from} ${to}`)).toEqual(['closed isolated', 'isolated closed']);
  });

  it('is closed at once by a release, and forgets its past', () => {
    const made = tripped();
    made.breaker.release(0);
    made.calls('x');
    expect(made.breaker.view(0)).toMatchObject({ state: 'closed', calls: 1, times: 0 });
  });

  it('says nothing of an order that changes nothing', () => {
    const made = bench();
    made.breaker.release(0);
    made.breaker.isolate(0);
    made.breaker.isolate(0);
    expect(made.changes).toHaveLength(1);
  });

  it('hears nothing of calls that began before the order', () => {
    const made = bench({ minVolume: 1 });
    const early = made.enter();
    made.breaker.isolate(0);
    made.breaker.release(0);
    made.leave(early, 'failure');
    expect(made.breaker.view(0)).toMatchObject({ state: 'closed', calls: 0 });
  });
});

/** Each of these was seen in opossum 10 or cockatiel 4. */
describe('what breakers got wrong', () => {
  it('opening on the first failure of all (opossum): one of one is no evidence', () => {
    const made = bench();
    made.calls('x');
    expect(made.state()).toBe('closed');
  });

  it('a late success of a call begun before the trip closes the half-open breaker (opossum)', () => {
    const made = bench({ minVolume: 2 });
    const late = made.enter();
    made.calls('xx');
    made.nowMs = 10_000;
    const probe = made.enter();
    made.leave(late, 'success');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'half-open', calls: 0 });
    made.leave(probe, 'neutral');
  });

  it('a failure of the closed days opens the half-open breaker again (cockatiel)', () => {
    const made = bench({ minVolume: 2, probes: 1 });
    const late = made.enter();
    made.calls('xx');
    made.nowMs = 10_000;
    expect(made.state()).toBe('half-open');
    made.leave(late, 'failure');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'half-open', calls: 0 });
  });

  it('a late failure counts in the next closed days', () => {
    const made = bench({ minVolume: 2, probes: 1 });
    const late = made.enter();
    made.calls('xx');
    made.nowMs = 10_000;
    made.calls('.');
    made.leave(late, 'failure');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'closed', calls: 0 });
  });

  it('a trial that never settles makes it refuse for ever (opossum)', () => {
    const made = halfOpen({ probes: 1 });
    made.enter();
    made.nowMs += 30_000;
    expect(made.state()).toBe('open');
    made.nowMs += 20_000;
    expect(made.enter()).toBeDefined();
  });

  it('ten failures, an hour of silence and one failure open it (cockatiel)', () => {
    const made = bench({ minVolume: 11 });
    made.calls('x'.repeat(10));
    made.nowMs = 3_600_000;
    made.calls('x');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'closed', calls: 1, failures: 1 });
  });

  it('what it says of itself counts from when it was made, not from when it opened (opossum)', () => {
    const made = bench({ minVolume: 2 });
    made.nowMs = 3_600_000;
    made.calls('xx');
    expect(made.breaker.view(made.nowMs)).toMatchObject({ state: 'open', nextProbeInMs: 10_000 });
  });

  it('its settings are changed, so that breakers which share them share more than that (opossum)', () => {
    const shared = Object.freeze({ ...DEFAULT_BREAKER_SETTINGS, minVolume: 2 });
    const [one, other] = [createBreaker('a', shared, MIDDLE, () => {}), createBreaker('b', shared, MIDDLE, () => {})];
    for (let call = 0; call < 2; call++) one.leave(one.tryEnter(0) as BreakerPermit, 'failure', 1, 0);
    expect([one.view(0).state, other.view(0).state]).toEqual(['open', 'closed']);
  });
});
