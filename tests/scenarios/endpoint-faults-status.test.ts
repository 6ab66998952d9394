import { describe, expect, it, jest } from '@jest/globals';

import { spend, withOrders, type Via } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

// Eight processes take a while to start on a busy machine.
jest.setTimeout(60_000);

const FLEET = { size: 8, serviceTimeMs: 10 };

/** Quicker than everybody else, which is what makes it dangerous to whoever counts only attempts in flight, or latency. */
const AT_ONCE = { kind: 'status', status: 503 } as const;

describe('when one of eight endpoints answers 503 at once', () => {
  it.each<[string, Via, object]>([
    ['16 callers by fetch', 'fetch', { concurrency: 16 }],
    ['16 callers by request', 'request', { concurrency: 16 }],
    ['20 calls per second by fetch', 'fetch', { ratePerSecond: 20 }],
  ])('no GET of %s fails, and it attracts no traffic', (_, via, shape) =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ ...shape, call: () => orders.get('/', via) });
      await spend(500);
      await victim.setMode(AT_ONCE);
      // A quiet client keeps to the endpoints that were a little quicker, and comes by at each of the others within some 12 s.
      await until(() => orders.attempts.some(({ status }) => status === 503), {
        what: 'a first 503',
        timeoutMs: 20_000,
      });
      await spend(1_000);
      const settledAtMs = performance.now();
      await spend(3_000);
      const { errors } = await load.stop();
      expect(errors).toEqual([]);
      const began = orders.attempts.filter(({ atMs, durationMs }) => atMs - durationMs >= settledAtMs).length;
      // 20 a second for 3 s is 60; half of it for a machine that is busy otherwise.
      expect(began).toBeGreaterThan(30);
      // One failure weighs 10 · exp(-t / 5 s) attempts in flight: 4.5 after 4 s, while 16 callers over 7 servers are 2.3
      // each. So none is due; 2 % of a fair share of 12.5 % leaves room for an uneven moment.
      expect(orders.attemptsAt(victim, settledAtMs).length).toBeLessThanOrEqual(Math.max(1, 0.02 * began));
    }),
  );

  it('it is ejected, also by 16 callers who hardly ever reach it', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ concurrency: 16, call: () => orders.get() });
      await spend(500);
      await victim.setMode(AT_ONCE);
      // A second failure comes at the latest when the first has faded, 15 s later.
      const ejection = await until(() => orders.ejections[0], { what: 'the ejection', timeoutMs: 18_000 });
      expect(ejection.endpoint).toBe(orders.endpoint(victim).id);
      expect((await load.stop()).errors).toEqual([]);
    }));

  it('it is ejected, under a load that still reaches it', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      // 20 in flight to each server: a failure score of 10, and of 20, still lets another call through, and its cap of 30
      // fades to 20 in 5 s · ln(30 / 20) = 2 s. So five in a row take some 4 s.
      const load = orders.load({ concurrency: 160, call: () => orders.get() });
      await spend(500);
      await victim.setMode(AT_ONCE);
      const ejection = await until(() => orders.ejections[0], { what: 'the ejection', timeoutMs: 12_000 });
      // Five in a row, or fewer that stand out from what the others show: whichever comes first.
      const reason = expect.stringMatching(/^(consecutive-failures|contrast)$/);
      expect(ejection).toMatchObject({ endpoint: orders.endpoint(victim).id, times: 1, reason });
      expect(orders.endpoint(victim)).toMatchObject({ state: 'ejected', ejection: { reason } });
      await spend(1_000);
      const { errors } = await load.stop();
      expect(errors).toEqual([]);
      expect(orders.attemptsAt(victim, ejection.atMs + 1)).toEqual([]);
      expect(orders.ejections).toHaveLength(1);
    }));
});
