/** Discovery runs beside the calls: a crowd asks it once, and when it hangs, nobody who has a list waits for it. */

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { createClient, registryResolver, type Client, type FairleadEvents } from '../../src/index.js';
import { startFleet, type Fleet } from '../../src/testing/fleet.js';
import { startRegistryServer, type RegistryServer } from '../../src/testing/registry-server.js';
import { startLoad } from '../support/load.js';
import { spend } from '../support/scenario-orders.js';
import { until } from '../support/until.js';

let fleet: Fleet;
let registry: RegistryServer;
let client: Client | undefined;

beforeEach(async () => {
  [fleet, registry] = await Promise.all([startFleet({ size: 3 }), startRegistryServer()]);
  await registry.set('orders', fleet.addresses);
});
afterEach(async () => {
  await client?.close({ timeoutMs: 0 });
  await Promise.all([fleet.close(), registry.close()]);
});

async function get(path = '/'): Promise<void> {
  const response = await (client as Client).fetch(`http://orders${path}`);
  await response.text();
  if (response.status !== 200) throw new Error(`answered ${response.status}`);
}

describe('discovery and its callers', () => {
  it('a thousand callers at once on a cold name cause one question', async () => {
    client = createClient({
      services: (host) => ({ resolver: registryResolver({ url: registry.urlOf(host) }) }),
    });
    await Promise.all(Array.from({ length: 1_000 }, () => get()));
    expect((await registry.stats()).requests).toBe(1);
  }, 60_000);

  it('a thousand callers at once while the first question fails cause one question and its repetitions', async () => {
    await registry.setMode({ kind: 'down' });
    client = createClient({
      services: { orders: { resolver: registryResolver({ url: registry.urlOf('orders') }) } },
    });
    const failures: FairleadEvents['resolveError'][0][] = [];
    client.on('resolveError', (failure) => failures.push(failure));
    const calls = Promise.all(Array.from({ length: 1_000 }, () => get()));
    await until(() => failures.length >= 2, { what: 'two failures' });
    await registry.setMode({ kind: 'ok' });
    await calls;
    // One after the other, each after a backoff of its own; then the one that was answered.
    expect((await registry.stats()).requests).toBeLessThanOrEqual(failures.length + 1);
    expect(failures.length).toBeLessThan(10);
  }, 60_000);

  it('a registry that hangs delays nobody who has a list', async () => {
    client = createClient({
      services: {
        orders: {
          resolver: registryResolver({ url: registry.urlOf('orders'), ttlMs: 100, timeoutMs: 60_000 }),
          cache: { minTtlMs: 100, askTimeoutMs: 1_500, minRefreshIntervalMs: 100 },
        },
      },
    });
    await client.ready();
    const failures: FairleadEvents['resolveError'][0][] = [];
    client.on('resolveError', (failure) => failures.push(failure));
    const load = startLoad({ ratePerSecond: 100, call: () => get() });
    await spend(1_000);
    await registry.setMode({ kind: 'hang' });
    const { requests } = await registry.stats();
    await until(() => failures.length >= 2, { what: 'two questions that hung', timeoutMs: 20_000 });
    // A server dies meanwhile: discovery is asked early, and that, too, is waited for by nobody.
    await fleet.servers[0]?.kill();
    await spend(1_000);
    const { errors, latencies, p99 } = await load.stop();
    expect(errors).toEqual([]);
    expect(latencies.length).toBeGreaterThan(300);
    // Each hang lasts 1.5 s, and more than half of the load fell into one: were it waited for, the median would show it.
    expect(p99).toBeLessThan(750);
    expect((await registry.stats()).requests).toBeGreaterThan(requests);
    expect(client.snapshot().services['orders']?.resolution).toMatchObject({ status: 'found', stale: true });
  }, 60_000);
});
