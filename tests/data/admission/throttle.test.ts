import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { createThrottle, rejectionProbability, type Throttle } from '../../../src/data/admission/throttle.js';
import { DEFAULT_THROTTLE_SETTINGS, type ThrottleSettings } from '../../../src/data/admission/throttle-settings.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

interface Bench {
  readonly throttle: Throttle;
  readonly clock: FakeClock;
  readonly changes: string[];
  /** Calls that have ended, one after the other. */
  ended(accepts: number, rejects: number): void;
  /** How many of so many calls are shed. */
  shed(calls: number): number;
}

function bench(settings: Partial<ThrottleSettings> = {}, seed = 7): Bench {
  const clock = createFakeClock();
  const changes: string[] = [];
  const all = { ...DEFAULT_THROTTLE_SETTINGS, ...settings };
  const throttle = createThrottle(all, clock, createSeededRandom(seed), (on, { requests, accepts }) =>
    changes.push(`${on} ${accepts}/${requests}`),
  );
  return {
    throttle,
    clock,
    changes,
    ended(accepts, rejects) {
      for (let call = 0; call < accepts; call++) throttle.ended(true, clock.now());
      for (let call = 0; call < rejects; call++) throttle.ended(false, clock.now());
    },
    shed(calls) {
      let shed = 0;
      for (let call = 0; call < calls; call++) if (!throttle.admit()) shed++;
      return shed;
    },
  };
}

describe("the book's formula", () => {
  it.each([
    [0, 0, 2, 0],
    [100, 100, 2, 0],
    [100, 50, 2, 0],
    [100, 49, 2, 2 / 101],
    [100, 25, 2, 50 / 101],
    [100, 0, 2, 100 / 101],
    [100, 50, 1.1, 45 / 101],
  ])('sheds of %i requests with %i accepts and a factor of %d: %d', (requests, accepts, factor, expected) => {
    expect(rejectionProbability(requests, accepts, factor)).toBeCloseTo(expected, 12);
  });
});

describe('a throttle', () => {
  it('sheds evenly: of every five calls at a probability of 0.8 it sends one, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const { throttle, ended } = bench({}, seed);
        ended(0, 1_000);
        const sent = Array.from({ length: 100 }, () => throttle.admit());
        for (let from = 0; from < 100; from += 5) expect(sent.slice(from, from + 5).filter(Boolean).length).toBe(1);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    [90, 10, false],
    [89, 11, true],
    // Below the minimum volume.
    [0, 49, false],
    [44, 6, true],
  ])('calls a service that accepted %i calls and rejected %i one that rejects: %s', (accepts, rejects, expected) => {
    const { ended, throttle, clock } = bench();
    ended(accepts, rejects);
    expect(throttle.isRejecting()).toBe(expected);
    clock.advance(DEFAULT_THROTTLE_SETTINGS.windowMs * 1.1);
    expect(throttle.isRejecting()).toBe(false);
  });

  it('sheds nothing while half of the calls or more are accepted', () => {
    const { shed, ended, throttle } = bench();
    ended(1_000, 1_000);
    expect(shed(10_000)).toBe(0);
    expect(throttle.view()).toEqual({ ratio: 0, requests: 2_000, accepts: 1_000 });
  });

  it('sheds nothing below the minimum volume, whatever the service does', () => {
    const { shed, ended } = bench();
    ended(0, 49);
    expect(shed(10_000)).toBe(0);
    ended(0, 1);
    expect(shed(100)).toBeGreaterThan(0);
  });

  it('does not take a burst that nobody has had the time to answer for rejected', () => {
    const { shed, throttle } = bench();
    expect(shed(10_000)).toBe(0);
    expect(throttle.view().requests).toBe(0);
  });

  it('sheds by the formula, and never more than the largest share', () => {
    const { ended, throttle, changes } = bench();
    ended(25, 75);
    expect(throttle.view().ratio).toBeCloseTo(50 / 101, 12);
    const { ended: endedToo, shed, throttle: hopeless } = bench({ windowMs: 600_000 });
    endedToo(0, 10_000);
    expect(hopeless.view().ratio).toBe(0.8);
    // Binomial(10 000, 0.8): a standard deviation of 40; four of them.
    expect(Math.abs(shed(10_000) - 8_000)).toBeLessThan(160);
    expect(changes).toEqual([]);
  });

  it('sends about twice as much as a service accepts', () => {
    // Half of 1000 calls a second arrive in each step; the service takes 100 a second of what it gets.
    const { throttle, clock } = bench();
    let sent = 0;
    let accepted = 0;
    for (let step = 0; step < 400; step++) {
      clock.advance(100);
      let room = 10;
      for (let call = 0; call < 100; call++) {
        if (!throttle.admit()) continue;
        const taken = room-- > 0;
        throttle.ended(taken, clock.now());
        if (step < 200) continue;
        sent++;
        if (taken) accepted++;
      }
    }
    // In balance sent = 2 · accepts. Of 20 000 calls 4000 are sent, give or take √(20 000 · 0.2 · 0.8) = 57; the window
    // feeds each error back, so ten of those.
    expect(accepted).toBeGreaterThan(1_900);
    expect(Math.abs(sent - 2 * accepted)).toBeLessThan(570);
  });

  it('has let everything through again within eight seconds after the service is back', () => {
    const { throttle, clock, changes } = bench();
    let lastShedMs = 0;
    const beganMs = clock.now();
    for (let step = 0; step < 600; step++) {
      clock.advance(100);
      const back = step >= 300;
      for (let call = 0; call < 20; call++) {
        if (throttle.admit()) throttle.ended(back, clock.now());
        else lastShedMs = clock.now() - beganMs;
      }
    }
    expect(lastShedMs).toBeGreaterThan(30_000);
    expect(lastShedMs).toBeLessThan(38_000);
    expect(changes.at(-1)).toMatch(/^false /);
  });

  it('forgets without any traffic, and looks no more once its window is clean', () => {
    const { ended, shed, clock, throttle } = bench();
    ended(0, 1_000);
    expect(shed(100)).toBeGreaterThan(0);
    clock.advance(5_000);
    expect(throttle.view()).toEqual({ ratio: 0, requests: 0, accepts: 0 });
    expect(shed(10_000)).toBe(0);
  });

  it('says once when it begins and once when it ends', () => {
    const { ended, shed, clock, changes } = bench();
    ended(0, 100);
    shed(50);
    clock.advance(5_000);
    shed(50);
    expect(changes).toEqual(['true 0/100', 'false 0/0']);
  });

  it('never sheds while at least 1 / factor of the calls are accepted, whatever the order', () => {
    const step = fc.record({
      gapMs: fc.nat(400),
      accepts: fc.nat(20),
      ratio: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(1.1, 2, 4), (steps, factor) => {
        const { ended, shed, clock } = bench({ factor, minVolume: 1 });
        for (const { gapMs, accepts, ratio } of steps) {
          clock.advance(gapMs);
          // Accepted calls first: each instant's window holds enough of them.
          ended(accepts, Math.floor(accepts * (factor - 1) * ratio));
          expect(shed(5)).toBe(0);
        }
      }),
    );
  });
});
