/**
 * What was seen to go wrong in opossum 10 and cockatiel 4, told as stories of callers of `client.fetch`. The stories of a
 * breaker's own clockwork (trips and probes in virtual time) are in tests/data/admission/breaker.test.ts.
 */

import { describe, expect, it, jest } from '@jest/globals';
import type { RequestListener } from 'node:http';

import type { ServiceSnapshot } from '../../src/client/client-snapshot.js';
import { createClient } from '../../src/client/create-client.js';
import type { BreakerOptions } from '../../src/client/options.js';
import { createFakeClock } from '../../src/testing/fake-clock.js';
import { createManualResolver } from '../../src/testing/manual-resolver.js';
import { after, answers, good, hangs, withLocalServers } from '../support/local-servers.js';
import { rejectionOf } from '../support/rejection.js';

jest.setTimeout(60_000);

const EAGER: BreakerOptions = { minVolume: 5, failureThreshold: 0.5, openMs: 60_000 };

const breakerOf = ({ breakers }: ServiceSnapshot): string | undefined => breakers[0]?.state;

describe('seen in opossum', () => {
  it('calls that the own limit refuses count as failures, and trip the breaker: here they count for nothing', async () => {
    await withLocalServers(
      [after(300)],
      { breaker: EAGER, limits: { maxInFlight: 1 } },
      async ({ client, snapshot }) => {
        const first = client.fetch('http://orders/');
        const refused = await Promise.all(
          Array.from({ length: 50 }, () => rejectionOf(client.fetch('http://orders/'))),
        );
        expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['ERR_LIMIT_EXCEEDED']));
        expect((await first).status).toBe(200);
        expect(snapshot().breakers[0]).toMatchObject({ state: 'closed', calls: 1, failures: 0 });
      },
    );
  });

  it('a failure that a filter lets pass is reported as a success: here it says nothing, and the caller gets it as it is', async () => {
    const service = { breaker: EAGER, classify: () => ({ kind: 'ignored' as const }) };
    await withLocalServers([answers(500)], service, async ({ client, snapshot }) => {
      const outcomes: unknown[] = [];
      client.on('attempt', ({ outcome }) => outcomes.push(outcome.kind));
      for (let call = 0; call < 10; call++) expect((await client.fetch('http://orders/')).status).toBe(500);
      expect(new Set(outcomes)).toEqual(new Set(['ignored']));
      expect(snapshot().breakers[0]).toMatchObject({ state: 'closed', calls: 0, failures: 0 });
    });
  });

  it("one call's timeout aborts all that share its signal: here it ends that call alone", async () => {
    const slow = after(600);
    const server: RequestListener = (request, response) => (request.url === '/hang' ? hangs : slow)(request, response);
    await withLocalServers([server], {}, async ({ client }) => {
      const { signal } = new AbortController();
      const patient = client.fetch('http://orders/slow', { signal });
      const hasty = client.fetch('http://orders/hang', { signal, fairlead: { timeoutMs: 100 } });
      expect(await rejectionOf(hasty)).toMatchObject({ code: 'ERR_CALL_TIMEOUT' });
      expect(signal.aborted).toBe(false);
      expect(await (await patient).text()).toBe('ok');
    });
  });

  it('the timer of health checks goes on after the end: here none is left', async () => {
    const clock = createFakeClock();
    const resolver = createManualResolver(['a:1', 'b:1']);
    const check = (): Promise<void> => Promise.resolve();
    const client = createClient({
      clock,
      services: { orders: { resolver, healthCheck: { check, intervalMs: 100 } } },
    });
    await client.ready();
    await clock.advanceAsync(1_000);
    expect(clock.pendingTimers).toBeGreaterThan(0);
    await client.close();
    expect(clock.pendingTimers).toBe(0);
  });

  it('the object of options is changed: here it may be frozen, and shared', async () => {
    const shared = Object.freeze({ ...EAGER });
    await withLocalServers([answers(500)], { breaker: shared }, async (bad) => {
      await withLocalServers([good], { breaker: shared }, async (other) => {
        await bad.calls(0, 10);
        await other.calls(0, 10);
        expect([breakerOf(bad.snapshot()), breakerOf(other.snapshot())]).toEqual(['open', 'closed']);
      });
    });
  });
});

describe('seen in cockatiel', () => {
  it('a timeout ends a body that streams for longer: here the time is for the headers', async () => {
    const streaming: RequestListener = (_, response) => {
      response.write('first ');
      setTimeout(() => response.end('last'), 500);
    };
    await withLocalServers([streaming], { attemptTimeoutMs: 200 }, async ({ client }) => {
      expect(await (await client.fetch('http://orders/')).text()).toBe('first last');
    });
  });

  it("retries are spent on the breaker's own refusals: here a refused call is over at once", async () => {
    let requests = 0;
    const server: RequestListener = (request, response) => {
      requests++;
      answers(503)(request, response);
    };
    const service = { breaker: EAGER, retry: { backoffBaseMs: 1, backoffMaxMs: 1 }, ejection: false as const };
    await withLocalServers([server], service, async ({ client, calls, snapshot }) => {
      const retries: unknown[] = [];
      await calls(0, 10);
      expect(breakerOf(snapshot())).toBe('open');
      client.on('retry', (event) => retries.push(event));
      const before = requests;
      for (let call = 0; call < 10; call++)
        expect(await rejectionOf(client.fetch('http://orders/'))).toMatchObject({ code: 'ERR_BREAKER_OPEN' });
      expect(requests).toBe(before);
      expect(retries).toEqual([]);
    });
  });

  it('who waits while it is half-open cannot leave: here nobody waits', async () => {
    const breaker = { ...EAGER, openMs: 50, probes: 1 };
    let broken = true;
    const server: RequestListener = (request, response) => (broken ? answers(500) : hangs)(request, response);
    await withLocalServers([server], { breaker }, async ({ client, calls, snapshot }) => {
      await calls(0, 10);
      broken = false;
      await new Promise((done) => setTimeout(done, 200));
      const given = new AbortController();
      const probe = client.fetch('http://orders/', { signal: given.signal });
      expect(breakerOf(snapshot())).toBe('half-open');
      const rest = await Promise.all(Array.from({ length: 100 }, () => rejectionOf(client.fetch('http://orders/'))));
      expect(new Set(rest.map(({ code }) => code))).toEqual(new Set(['ERR_BREAKER_OPEN']));
      given.abort();
      expect(await rejectionOf(probe)).toMatchObject({ name: 'AbortError' });
    });
  });
});
