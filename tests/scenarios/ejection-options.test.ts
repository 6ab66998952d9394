/** Every option of `ejection`, through `client.fetch` and real servers. What each default is stands in tests/client/defaults.test.ts. */

import { describe, expect, it, jest } from '@jest/globals';

import type { EjectionOptions } from '../../src/client/options.js';
import { after, answers, breaksOff, good, hangs, inTurn, withLocalServers } from '../support/local-servers.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

const bad = answers(503);

/** No rule but those that a test sets. */
const OFF = { consecutiveFailures: 0, failureThreshold: 0, silence: false, contrast: false } as const;

/** All at once: each has to wait for the end of its interval. */
async function eachOf<T>(
  cases: readonly (readonly [option: T, found: boolean])[],
  reasonsFor: (option: T) => Promise<readonly string[]>,
  reason: string,
): Promise<void> {
  const found = await Promise.all(cases.map(async ([option]) => [option, await reasonsFor(option)]));
  expect(found).toEqual(cases.map(([option, isFound]) => [option, isFound ? [reason] : []]));
}

describe('an ejection option', () => {
  it('ejection: false ejects nobody', () =>
    withLocalServers([bad, good], { ejection: false }, async ({ calls, states, ejections }) => {
      await calls(0, 30);
      expect(states()).toEqual(['healthy', 'healthy']);
      expect(ejections).toEqual([]);
    }));

  it('consecutiveFailures: so many in a row', () =>
    withLocalServers([bad, good], { ejection: { ...OFF, consecutiveFailures: 3 } }, async ({ calls, states }) => {
      await calls(0, 2);
      expect(states()).toEqual(['healthy', 'healthy']);
      await calls(0, 1);
      expect(states()).toEqual(['ejected', 'healthy']);
    }));

  it.each<[string, EjectionOptions, string]>([
    ['one in three of six', { failureThreshold: 0.33, minVolume: 6 }, 'ejected'],
    ['a higher threshold', { failureThreshold: 0.34, minVolume: 6 }, 'healthy'],
    ['a larger volume', { failureThreshold: 0.33, minVolume: 7 }, 'healthy'],
  ])('failureThreshold and minVolume: %s', (_, ejection, state) =>
    withLocalServers(
      [inTurn(good, good, good, good, bad, bad), good],
      { ejection: { ...OFF, ...ejection } },
      async ({ calls, states }) => {
        await calls(0, 6);
        expect(states()).toEqual([state, 'healthy']);
      },
    ),
  );

  it('windowMs: what is older counts no longer', () =>
    withLocalServers(
      [bad, good],
      { ejection: { ...OFF, failureThreshold: 0.5, minVolume: 4, windowMs: 300 } },
      async ({ calls, states }) => {
        await calls(0, 3);
        await spend(400);
        await calls(0, 3);
        expect(states()).toEqual(['healthy', 'healthy']);
        await calls(0, 1);
        expect(states()).toEqual(['ejected', 'healthy']);
      },
    ));

  it('baseEjectionMs, maxEjectionMs and jitterRatio: the length of sentences, which the event tells with its end', () =>
    withLocalServers(
      [bad, good],
      { ejection: { ...OFF, consecutiveFailures: 1, baseEjectionMs: 50, maxEjectionMs: 120, jitterRatio: 0 } },
      async ({ call, ejections }) => {
        const beforeMs = performance.now();
        await call(0);
        await until(async () => (await call(0), ejections.length >= 3), { what: 'three sentences' });
        expect(ejections.slice(0, 3)).toMatchObject([
          { reason: 'consecutive-failures', durationMs: 50, times: 1, enforced: true },
          { reason: 'probe-failed', durationMs: 100, times: 2 },
          { reason: 'probe-failed', durationMs: 120, times: 3 },
        ]);
        const [first, second] = ejections;
        expect(first!.untilMs).toBeGreaterThanOrEqual(beforeMs + 50);
        expect(second!.untilMs).toBeGreaterThanOrEqual(first!.untilMs + 100);
        expect(second!.untilMs).toBeLessThanOrEqual(performance.now() + 120);
      },
    ));

  it('jitterRatio: up to this share shorter or longer', async () => {
    const lengths = new Set<number>();
    for (let n = 0; n < 5; n++) {
      await withLocalServers(
        [bad, good],
        { ejection: { ...OFF, consecutiveFailures: 1, baseEjectionMs: 1_000, jitterRatio: 0.5 } },
        async ({ call, ejections }) => {
          await call(0);
          lengths.add(ejections[0]!.durationMs);
        },
      );
    }
    expect(lengths.size).toBe(5);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(1_500);
  });

  // The rule for small services: see docs/health.md.
  it.each([
    [1, undefined, 0],
    [2, undefined, 1],
    [3, undefined, 1],
    [4, undefined, 2],
    [7, undefined, 3],
    [4, 0, 0],
    [4, 0.25, 1],
    [4, 0.01, 1],
    [4, 1, 3],
  ])('maxEjectedRatio: of %i endpoints and at a ratio of %s, %i may be out', (count, ratio, most) =>
    withLocalServers(
      // Each does well for a while, so that it is no mass failure, and fails one after the other.
      Array.from({ length: count }, () => inTurn(good, bad)),
      {
        panicThreshold: 0,
        ejection: { ...OFF, consecutiveFailures: 1, ...(ratio === undefined ? {} : { maxEjectedRatio: ratio }) },
      },
      async ({ calls, ejections }) => {
        for (let index = 0; index < count; index++) await calls(index, 1);
        for (let index = 0; index < count; index++) await calls(index, 1);
        expect(ejections).toHaveLength(most);
      },
    ),
  );

  it.each([
    [true, ['ejected', 'healthy']],
    [false, ['healthy', 'healthy']],
  ])('silence: %s', (silence, expected) =>
    withLocalServers(
      [hangs, good],
      { attemptTimeoutMs: 700, ejection: { ...OFF, silence } },
      async ({ call, calls, states, ejections }) => {
        const waits = call(0);
        await calls(1, 20);
        expect(await waits).toBe('failed');
        expect(states()).toEqual(expected);
        if (silence) expect(ejections).toMatchObject([{ reason: 'silence' }]);
      },
    ),
  );

  it.each([
    [true, ['ejected', 'healthy']],
    [false, ['healthy', 'healthy']],
  ])('contrast: %s', (contrast, expected) =>
    withLocalServers([bad, good], { ejection: { ...OFF, contrast } }, async ({ calls, states, ejections }) => {
      await calls(1, 110);
      await calls(0, 3);
      expect(states()).toEqual(expected);
      if (contrast) expect(ejections).toMatchObject([{ reason: 'contrast' }]);
    }),
  );

  it('successRate: off by default; { stdevFactor, minEndpoints, minVolume }', () =>
    eachOf<EjectionOptions['successRate']>(
      [
        [undefined, false],
        [false, false],
        [{ minVolume: 10 }, true],
        [{ minVolume: 11 }, false],
        [{ minVolume: 10, stdevFactor: 2.1 }, false],
        [{ minVolume: 10, minEndpoints: 6 }, false],
      ],
      (successRate) =>
        withLocalServers(
          // One success in two is no outlier by any other rule that is on.
          [inTurn(good, bad, good, bad, good, bad, good, bad, good, bad), good, good, good, good],
          { ejection: { ...OFF, windowMs: 3_000, ...(successRate === undefined ? {} : { successRate }) } },
          async ({ call, ejections, endpoint }) => {
            await Promise.all([0, 1, 2, 3, 4].flatMap((index) => Array.from({ length: 10 }, () => call(index))));
            await spend(3_200);
            expect(endpoint(0).state).toBe(ejections.length > 0 ? 'ejected' : 'healthy');
            return ejections.map(({ reason }) => reason);
          },
        ),
      'success-rate',
    ));

  it('latency: off by default; { factor, minDifferenceMs, minEndpoints, minVolume }', () =>
    eachOf<EjectionOptions['latency']>(
      [
        [undefined, false],
        [{}, true],
        [{ minVolume: 21 }, false],
        [{ minEndpoints: 4 }, false],
        [{ factor: 1_000 }, false],
        [{ minDifferenceMs: 5_000 }, false],
      ],
      (latency) =>
        withLocalServers(
          [after(800), good, good],
          { ejection: { ...OFF, windowMs: 3_000, ...(latency === undefined ? {} : { latency }) } },
          async ({ call, calls, ejections, endpoint }) => {
            const slow = Array.from({ length: 20 }, () => call(0));
            await Promise.all([calls(1, 20), calls(2, 20), ...slow]);
            await spend(3_200);
            expect(endpoint(0).state).toBe(ejections.length > 0 ? 'ejected' : 'healthy');
            return ejections.map(({ reason }) => reason);
          },
        ),
      'latency',
    ));

  it.each<[string, EjectionOptions, string | undefined]>([
    ['by default statuses and broken connections make one row', {}, 'consecutive-failures'],
    ['split, neither row is full', { splitLocalOrigin: true }, undefined],
    [
      'split, a row of answers has the usual length',
      { splitLocalOrigin: true, consecutiveFailures: 2 },
      'consecutive-failures',
    ],
  ])('splitLocalOrigin: %s', (_, ejection, reason) =>
    withLocalServers(
      [inTurn(bad, breaksOff, bad, breaksOff), good],
      { ejection: { ...OFF, consecutiveFailures: 4, ...ejection } },
      async ({ calls, ejections }) => {
        await calls(0, 4);
        expect(ejections.map((event) => event.reason)).toEqual(reason === undefined ? [] : [reason]);
      },
    ),
  );

  it('consecutiveLocalFailures: a row of its own, when they are counted apart', () =>
    withLocalServers(
      // Good again after that: two of two that fail would be no outliers.
      [breaksOff, inTurn(bad, bad, good), good],
      { ejection: { ...OFF, consecutiveFailures: 5, consecutiveLocalFailures: 2, splitLocalOrigin: true } },
      async ({ calls, ejections, states }) => {
        await calls(1, 3);
        expect(ejections).toEqual([]);
        await calls(0, 2);
        expect(ejections).toMatchObject([{ reason: 'consecutive-local-failures' }]);
        expect(states()).toEqual(['ejected', 'healthy', 'healthy']);
      },
    ));

  it('detectOnly: verdicts are told, and nobody is taken out', () =>
    withLocalServers([bad, good], { ejection: { detectOnly: true } }, async ({ calls, call, ejections, states }) => {
      await calls(0, 10);
      expect(ejections).toMatchObject([
        { reason: 'consecutive-failures', enforced: false, durationMs: 0 },
        { reason: 'consecutive-failures', enforced: false, durationMs: 0 },
      ]);
      expect(states()).toEqual(['healthy', 'healthy']);
      expect(await call(0)).toBe(503);
    }));

  it('probeTimeoutMs: a probe that does not come back is not waited for', () =>
    withLocalServers(
      [inTurn(bad, hangs, good), good],
      {
        // A probe is sent with calls that can be retried.
        retry: { maxAttempts: 2 },
        ejection: { ...OFF, consecutiveFailures: 1, baseEjectionMs: 50, probeTimeoutMs: 200 },
      },
      async ({ call, ejections, unejections, endpoint }) => {
        await call(0);
        expect(ejections).toHaveLength(1);
        await until(() => endpoint(0).state === 'probing', { what: 'the end of the sentence' });
        void call(0);
        await until(() => endpoint(0).inFlight === 1, { what: 'the first probe' });
        await call(1);
        expect(unejections).toEqual([]);
        await until(async () => (await call(1), unejections.length > 0), { what: 'the second probe' });
        expect(unejections).toMatchObject([{ by: 'probe' }]);
        expect(endpoint(0).state).toBe('healthy');
      },
    ));
});
