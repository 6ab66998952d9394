/** What operators do to a registry while its services are called: the parts that are the same for each kind of registry. */

import { expect } from '@jest/globals';

import { spend } from './scenario-orders.js';
import type { Traffic } from './traffic.js';
import { until } from './until.js';

/** Waits until the service says that its registry could not be asked. */
export function untilFailing({ snapshot }: Traffic, timeoutMs = 5_000): Promise<unknown> {
  return until(() => snapshot().resolution.error !== undefined, { what: 'the failure', timeoutMs });
}

/** The registry stands still for ten seconds, which discovery notices and callers do not. */
export async function playSilence(
  traffic: Traffic,
  registry: { readonly pause: () => void; readonly resume: () => void },
): Promise<void> {
  const before = traffic.load.calls;
  const pausedAtMs = performance.now();
  registry.pause();
  try {
    await untilFailing(traffic, 9_500);
    await spend(10_000 - (performance.now() - pausedAtMs));
    expect(traffic.snapshot().resolution).toMatchObject({ status: 'found', stale: true });
  } finally {
    registry.resume();
  }
  expect(traffic.load.calls - before).toBeGreaterThan(300);
}

export interface LossOfData {
  readonly kill: () => Promise<void>;
  /** Comes back, and knows nobody. */
  readonly restart: () => Promise<void>;
  /** @default 2_000 */
  readonly downMs?: number;
  /** How long the next question may be away once it is back. @default 15_000 */
  readonly askedWithinMs?: number;
}

/** The registry is killed and comes back empty: whoever was known is used all the time. */
export async function playLossOfData(traffic: Traffic, loss: LossOfData): Promise<void> {
  const { snapshot, goesOn, endpoints, uses } = traffic;
  const ports = endpoints().map(({ port }) => port as number);
  await loss.kill();
  await untilFailing(traffic);
  await spend(loss.downMs ?? 2_000);
  expect(snapshot().resolution).toMatchObject({ status: 'found', stale: true });
  await goesOn();
  await loss.restart();
  await until(() => snapshot().resolution.held === 'empty', {
    what: 'the doubt',
    timeoutMs: loss.askedWithinMs ?? 15_000,
  });
  await goesOn();
  await uses(...ports);
}
