import { describe, expect, it } from '@jest/globals';

import { SUCCESS } from '../../../src/core/outcome.js';
import type { EjectionSettings } from '../../../src/control/health/ejection-settings.js';
import { connectFailure, createBench, names, status, type Bench } from './ejection-bench.js';

const SUCCESS_RATE = { stdevFactor: 1.9, minEndpoints: 5, minVolume: 100 };
const LATENCY = { factor: 3, minDifferenceMs: 20, minEndpoints: 3, minVolume: 20 };
/** No other rule speaks. */
const ALONE: Partial<EjectionSettings> = { consecutiveFailures: 0, failureThreshold: 0, silence: false };

function attempts(bench: Bench, id: string, good: number, bad: number, outcome = status(503)): void {
  bench.succeed(id, good);
  for (let n = 0; n < bad; n++) bench.settle(id, outcome);
}

describe('ejection by success rate', () => {
  const settings = { ...ALONE, successRate: SUCCESS_RATE, baseEjectionMs: 10_000 };

  it('judges at the end of an interval, by that interval only (vector of Envoy)', () => {
    const bench = createBench(names(5), settings);
    for (const id of names(4)) attempts(bench, id, 200, 0);
    attempts(bench, 'e4', 200, 200);
    bench.clock.advance(9_999);
    expect(bench.log).toEqual([]);
    bench.clock.advance(1);
    expect(bench.log[0]).toBe('eject e4 success-rate 10000 1');
    bench.clock.advance(10_000);
    expect(bench.ejection.takeProbe('e4')).toBe(true);
    bench.settle('e4', SUCCESS, { probe: true });
    // 25 attempts each are below the volume, whatever was there before.
    for (const id of names(5)) attempts(bench, id, 0, id === 'e4' ? 25 : 0);
    for (const id of names(4)) attempts(bench, id, 25, 0);
    bench.clock.advance(20_000);
    expect(bench.kinds()).not.toContain('ejected');
  });

  it('keeps no timer without traffic', () => {
    const { clock } = createBench(names(5), settings);
    expect(clock.pendingTimers).toBe(0);
  });

  it('counts nothing of an endpoint that was ejected or left meanwhile, and stops when closed', () => {
    const bench = createBench(names(6), { ...settings, consecutiveFailures: 150 });
    for (const id of names(5)) attempts(bench, id, 200, 0);
    attempts(bench, 'e5', 0, 150);
    expect(bench.log[0]).toBe('eject e5 consecutive-failures 10000 1');
    bench.clock.advance(10_000);
    expect(bench.log.filter((line) => line.startsWith('eject'))).toHaveLength(1);
    for (const id of names(5)) attempts(bench, id, 200, 0);
    bench.ejection.close();
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('spares everybody beyond the cap', () => {
    const bench = createBench(names(20), { ...settings, maxEjectedRatio: 0.05 });
    for (const id of names(18)) attempts(bench, id, 200, 0);
    for (const id of ['e18', 'e19']) attempts(bench, id, 0, 200);
    bench.clock.advance(10_000);
    expect(bench.ejection.ejectedCount).toBe(1);
  });

  it('compares who was reached apart from who answered well, when the two are split', () => {
    const bench = createBench(names(10), { ...settings, splitLocalOrigin: true, consecutiveLocalFailures: 0 });
    for (const id of names(8)) attempts(bench, id, 200, 0);
    attempts(bench, 'e8', 100, 100, status(503));
    attempts(bench, 'e9', 120, 100, connectFailure);
    bench.clock.advance(10_000);
    expect(bench.log.filter((line) => line.startsWith('eject'))).toEqual([
      'eject e8 success-rate 10000 1',
      'eject e9 local-success-rate 10000 1',
    ]);
  });
});

describe('ejection by latency', () => {
  const settings = { ...ALONE, latency: LATENCY };

  function answers(bench: Bench, id: string, latencyMs: number, count = 20): void {
    for (let n = 0; n < count; n++) bench.settle(id, SUCCESS, { latencyMs });
  }

  it('takes out the one whose median is far above the others, at the end of the interval', () => {
    const bench = createBench(names(4), settings);
    for (const id of names(3)) answers(bench, id, 10);
    answers(bench, 'e3', 100);
    bench.clock.advance(9_999);
    expect(bench.log).toEqual([]);
    bench.clock.advance(1);
    expect(bench.log[0]).toBe('eject e3 latency 30000 1');
    // Buckets are an octave's sixth wide, rounded up: 100 ms read as 101.6, 10 as 10.1.
    expect(bench.ejection.state('e3')).toMatchObject({
      detail: 'its median latency is 102 ms, that of the 3 others 10 ms',
    });
  });

  it('goes by good answers only: neither failures nor a few slow requests make an endpoint slow', () => {
    const bench = createBench(names(4), settings);
    for (const id of names(4)) answers(bench, id, 10, 30);
    for (let n = 0; n < 50; n++) bench.settle('e3', status(503), { latencyMs: 5_000 });
    answers(bench, 'e3', 5_000, 10);
    bench.clock.advance(10_000);
    expect(bench.log).toEqual([]);
  });
});

describe('detect-only ejection', () => {
  it.each([
    [200, 40],
    [250, 50],
    [300, 60],
  ])('of %i failures in a row tells %i verdicts, and ejects nobody (Envoy at enforcement 0)', (failures, verdicts) => {
    const bench = createBench(['a', 'b'], { detectOnly: true });
    bench.succeed('b', 10);
    for (let n = 0; n < failures; n++) bench.settle('a', status(503));
    expect(bench.log).toEqual(Array.from({ length: verdicts }, () => 'would eject a consecutive-failures 0 0'));
    expect(bench.kinds()).toBe('a:healthy b:healthy');
    expect(bench.ejection.ejectedCount).toBe(0);
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it('tells nothing that ejection would not do: of a single endpoint, or in a mass failure', () => {
    const alone = createBench(['a'], { detectOnly: true });
    for (let n = 0; n < 50; n++) alone.settle('a', status(503));
    expect(alone.log).toEqual([]);
    const mass = createBench(names(4), { detectOnly: true });
    for (let n = 0; n < 50; n++) for (const id of names(4)) mass.settle(id, status(503));
    expect(mass.log).toEqual([]);
  });
});
