/**
 * The simulator against what queueing theory knows in closed form: all of it, from arrivals to the library's own pickers.
 *
 * Tolerances come from the runs themselves. Each is cut into 20 batches in the order of arrival; their means are nearly
 * independent and normal, so the mean of all deviates by their standard deviation / √20, and by 4.5 of those once in
 * 4,000 (Student's t with 19 degrees of freedom). The seeds are fixed: what holds once holds for ever.
 */

import { describe, expect, it, jest } from '@jest/globals';

import { exponential } from '../../benchmarks/simulator/distributions.js';
import type { RunRecord } from '../../benchmarks/simulator/record.js';
import type { PolicyName, Scenario } from '../../benchmarks/simulator/scenario.js';
import { simulate } from '../../benchmarks/simulator/world.js';

jest.setTimeout(120_000);

const BATCHES = 20;
const DEVIATIONS = 4.5;

/** A world without network, of requests of mean 1 ms at workers of speed 1. */
function queues(fields: { servers: number; workers: number; load: number; calls: number }): Scenario {
  const { servers, workers, load, calls } = fields;
  const perMs = servers * workers * load;
  return {
    name: 'queues',
    title: 'queues',
    clients: 1,
    servers: Array.from({ length: servers }, () => ({ workers })),
    load,
    workMs: 1,
    shape: exponential,
    networkMs: 0,
    warmUpMs: (calls * 0.1) / perMs,
    measuredMs: calls / perMs,
    targets: {},
  };
}

async function run(scenario: Scenario, policy: PolicyName): Promise<RunRecord> {
  const record = await simulate(scenario, policy, 1);
  expect(record.succeeded.every((succeeded) => succeeded === 1)).toBe(true);
  return record;
}

/** Expects the mean of `values` to be `mean`, within what batches of it deviate. */
function expectMean(values: ArrayLike<number>, mean: number): void {
  const size = Math.floor(values.length / BATCHES);
  const batches = Array.from({ length: BATCHES }, (_, batch) =>
    average(Array.from(values).slice(batch * size, (batch + 1) * size)),
  );
  const found = average(batches);
  const deviation = Math.sqrt(average(batches.map((each) => (each - found) ** 2)) / (BATCHES - 1));
  expect(Math.abs(found - mean)).toBeLessThan(DEVIATIONS * deviation);
  // Else the test would show nothing.
  expect(DEVIATIONS * deviation).toBeLessThan(0.4 * mean);
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Erlang's C: the probability that all of c workers are busy. */
function erlangC(workers: number, load: number): number {
  const offered = workers * load;
  let term = 1;
  let sum = 1;
  for (let busy = 1; busy < workers; busy++) {
    term *= offered / busy;
    sum += term;
  }
  const last = (term * offered) / workers / (1 - load);
  return last / (sum + last);
}

/** In the order in which calls began. */
function times({ beganMs, tookMs }: RunRecord): number[] {
  const order = Array.from(beganMs.keys()).sort((a, b) => (beganMs[a] as number) - (beganMs[b] as number));
  return order.map((index) => tookMs[index] as number);
}

describe('the simulator and queueing theory', () => {
  it.each([0.5, 0.7])('agree on M/M/1 at a load of %d: mean, and the exponential tail', async (load) => {
    const took = times(await run(queues({ servers: 1, workers: 1, load, calls: 20_000 }), 'adaptive'));
    const mean = 1 / (1 - load);
    expectMean(took, mean);
    // The time in an M/M/1 is exponential: one in ten takes longer than ln 10 means.
    expectMean(
      took.map((tookMs) => (tookMs > Math.log(10) * mean ? 1 : 0)),
      0.1,
    );
  });

  it.each([
    [2, 0.7],
    [4, 0.9],
  ])('agree on M/M/%d at a load of %d', async (workers, load) => {
    const took = times(await run(queues({ servers: 1, workers, load, calls: 20_000 }), 'adaptive'));
    expectMean(took, 1 + erlangC(workers, load) / (workers * (1 - load)));
  });

  it('agree on random choice: every server is an M/M/1', async () => {
    const took = times(await run(queues({ servers: 20, workers: 1, load: 0.7, calls: 20_000 }), 'random'));
    expectMean(took, 1 / (1 - 0.7));
  });

  it('agree on two choices (Mitzenmacher, Vvedenskaya et al. 1996)', async () => {
    // Mean time for endlessly many servers: Σ λ^(2^i − 2). A hundred are a little worse, by less than 2 %.
    const load = 0.9;
    const took = times(await run(queues({ servers: 100, workers: 1, load, calls: 30_000 }), 'p2c'));
    const limit = Array.from({ length: 10 }, (_, i) => load ** (2 ** (i + 1) - 2)).reduce((sum, term) => sum + term, 0);
    expect(limit).toBeCloseTo(2.614, 3);
    const mean = average(took);
    expect(mean).toBeGreaterThan(limit * 0.96);
    expect(mean).toBeLessThan(limit * 1.08);
  });

  it('agree that nothing beats one common queue, and that the shortest queue comes close to it', async () => {
    const scenario = queues({ servers: 10, workers: 1, load: 0.8, calls: 20_000 });
    const common = 1 + erlangC(10, 0.8) / (10 * (1 - 0.8));
    const [shortest, two] = [await run(scenario, 'oracle'), await run(scenario, 'p2c')].map((record) =>
      average(times(record)),
    );
    expect(shortest).toBeGreaterThan(common);
    expect(shortest).toBeLessThan(two as number);
  });
});
