/** Fleets in which something is half broken: more than one endpoint dead, one that errs, drags or flaps, all gone for a while. */

import { describe, expect, it, jest } from '@jest/globals';

import { isFairleadError } from '../../src/core/errors.js';
import type { ServerMode } from '../../src/testing/server-mode.js';
import { spend, withOrders, type Orders } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

// Eight processes take a while to start on a busy machine.
jest.setTimeout(40_000);

const FLEET = { size: 8, serviceTimeMs: 10 };
const CALLERS = 16;

/**
 * What a bad endpoint may get of all attempts once the client has had two seconds to notice: 2 %. Where a busy machine
 * makes few attempts that would be a matter of single ones, so five are allowed.
 */
const mostBad = (all: number): number => Math.max(5, 0.02 * all);

/** Attempts that began after an instant of `performance.now()`. */
function attemptsSince(orders: Orders, sinceMs: number): number {
  return orders.attempts.filter(({ atMs, durationMs }) => atMs - durationMs >= sinceMs).length;
}

describe('when two of eight endpoints are killed at once', () => {
  it('no GET fails, and they get next to nothing after two seconds', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victims = [orders.fleet.servers[2]!, orders.fleet.servers[5]!];
      const load = orders.load({ concurrency: CALLERS, call: () => orders.get() });
      await spend(500);
      await Promise.all(victims.map((victim) => victim.kill()));
      await spend(2_000);
      const noticedAtMs = performance.now();
      await spend(2_000);
      expect((await load.stop()).errors).toEqual([]);
      const bad = victims.flatMap((victim) => orders.attemptsAt(victim, noticedAtMs)).length;
      const all = attemptsSince(orders, noticedAtMs);
      expect(all).toBeGreaterThan(50);
      expect(bad).toBeLessThanOrEqual(mostBad(all));
    }));
});

describe('when one of eight endpoints', () => {
  it.each<[string, ServerMode, object]>([
    ['fails one request in five', { kind: 'flaky', ratio: 0.2 }, { concurrency: CALLERS }],
    // At a rate, since callers who wait for their answers would wait at the slow one for a share of their time.
    ['answers ten times slower', { kind: 'slow', delayMs: 90 }, { ratePerSecond: 60 }],
  ])('%s, no GET fails, and it gets next to nothing after two seconds', (_, mode, shape) =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ ...shape, call: () => orders.get() });
      await spend(500);
      await victim.setMode(mode);
      await spend(2_000);
      const noticedAtMs = performance.now();
      await spend(3_000);
      const { calls, errors } = await load.stop();
      expect(errors).toEqual([]);
      const bad = orders.attemptsAt(victim, noticedAtMs).length;
      const all = attemptsSince(orders, noticedAtMs);
      expect(all).toBeGreaterThan(60);
      expect(bad).toBeLessThanOrEqual(mostBad(all));
      // Hardly a call needed a second attempt.
      expect(orders.attempts.length).toBeLessThanOrEqual(calls * 1.05);
    }),
  );

  it('is well and ill in turns, no GET fails, and its bad half costs next to nothing', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ concurrency: CALLERS, call: () => orders.get() });
      await spend(500);
      const beganAtMs = performance.now();
      for (let turn = 0; turn < 8; turn++) {
        await victim.setMode(turn % 2 === 0 ? { kind: 'status', status: 503 } : { kind: 'ok' });
        await spend(400);
      }
      expect((await load.stop()).errors).toEqual([]);
      const failed = orders.attemptsAt(victim, beganAtMs).filter(({ outcome }) => outcome.kind !== 'success').length;
      const all = attemptsSince(orders, beganAtMs);
      expect(all).toBeGreaterThan(100);
      expect(failed).toBeGreaterThan(0);
      expect(failed).toBeLessThanOrEqual(mostBad(all));
    }));
});

describe('when all eight endpoints are down and come back', () => {
  it('every error says so, and calls are answered again within seconds', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const { servers } = orders.fleet;
      const load = orders.load({ ratePerSecond: 50, call: () => orders.get() });
      await spend(500);
      await Promise.all(servers.map((server) => server.kill()));
      await until(() => load.errors.length > 25, { what: 'errors' });
      for (const error of load.errors) expect(isFairleadError(error)).toBe(true);
      await Promise.all(servers.map((server) => server.restart()));
      const backAtMs = performance.now();
      // At this rate a few of them do all the work: those whose failures are the oldest.
      const answered = (): number =>
        orders.attempts.filter(({ atMs, status }) => atMs >= backAtMs && status === 200).length;
      await until(() => answered() >= 50, { what: 'answers', timeoutMs: 10_000 });
      await spend(1_000);
      const errorsWhenWell = load.errors.length;
      await spend(2_000);
      expect(load.errors.length).toBe(errorsWhenWell);
      // One or two may have been out before it showed that the others were no better; never more than half.
      const inUse = servers.filter((server) => orders.endpoint(server).state === 'healthy').length;
      expect(inUse).toBeGreaterThanOrEqual(FLEET.size / 2);
    }));
});

describe('a storm of aborts', () => {
  it('ejects nobody, fails nobody else, and leaves nothing in flight', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const impatient = orders.load({
        concurrency: 64,
        async call(n) {
          const signal = AbortSignal.timeout(1 + (n % 9));
          const response = await orders.client.fetch('http://orders/delay/50', { signal });
          await response.text();
        },
      });
      const patient = orders.load({ ratePerSecond: 50, call: () => orders.get() });
      await spend(3_000);
      const [stormed, served] = [await impatient.stop(), await patient.stop()];
      expect(stormed.errors.length).toBe(stormed.calls);
      expect(new Set(stormed.errors.map(({ name }) => name))).toEqual(new Set(['TimeoutError']));
      expect(stormed.errors.some(isFairleadError)).toBe(false);
      expect(served.errors).toEqual([]);
      expect(served.calls).toBeGreaterThan(50);
      expect(orders.ejections).toEqual([]);
      expect(orders.snapshot().inFlight).toBe(0);
    }));
});
