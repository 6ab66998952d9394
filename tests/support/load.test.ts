import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';

import { quantile, startLoad } from './load.js';

describe('the load generator', () => {
  it('keeps as many callers busy as asked for, and waits for them in the end', async () => {
    let busy = 0;
    let busiest = 0;
    let ended = 0;
    const load = startLoad({
      concurrency: 3,
      call: async () => {
        busiest = Math.max(busiest, ++busy);
        await sleep(10);
        busy--;
        ended++;
      },
    });
    await sleep(60);
    const result = await load.stop();
    expect(busiest).toBe(3);
    expect([busy, ended]).toEqual([0, result.calls]);
    expect(result.latencies).toHaveLength(result.calls);
    expect(result.p50).toBeGreaterThanOrEqual(9);
  });

  it('calls at a rate, whether or not there are answers', async () => {
    const load = startLoad({ ratePerSecond: 200, call: () => sleep(150) });
    await sleep(300);
    const { calls, durationMs } = await load.stop();
    // Calls are due evenly: as many as the time allows, but for the last tick and the wait for the last answers.
    expect(calls).toBeGreaterThanOrEqual(200 * 0.3 - 3);
    expect(calls).toBeLessThanOrEqual((200 * durationMs) / 1000 + 1);
  });

  it('times calls of a rate from when they were due, so that a stall of the client shows', async () => {
    const load = startLoad({ ratePerSecond: 100, call: async () => {} });
    await sleep(20);
    const until = performance.now() + 120;
    while (performance.now() < until);
    await sleep(10);
    const { latencies } = await load.stop();
    expect(latencies.at(-1)).toBeGreaterThan(90);
  });

  it('collects errors apart from latencies', async () => {
    const load = startLoad({
      concurrency: 1,
      call: async (n) => {
        await sleep(1);
        if (n % 2 === 1) throw new Error(`call ${n}`);
      },
    });
    while (load.calls < 5) await sleep(1);
    const { calls, errors, latencies } = await load.stop();
    expect(errors[0]?.message).toBe('call 1');
    expect(errors.length + latencies.length).toBe(calls);
  });

  it('takes the nearest-rank quantile', () => {
    const values = [10, 20, 30, 40];
    expect([0, 0.25, 0.5, 0.99, 1].map((share) => quantile(values, share))).toEqual([10, 10, 20, 40, 40]);
    expect(quantile([], 0.5)).toBeNaN();
  });
});
