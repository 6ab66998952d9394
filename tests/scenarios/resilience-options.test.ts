/** Options of breakers, throttle, limits, budget and hedging, one effect each, on real servers through `client.fetch`. */

import { describe, expect, it, jest } from '@jest/globals';
import type { RequestListener } from 'node:http';

import type { BreakerOptions, HedgeOptions, ServiceOptions } from '../../src/client/options.js';
import type { FairleadEvents } from '../../src/core/events.js';
import { after, answers, good, hangs, inTurn, withLocalServers, type LocalServers } from '../support/local-servers.js';
import { until } from '../support/until.js';

jest.setTimeout(60_000);

/** Answers 200 so many times, and 500 from then on. */
const goodFor = (count: number): RequestListener => inTurn(...Array.from({ length: count }, () => good), answers(500));

async function stateAfter(listener: RequestListener, calls: number, breaker: BreakerOptions): Promise<string> {
  return withLocalServers([listener], { breaker, ejection: false }, async (stage) => {
    await stage.calls(0, calls);
    return stage.snapshot().breakers[0]!.state;
  });
}

describe('a breaker', () => {
  it('windowCalls: looks at the last so many calls only', async () => {
    const breaker = { windowMs: 60_000, minVolume: 10 };
    expect(await stateAfter(goodFor(30), 35, breaker)).toBe('closed');
    expect(await stateAfter(goodFor(30), 35, { ...breaker, windowCalls: 10 })).toBe('open');
  });

  it('slowCallMs and slowThreshold: opens for answers that are good and late', async () => {
    const everyOther: RequestListener = inTurn(
      ...Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? good : after(400))),
    );
    const breaker = { minVolume: 20, slowCallMs: 300 };
    expect(await stateAfter(everyOther, 20, { ...breaker, slowThreshold: 0.4 })).toBe('open');
    expect(await stateAfter(inTurn(...Array.from({ length: 20 }, () => good)), 20, breaker)).toBe('closed');
    expect(await stateAfter(after(20), 20, { minVolume: 20 })).toBe('closed');
  });

  it('maxOpenMs: is where the time between probings stops growing', async () => {
    const breaker = { minVolume: 5, openMs: 100, maxOpenMs: 150, jitterRatio: 0, probes: 1 };
    await withLocalServers([answers(500)], { breaker, ejection: false }, async (stage) => {
      const opened: (number | undefined)[] = [];
      stage.client.on('breaker', ({ to, openMs }) => to === 'open' && opened.push(openMs));
      await until(async () => (await stage.call(0), opened.length === 3), { what: 'three trips', timeoutMs: 20_000 });
      expect(opened).toEqual([100, 150, 150]);
    });
  });

  it('maxKeys: keeps so many, and forgets the one that was not used for longest', async () => {
    const breaker: BreakerOptions = { key: ({ url }) => new URL(url).pathname, maxKeys: 2 };
    await withLocalServers([good], { breaker }, async ({ client, snapshot }) => {
      for (const path of ['/a', '/b', '/c']) await (await client.fetch(`http://orders${path}`)).text();
      const keys = snapshot().breakers.map(({ key }) => key);
      expect(keys.filter((key) => key !== undefined).sort()).toEqual(['/b', '/c']);
    });
  });
});

describe('the throttle', () => {
  it.each([
    ['a third', { maxRatio: 0.3, minVolume: 10 }, 0.3],
    // Of everything that is rejected, the formula alone would shed all but the first.
    ['nine tenths', { maxRatio: 0.9, minVolume: 10 }, 0.9],
  ])('maxRatio: sheds no more than %s', async (_, throttle, most) => {
    let requests = 0;
    const full: RequestListener = (request, response) => {
      requests++;
      answers(503)(request, response);
    };
    await withLocalServers([full], { throttle, ejection: false }, async ({ calls, snapshot }) => {
      await calls(0, 400);
      const shed = 1 - requests / 400;
      // Five standard deviations of a share of 400: 5 · √(p (1 − p) / 400) is 0.12 at most, and the first calls are sent.
      expect(shed).toBeGreaterThan(most - 0.2);
      expect(shed).toBeLessThan(most + 0.12);
      expect(snapshot().throttle?.ratio).toBeCloseTo(most, 5);
    });
  });
});

describe('limits', () => {
  it('maxInFlightPerEndpoint: sends what is too much for one endpoint to another', async () => {
    const held = [0, 0];
    const holding =
      (index: number): RequestListener =>
      (_, response) => {
        held[index]!++;
        setTimeout(() => response.end(), 500);
      };
    const limits = { maxInFlightPerEndpoint: 2 };
    await withLocalServers([holding(0), holding(1)], { limits }, async ({ call }) => {
      expect(await Promise.all([call(0), call(0), call(0), call(0)])).toEqual([200, 200, 200, 200]);
      expect(held).toEqual([2, 2]);
    });
  });
});

describe('the retry budget', () => {
  it.each([
    ['minPerSecond: lends a quiet client its first retries', 3, 1],
    ['minPerSecond: at 0 lends nothing', 0, 0],
  ])('%s', async (_, minPerSecond, retried) => {
    const service = { retry: { budget: { minPerSecond }, backoffMaxMs: 1 }, ejection: false } as const;
    await withLocalServers([answers(503), answers(503)], service, async ({ client }) => {
      const retries: FairleadEvents['retry'][0][] = [];
      client.on('retry', (event) => retries.push(event));
      await (await client.fetch('http://orders/')).text();
      expect(retries.filter(({ refused }) => refused === undefined).length >= 1).toBe(retried === 1);
      if (retried === 0) expect(retries).toMatchObject([{ refused: 'budget' }]);
    });
  });
});

/** A hundred answers after 30 ms and more, then one call to a server that hangs: what got company, and when. */
async function company(hedge: HedgeOptions): Promise<FairleadEvents['hedge'][0]> {
  const hanging: RequestListener = (request, response) =>
    request.url === '/hang' ? hangs(request, response) : after(30)(request, response);
  // Company is paid for by the retry budget.
  const service: Partial<ServiceOptions> = { hedge, balancer: 'round-robin', retry: {} };
  const play = async ({ client }: LocalServers): Promise<FairleadEvents['hedge'][0]> => {
    const events: FairleadEvents['hedge'][0][] = [];
    client.on('hedge', (event) => events.push(event));
    await Promise.all(Array.from({ length: 120 }, async () => (await client.fetch('http://orders/')).text()));
    const early = events.length;
    client.fetch('http://orders/hang', { fairlead: { timeoutMs: 20_000 } }).catch(() => {});
    // Others answer meanwhile, or it would be an outage.
    await until(async () => (await (await client.fetch('http://orders/')).text(), events.length > early), {
      what: 'company',
      timeoutMs: 20_000,
    });
    return events[early]!;
  };
  return withLocalServers([hanging, hanging], service, play);
}

describe('hedge', () => {
  it('rescueFactor: is how many times the p99 an attempt waits for its rescue', async () => {
    const event = await company({ rescueMinMs: 1, rescueFactor: 10 });
    expect(event.kind).toBe('rescue');
    // The p99 is 30 ms at least.
    expect(event.afterMs).toBeGreaterThanOrEqual(300);
  });

  it('quantile and minDelayMs: hedges from then on, not before', async () => {
    const event = await company({ rescue: false, quantile: 0.5, minDelayMs: 400 });
    expect(event.kind).toBe('hedge');
    expect(event.afterMs).toBeGreaterThanOrEqual(400);
  });
});
