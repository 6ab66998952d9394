import { describe, expect, it, jest } from '@jest/globals';

import { spend, withOrders, type Via } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

// An attempt waits 10 s for an answer by default, and eight processes take a while to start on a busy machine.
jest.setTimeout(30_000);

const FLEET = { size: 8, serviceTimeMs: 10 };
/** A rescue comes after a second; without it these calls would take as long as an attempt's timeout. */
const ATTEMPT_TIMEOUT_MS = 10_000;
/** So that several sentences, and the attempts that probe, fit into a test. */
const SHORT = { attemptTimeoutMs: 1_000, ejection: { baseEjectionMs: 500 } };

describe('when one of eight endpoints is stopped, so that it accepts and never answers', () => {
  it.each<[string, Via, object]>([
    ['16 callers by fetch', 'fetch', { concurrency: 16 }],
    ['20 calls per second by request', 'request', { ratePerSecond: 20 }],
  ])('every GET of %s is rescued long before the timeout of an attempt, and it is ejected after one', (_, via, shape) =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ ...shape, call: () => orders.get('/', via) });
      await spend(500);
      victim.pause();
      const ejection = await until(() => orders.ejections[0], { what: 'the ejection', timeoutMs: 20_000 });
      expect(orders.endpoint(victim)).toMatchObject({
        id: ejection.endpoint,
        state: 'ejected',
        ejection: { times: 1 },
      });
      const timeout = orders.attempts.find(({ outcome }) => outcome.kind === 'failure')!;
      expect(timeout).toMatchObject({ address: victim.address, outcome: { reason: 'timeout' } });
      // The one timeout is proof enough when the others answered meanwhile; seconds would do.
      expect(ejection.atMs - timeout.atMs).toBeLessThan(3_000);
      await spend(2_000);
      const { errors, latencies } = await load.stop();
      expect(errors).toEqual([]);
      expect(latencies.at(-1)).toBeLessThan(ATTEMPT_TIMEOUT_MS);
      // The sentence is 30 s: no probe is due yet.
      expect(orders.attemptsAt(victim, ejection.atMs + 1)).toEqual([]);
    }),
  );

  it('it gets one probe per sentence, and comes back by one when it goes on', () =>
    withOrders({ fleet: { size: 8, serviceTimeMs: 50 }, service: SHORT }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ concurrency: 100, call: () => orders.get() });
      await spend(500);
      victim.pause();
      const sentences = (): number => orders.ejections.length;
      await until(() => sentences() >= 3, { what: 'three sentences', timeoutMs: 15_000 });
      const first = orders.ejections[0]!;
      expect(orders.ejections.map(({ times }) => times)).toEqual([1, 2, 3]);
      expect(orders.ejections.slice(1).map(({ reason }) => reason)).toEqual(['probe-failed', 'probe-failed']);
      // Each sentence but the last is over, and had its probe. One whose timeout fired late by half a second was this process's own
      // fault, and another one went at once.
      const probes = orders.attemptsAt(victim, first.atMs + 1).filter(({ durationMs }) => durationMs <= 1_500);
      expect(probes).toHaveLength(2);
      victim.resume();
      const back = await until(() => orders.unejections[0], { what: 'the return', timeoutMs: 10_000 });
      expect(back).toMatchObject({ endpoint: first.endpoint, by: 'probe' });
      expect(orders.attemptsAt(victim, first.atMs + 1).length).toBeGreaterThanOrEqual(sentences());
      // Its failures weigh 30 at most, and 100 callers over 8 servers are 12.5 each: 5 s · ln(30 / 12.5) = 4.4 s.
      await until(() => orders.attemptsAt(victim, back.atMs).some(({ status }) => status === 200), {
        what: 'traffic to the one that came back',
        timeoutMs: 10_000,
      });
      expect(orders.endpoint(victim).state).toBe('healthy');
      expect((await load.stop()).errors).toEqual([]);
    }));

  it('at a low rate as well', () =>
    withOrders({ fleet: FLEET, service: SHORT }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ ratePerSecond: 20, call: () => orders.get() });
      await spend(500);
      victim.pause();
      await until(() => orders.ejections.length >= 2, { what: 'two sentences', timeoutMs: 15_000 });
      victim.resume();
      await until(() => orders.unejections.length > 0, { what: 'the return', timeoutMs: 10_000 });
      expect(orders.endpoint(victim).state).toBe('healthy');
      expect((await load.stop()).errors).toEqual([]);
    }));
});
