import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import type { HealthCheckSettings } from '../../../src/control/health/health-check-settings.js';
import { createHealthChecks, type HealthChecks } from '../../../src/control/health/health-checks.js';
import type { Endpoint } from '../../../src/core/endpoint.js';
import { createFakeClock, type FakeClock } from '../../../src/testing/fake-clock.js';
import { createSeededRandom } from '../../../src/testing/seeded-random.js';

/** As documented. */
const DOCUMENTED: HealthCheckSettings = {
  path: '/',
  intervalMs: 10_000,
  jitterRatio: 0,
  timeoutMs: 2_000,
  rise: 2,
  fall: 3,
  maxPerInterval: 100,
  uneject: true,
};

interface Bench {
  readonly checks: HealthChecks;
  readonly clock: FakeClock;
  readonly log: string[];
  /** Clock times at which each was asked. */
  readonly asked: Map<string, number[]>;
  /** What the next checks of an endpoint come to; well when there is none. */
  readonly answers: Map<string, 'fails' | 'says no' | 'hangs'>;
  join(...ids: string[]): void;
}

const endpoint = (id: string): Endpoint => ({ id }) as Endpoint;
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `e${index}`);

function createBench(settings: Partial<HealthCheckSettings> = {}): Bench {
  const clock = createFakeClock(0);
  const log: string[] = [];
  const asked = new Map<string, number[]>();
  const answers: Bench['answers'] = new Map();
  const checks = createHealthChecks({
    settings: { ...DOCUMENTED, ...settings },
    clock,
    random: createSeededRandom(1),
    probe: ({ id }) => {
      asked.set(id, [...(asked.get(id) ?? []), clock.now()]);
      const answer = answers.get(id);
      if (answer === 'hangs') return new Promise(() => {});
      if (answer === 'fails') throw new Error('refused');
      return Promise.resolve(answer !== 'says no');
    },
    onPassed: (id) => log.push(`${id} passed`),
    onTurned: (id, healthy, detail) => log.push(`${id} ${healthy ? 'healthy' : 'unhealthy'}: ${detail}`),
    onChange: () => log.push('change'),
  });
  return { checks, clock, log, asked, answers, join: (...ids) => checks.setMembers(ids.map(endpoint)) };
}

describe('active checks', () => {
  it('ask everybody once in an interval, evenly spread', async () => {
    const { clock, asked, join } = createBench();
    join('a', 'b', 'c', 'd');
    await clock.advanceAsync(20_000);
    expect([...asked.values()]).toEqual([
      [2_500, 12_500],
      [5_000, 15_000],
      [7_500, 17_500],
      [10_000, 20_000],
    ]);
  });

  it('spread their times by the jitter', async () => {
    const { clock, asked, join } = createBench({ jitterRatio: 0.5 });
    join('a');
    await clock.advanceAsync(200_000);
    const waits = asked.get('a')!.map((ms, n, all) => ms - (all[n - 1] ?? 0));
    expect(new Set(waits).size).toBe(waits.length);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(5_000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(15_000);
  });

  it.each(['fails', 'says no', 'hangs'] as const)(
    'that come to "%s" three times make an endpoint unhealthy, two good ones healthy',
    async (answer) => {
      const { checks, clock, log, answers, join } = createBench();
      join('a');
      answers.set('a', answer);
      await clock.advanceAsync(29_999);
      expect(log).toEqual([]);
      await clock.advanceAsync(2_001);
      const why = { fails: 'refused', 'says no': 'the check said no', hangs: 'no answer within 2000 ms' }[answer];
      expect(log[0]).toContain(`a unhealthy: 3 checks in a row failed, the last: `);
      expect(log[0]).toContain(why);
      expect(checks.state('a')).toMatchObject({ kind: 'unhealthy' });
      expect(checks.unhealthyCount).toBe(1);
      answers.clear();
      await clock.advanceAsync(8_000);
      expect(checks.unhealthyCount).toBe(1);
      await clock.advanceAsync(10_000);
      expect(log.slice(1)).toEqual(['change', 'a healthy: 2 checks in a row succeeded', 'change', 'a passed']);
      expect(checks.unhealthyCount).toBe(0);
    },
  );

  it('begin to count anew with each other answer', async () => {
    const { clock, log, answers, join } = createBench();
    join('a');
    for (const answer of ['fails', 'fails', undefined, 'fails', 'fails', undefined] as const) {
      if (answer === undefined) answers.clear();
      else answers.set('a', answer);
      await clock.advanceAsync(10_000);
    }
    expect(log).toEqual(['a passed', 'a passed']);
  });

  it('ask no endpoint that has not answered yet', async () => {
    const { clock, asked, answers, join } = createBench({ timeoutMs: 35_000 });
    join('a');
    answers.set('a', 'hangs');
    await clock.advanceAsync(44_000);
    expect(asked.get('a')).toEqual([10_000]);
  });

  it('ask a part of a large set each time, all in turn, and those in doubt half of the time', async () => {
    const { clock, asked, answers, join } = createBench({ maxPerInterval: 10 });
    join(...names(50));
    await clock.advanceAsync(50_000);
    expect([asked.size, [...asked.values()].flat().length]).toEqual([50, 50]);
    answers.set('e0', 'fails');
    await clock.advanceAsync(100_000);
    expect(asked.size).toBe(50);
    const before = asked.get('e0')!.length;
    await clock.advanceAsync(10_000);
    expect(asked.get('e0')!.length - before).toBeGreaterThanOrEqual(5);
  });

  it('forget who leaves, and set no timer for nobody or after the end', async () => {
    const { checks, clock, log, answers, join } = createBench();
    expect(clock.pendingTimers).toBe(0);
    join('a');
    answers.set('a', 'fails');
    await clock.advanceAsync(30_000);
    expect(checks.unhealthyCount).toBe(1);
    join();
    expect(checks.unhealthyCount).toBe(0);
    join('a');
    expect(checks.state('a')).toBeUndefined();
    answers.set('a', 'hangs');
    await clock.advanceAsync(10_000);
    checks.close();
    await clock.advanceAsync(0);
    expect(clock.pendingTimers).toBe(0);
    expect(log).toHaveLength(2);
  });

  it('count unhealthy ones as a recount would', async () => {
    const step = fc.record({
      id: fc.constantFrom('a', 'b', 'c'),
      answer: fc.constantFrom('fails', 'hangs', undefined),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { checks, clock, answers, join } = createBench({ fall: 1, rise: 1 });
        join('a', 'b', 'c');
        for (const { id, answer } of steps) {
          if (answer === undefined) answers.delete(id);
          else answers.set(id, answer);
          await clock.advanceAsync(13_000);
          expect(checks.unhealthyCount).toBe(['a', 'b', 'c'].filter((one) => checks.state(one) !== undefined).length);
          expect(['a', 'b', 'c'].filter((one) => checks.state(one) !== undefined)).toEqual(
            ['a', 'b', 'c'].filter((one) => answers.has(one)),
          );
        }
        checks.close();
      }),
      { numRuns: 20 },
    );
  });
});
