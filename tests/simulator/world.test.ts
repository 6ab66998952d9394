import { describe, expect, it, jest } from '@jest/globals';

import { constant, logNormal } from '../../benchmarks/simulator/distributions.js';
import type { RunRecord } from '../../benchmarks/simulator/record.js';
import { reportOf } from '../../benchmarks/simulator/report.js';
import { POLICIES, type Scenario } from '../../benchmarks/simulator/scenario.js';
import { summarize } from '../../benchmarks/simulator/summary.js';
import { simulate, type World } from '../../benchmarks/simulator/world.js';

jest.setTimeout(120_000);

/** Ten clients, ten servers, 1,000 calls a second: half of what the servers can do. */
function scenario(fields: Partial<Scenario> = {}): Scenario {
  return {
    name: 'small',
    title: 'Small',
    clients: 10,
    servers: Array.from({ length: 10 }, () => ({ workers: 2 })),
    load: 0.5,
    workMs: 10,
    shape: logNormal(0.5),
    networkMs: 0.5,
    warmUpMs: 500,
    measuredMs: 3_000,
    targets: {},
    ...fields,
  };
}

function withFault(fault: (world: World) => void, fields: Partial<Scenario> = {}): Scenario {
  return scenario({
    trouble: { fromMs: 1_000, toMs: 3_000, recoveryFrom: 'beginning' },
    script: (world) => world.at(1_000, () => fault(world)),
    ...fields,
  });
}

function failed({ succeeded }: RunRecord): number {
  return succeeded.reduce((sum, each) => sum + 1 - each, 0);
}

/** Share of what was sent to a server while `fromMs` ≤ time < `toMs`. */
function share({ sends }: RunRecord, server: number, fromMs: number, toMs: number): number {
  const window = sends.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
  return window.filter((send) => send.server === server).length / window.length;
}

describe('a simulated world', () => {
  it('is the same from the same seed, to the last bit, and another one from another', async () => {
    const [one, again, other] = [
      await simulate(scenario(), 'adaptive', 7),
      await simulate(scenario(), 'adaptive', 7),
      await simulate(scenario(), 'adaptive', 8),
    ];
    const { seconds: _, ...figures } = one;
    expect(again).toMatchObject(figures);
    expect(other.tookMs).not.toEqual(one.tookMs);
  });

  it('sees the same calls under every policy', async () => {
    const began: number[][] = [];
    for (const policy of POLICIES)
      began.push(Array.from((await simulate(scenario({ measuredMs: 500 }), policy, 1)).beganMs).sort((a, b) => a - b));
    for (const each of began) expect(each).toEqual(began[0]);
  });

  it('takes its way there and back, and the work, and nothing else where nobody waits', async () => {
    const { tookMs } = await simulate(scenario({ load: 0.001, shape: constant, measuredMs: 30_000 }), 'adaptive', 1);
    expect(tookMs.length).toBeGreaterThan(20);
    for (const each of tookMs) expect(each).toBeCloseTo(11, 6);
  });

  it('is three times as far from zone to zone', async () => {
    const zones = { clientZones: ['a'], servers: [{ workers: 2, zone: 'b' }] };
    const { tookMs } = await simulate(
      scenario({ ...zones, load: 0.001, shape: constant, measuredMs: 300_000 }),
      'random',
      1,
    );
    for (const each of tookMs) expect(each).toBeCloseTo(13, 6);
  });

  it.each(['adaptive', 'peak-ewma', 'round-robin'] as const)(
    'has no failed call when one of ten fails, hangs, slows down or crashes: %s',
    async (policy) => {
      const faults: ((world: World) => void)[] = [
        ({ servers }) => servers[0]?.setState('failing'),
        ({ servers }) => servers[0]?.setState('hung'),
        ({ servers }) => servers[0]?.setSlowness(10),
        ({ servers }) => servers[0]?.setState('down'),
      ];
      for (const fault of faults) {
        const record = await simulate(withFault(fault), policy, 1);
        expect(record.tookMs.length).toBeGreaterThan(2_500);
        expect(failed(record) / record.tookMs.length).toBeLessThan(0.001);
      }
    },
  );

  it('has a black hole for whoever does not look at failures', async () => {
    const fails = withFault(({ servers }) => servers[0]?.setState('failing'), { options: { ejection: false } });
    // A tenth is its fair share.
    expect(share(await simulate(fails, 'adaptive', 1), 0, 1_500, 3_000)).toBeLessThan(0.02);
    expect(share(await simulate(fails, 'random', 1), 0, 1_500, 3_000)).toBeGreaterThan(0.08);
  });

  it('comes back when an overload ends', async () => {
    const overload = scenario({
      measuredMs: 8_000,
      servers: Array.from({ length: 4 }, () => ({ workers: 2, queueLimit: 20 })),
      trouble: { fromMs: 1_000, toMs: 4_000, recoveryFrom: 'end' },
      script: ({ at, setLoad }) => {
        at(1_000, () => setLoad(3));
        at(4_000, () => setLoad(1));
      },
    });
    const oracle = await simulate(overload, 'oracle', 1);
    const { recoveryMs, goodput } = summarize(overload, await simulate(overload, 'adaptive', 1), oracle);
    expect(recoveryMs).toBeLessThan(2_000);
    expect(goodput).toBeGreaterThan(0.9 * 800);
  });

  it('forgets what a client knew, and what it waited for, when its process is replaced', async () => {
    const restart = withFault((world) => {
      for (let index = 0; index < world.clientCount; index++) world.restartClient(index);
    });
    const { tookMs } = await simulate(restart, 'adaptive', 1);
    const undisturbed = await simulate(scenario(), 'adaptive', 1);
    const lost = undisturbed.tookMs.length - tookMs.length;
    // Ten in service on average, by Little's law.
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(30);
  });

  it('replaces a server through discovery without a failed call', async () => {
    const deploy = withFault((world) => {
      const added = world.addServer({ workers: 2 });
      world.announce([...world.servers.slice(1, 10), added]);
      world.at(2_500, () => world.servers[0]?.setState('down'));
    });
    const record = await simulate(deploy, 'adaptive', 1);
    expect(failed(record)).toBe(0);
    expect(share(record, 0, 2_000, 3_000)).toBe(0);
    expect(share(record, 10, 2_000, 3_000)).toBeGreaterThan(0.05);
  });
});

describe('the report', () => {
  it('has a row for each policy, the verdicts on the default, and no trace of the machine', async () => {
    const small = withFault(({ servers }) => servers[0]?.setState('hung'), { targets: { p99Ratio: 1, errorRatio: 0 } });
    const oracle = await simulate(small, 'oracle', 1);
    const adaptive = summarize(small, await simulate(small, 'adaptive', 1), oracle);
    const runs = { oracle: [summarize(small, oracle, oracle)], adaptive: [adaptive] };
    const report = reportOf({ results: [{ scenario: small, runs }], seeds: [1], command: 'a command', plots: [] });
    expect(report).toContain(`| [small](#small) | p99 / oracle | ≤ 1.00 | ${adaptive.p99Ratio.toFixed(2)} | **no** |`);
    expect(report).toContain('| [small](#small) | errors | 0 | 0 | yes |');
    expect(report).toMatch(/\| oracle \| [\d.]+ \| [\d.]+ \| \d+ \| 1 \| 0 \| 1\.000\d \|/);
    expect(report).toContain('with the seeds 1');
  });
});
