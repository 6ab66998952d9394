import { describe, expect, it, jest } from '@jest/globals';

import { getCall } from '../../src/client/fetch-call.js';
import type { AttemptReport } from '../../src/core/call-report.js';
import { isFairleadError, type FairleadError } from '../../src/core/errors.js';
import type { ServerMode } from '../../src/testing/server-mode.js';
import type { Load } from '../support/load.js';
import { spend, withOrders, type Orders, type Via } from '../support/scenario-orders.js';

// Eight processes take a while to start on a busy machine.
jest.setTimeout(20_000);

/** Requests take a while, so that the server that dies always has some in flight: 16 callers over 8 servers are 2 each. */
const FLEET = { size: 8, serviceTimeMs: 10 };
const CALLERS = 16;
const CALLS_PER_SECOND = 20;

describe('when one of eight endpoints is killed', () => {
  it.each<[string, Via, object]>([
    ['16 callers by fetch', 'fetch', { concurrency: CALLERS }],
    ['16 callers by request', 'request', { concurrency: CALLERS }],
    ['20 calls per second by fetch', 'fetch', { ratePerSecond: CALLS_PER_SECOND }],
  ])('no GET of %s fails', (_, via, shape) =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const victim = orders.fleet.servers[3]!;
      const load = orders.load({ ...shape, call: () => orders.get('/', via) });
      await spend(500);
      await victim.kill();
      const killedAtMs = performance.now();
      const callsBefore = load.calls;
      await spend(2_000);
      const { calls, errors } = await load.stop();
      expect(errors).toEqual([]);
      // Liveness: half of the slower load's rate.
      expect(calls - callsBefore).toBeGreaterThan((2 * CALLS_PER_SECOND) / 2);
      expect(orders.attemptsAt(victim).length).toBeGreaterThan(0);
      // A failure weighs like ten attempts in flight and fades in seconds, five eject: the dead server hardly costs a try.
      expect(orders.attemptsAt(victim, killedAtMs).length).toBeLessThanOrEqual(5);
      expect(orders.snapshot().inFlight).toBe(0);
    }),
  );

  it('POSTs fail only where they were in flight, and none reaches two servers', () =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const { servers } = orders.fleet;
      const victim = servers[3]!;
      const posts = postLoad(orders);
      await spend(500);
      const seenByVictim = (await victim.stats()).received.map(({ id }) => id);
      await victim.kill();
      await spend(2_000);
      const { errors } = await posts.stop();
      // Each caller has one call at a time, so at most that many were in flight.
      expect(errors.length).toBeLessThanOrEqual(CALLERS);
      for (const error of errors) expectInFlightReset(error, victim.address);
      const survivors = await Promise.all(
        servers.filter((server) => server !== victim).map((server) => server.stats()),
      );
      expectOnce([...survivors.flatMap(({ received }) => received.map(({ id }) => id)), ...seenByVictim]);
      expectSentOnce(posts.reports);
    }));
});

describe('when one of eight endpoints resets connections', () => {
  // A killed server takes its record of requests with it; one that only behaves as if it were killed can still be asked.
  it.each<[string, ServerMode]>([
    ['before it reads a request', { kind: 'reset', when: 'before' }],
    ['after it has read one', { kind: 'reset', when: 'after' }],
  ])('%s, no POST reaches two servers, and all GETs are answered', (_, mode) =>
    withOrders({ fleet: FLEET }, async (orders) => {
      const { servers } = orders.fleet;
      const victim = servers[3]!;
      const posts = postLoad(orders);
      const gets = orders.load({ concurrency: 4, call: () => orders.get() });
      await spend(500);
      await victim.setMode(mode);
      await spend(1_500);
      const [{ errors }, answered] = await Promise.all([posts.stop(), gets.stop()]);
      expect(answered.errors).toEqual([]);
      for (const error of errors) expectInFlightReset(error, victim.address);
      const stats = await Promise.all(servers.map((server) => server.stats()));
      expectOnce(stats.flatMap(({ received }) => received.map(({ id }) => id)));
      expectSentOnce(posts.reports);
      const failures = orders.attemptsAt(victim).filter(({ outcome }) => outcome.kind === 'failure');
      expect(failures.length).toBeGreaterThan(0);
      // One failure weighs like ten attempts in flight, so only those that were there at the time fail in these seconds.
      expect(failures.length).toBeLessThanOrEqual(CALLERS);
    }),
  );
});

/** POSTs with an id each; `reports` is what each call tried. */
function postLoad(orders: Orders): Load & { readonly reports: AttemptReport[][] } {
  const reports: AttemptReport[][] = [];
  const load = orders.load({
    concurrency: CALLERS,
    async call(n) {
      try {
        const response = await orders.client.fetch('http://orders/', {
          method: 'POST',
          body: `order ${n}`,
          headers: { 'x-request-id': `post-${n}` },
        });
        reports.push([...getCall(response)!.attempts]);
        await response.text();
        if (response.status !== 200) throw new Error(`answered ${response.status}`);
      } catch (error) {
        if (isFairleadError(error)) reports.push([...error.attempts]);
        throw error;
      }
    },
  });
  return Object.assign(load, { reports });
}

function expectInFlightReset(error: unknown, address: string): void {
  expect(isFairleadError(error)).toBe(true);
  const { code, attempts } = error as FairleadError;
  expect(code).toBe('ERR_ALL_ATTEMPTS_FAILED');
  expect(attempts.at(-1)).toMatchObject({ address, sent: true, outcome: { kind: 'failure', reason: 'reset' } });
}

function expectOnce(ids: readonly string[]): void {
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
}

function expectSentOnce(reports: readonly (readonly AttemptReport[])[]): void {
  expect(reports.filter((attempts) => attempts.filter(({ sent }) => sent).length > 1)).toEqual([]);
}
