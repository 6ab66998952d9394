/** The stage of scenarios about registries: a service of real servers that is called all the time, and no call may fail. */

import { expect } from '@jest/globals';

import { createClient } from '../../src/client/create-client.js';
import type { Client } from '../../src/client/client.js';
import type { EndpointSnapshot, ServiceSnapshot } from '../../src/client/client-snapshot.js';
import type { ServiceOptions } from '../../src/client/options.js';
import { startLoad, type Load } from './load.js';
import { until } from './until.js';

export interface Traffic {
  readonly client: Client;
  readonly load: Load;
  snapshot(): ServiceSnapshot;
  /** Those in use, by id. */
  endpoints(): EndpointSnapshot[];
  /** Waits until just these ports are in use, and answers how long that took, in milliseconds. */
  uses(...ports: number[]): Promise<number>;
  /** Waits for so many more calls. */
  goesOn(calls?: number): Promise<void>;
}

const CALLS_PER_SECOND = 50;

/** Plays while calls come in, from when the first endpoints are known; fails when any call did, or none was made. */
export async function underTrafficOf(orders: ServiceOptions, play: (traffic: Traffic) => Promise<void>): Promise<void> {
  const client = createClient({ services: { orders } });
  try {
    await client.ready(['orders'], { timeoutMs: 10_000 });
    const load = startLoad({
      ratePerSecond: CALLS_PER_SECOND,
      async call() {
        const response = await client.fetch('http://orders/');
        await response.text();
        if (response.status !== 200) throw new Error(`answered ${response.status}`);
      },
    });
    try {
      await play(observed(client, load));
    } finally {
      await load.stop();
    }
    expect(load.errors.map(String)).toEqual([]);
    expect(load.calls).toBeGreaterThan(0);
  } finally {
    await client.close({ timeoutMs: 0 });
  }
}

function observed(client: Client, load: Load): Traffic {
  const snapshot = (): ServiceSnapshot => client.snapshot().services['orders']!;
  const traffic: Traffic = {
    client,
    load,
    snapshot,
    endpoints: () =>
      snapshot()
        .endpoints.filter(({ state }) => state !== 'draining')
        .sort((a, b) => a.id.localeCompare(b.id)),
    async uses(...ports) {
      const startedAtMs = performance.now();
      const wanted = [...ports].sort().join();
      const inUse = (): string =>
        traffic
          .endpoints()
          .map(({ port }) => port)
          .sort()
          .join();
      const what = `the ports ${wanted} to be in use`;
      await until(() => inUse() === wanted, { what, intervalMs: 5, timeoutMs: 10_000 }).catch((cause: unknown) => {
        throw new Error(`${what}; in use: ${inUse()}; ${JSON.stringify(snapshot().resolution)}`, { cause });
      });
      return performance.now() - startedAtMs;
    },
    async goesOn(calls = 25) {
      const enough = load.calls + calls;
      await until(() => load.calls >= enough, { what: `${calls} more calls` });
    },
  };
  return traffic;
}
